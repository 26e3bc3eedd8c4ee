import { type AstNode, nodeMember, stringMember } from "../sql/ast.ts";
import type { LockLevel } from "./lock-level.ts";

/**
 * The lock that one action of an ALTER TABLE takes (`AlterTableGetLockLevel`). What is not named here
 * takes ACCESS EXCLUSIVE, as most do.
 */
export function alterTableLevel(command: AstNode, objectType: string): LockLevel {
  const action = stringMember(command, "subtype");
  switch (action) {
    case "AT_AddConstraint":
      return isForeignKey(command) ? "SHARE ROW EXCLUSIVE" : "ACCESS EXCLUSIVE";
    case "AT_DetachPartition":
      return nodeMember(command, "def")?.["concurrent"] === true
        ? "SHARE UPDATE EXCLUSIVE"
        : "ACCESS EXCLUSIVE";
    case "AT_SetRelOptions":
    case "AT_ResetRelOptions":
      // A view's options, such as security_barrier, change what its queries mean.
      return objectType === "OBJECT_VIEW" ? "ACCESS EXCLUSIVE" : "SHARE UPDATE EXCLUSIVE";
    default:
      return LEVELS[action] ?? "ACCESS EXCLUSIVE";
  }
}

// AT_AttachPartition takes SHARE UPDATE EXCLUSIVE on the parent only: the partition is locked fully.
const LEVELS: Readonly<Record<string, LockLevel>> = {
  AT_ValidateConstraint: "SHARE UPDATE EXCLUSIVE",
  AT_SetStatistics: "SHARE UPDATE EXCLUSIVE",
  AT_SetOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ResetOptions: "SHARE UPDATE EXCLUSIVE",
  AT_ClusterOn: "SHARE UPDATE EXCLUSIVE",
  AT_DropCluster: "SHARE UPDATE EXCLUSIVE",
  AT_DetachPartitionFinalize: "SHARE UPDATE EXCLUSIVE",
  AT_EnableTrig: "SHARE ROW EXCLUSIVE",
  AT_EnableAlwaysTrig: "SHARE ROW EXCLUSIVE",
  AT_EnableReplicaTrig: "SHARE ROW EXCLUSIVE",
  AT_EnableTrigAll: "SHARE ROW EXCLUSIVE",
  AT_EnableTrigUser: "SHARE ROW EXCLUSIVE",
  AT_DisableTrig: "SHARE ROW EXCLUSIVE",
  AT_DisableTrigAll: "SHARE ROW EXCLUSIVE",
  AT_DisableTrigUser: "SHARE ROW EXCLUSIVE",
};

function isForeignKey(command: AstNode): boolean {
  const constraint = nodeMember(command, "def");
  return constraint !== undefined && stringMember(constraint, "contype") === "CONSTR_FOREIGN";
}
