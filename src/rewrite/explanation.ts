import type { NamedRelation } from "../version/naming.ts";
import type { Found } from "./relation-lookup.ts";

/** Why a statement is rewritten as it is, for people who ask. Only made when somebody does. */
export interface Explanation {
  /** One for each edit, in their order. */
  readonly reasons: readonly string[];
  /** What each table's name in the statement means, in the order of the walk. */
  readonly tables: readonly ExplainedTable[];
}

export interface ExplainedTable {
  readonly written: string;
  /** Where in the text, from 0. */
  readonly offset: number | undefined;
  readonly meaning: string;
}

/** Written only when it is asked for. */
export type Reason = () => string;

export function explainFound(found: Found): string {
  switch (found.kind) {
    case "windowed": {
      const { schema, logicalName, physicalName } = found.relation;
      const now = logicalName === physicalName ? "" : `, called ${physicalName} in the catalog`;
      return `${schema}.${logicalName}${now}, under a rename window`;
    }
    case "plain":
      return `${found.relation.schema}.${found.relation.name}, under no window`;
    case "hidden":
      return `nothing: for this version ${found.relation.schema}.${found.relation.physicalName} is ${found.relation.logicalName}`;
    case "broken":
      return `uncertain: ${found.problem}`;
    case "unknown":
      return "a table that the catalog does not have: the server will say";
  }
}

/** Of a list of the version's names, by position. */
export function aliasListReason(relation: NamedRelation, listed: number): Reason {
  return () => {
    const renamed = relation.columns.flatMap(({ logical, physical }, index) =>
      index < listed && logical !== physical
        ? [
            `position ${index + 1} of ${relation.logicalName} is ${logical} for this version, ${physical} in the catalog`,
          ]
        : [],
    );
    if (renamed.length > 0) return `alias list: ${renamed.join("; ")}`;
    return "alias list: the names are the catalog's now; by their positions they stay this version's when one changes";
  };
}

export function tableNameReason(relation: NamedRelation, isQualified: boolean): Reason {
  const why = isQualified ? ", and needs its schema, since another one would be found first" : "";
  return () =>
    `table name: ${relation.logicalName} is called ${relation.physicalName} in the catalog${why}`;
}

export function hiddenTableReason(relation: NamedRelation): Reason {
  return () =>
    `table name: this version knows no ${relation.physicalName}; it is to get the error that the database would give before the rename`;
}

/** Of a name for which one that nobody has is put, so that the server reports it. */
export function unreachedReason(name: string, isAmbiguous = false): Reason {
  const problem = isAmbiguous
    ? `${name} is ambiguous to this version`
    : `this version knows no ${name}`;
  return () =>
    `unreached name: ${problem}; it is to get the error that the database would give without the rename`;
}

/** Of a column that is exchanged by name; `physical` may be a name that only this version must not reach. */
export function columnNameReason(
  relation: NamedRelation | undefined,
  name: string,
  physical: string,
): Reason {
  return () => {
    const column = relation?.columns.find(({ logical }) => logical === name);
    return column === undefined
      ? `column name: this version knows no ${name}; it is to get the error that the database would give without the rename`
      : `column name: ${name} is called ${physical} in the catalog, and stands where no alias list can give it its name`;
  };
}

export const REASONS = {
  alias: () => "alias: the rest of the statement goes on to call the table that",
  table: () => "TABLE takes no alias list, so it becomes the SELECT that it stands for",
  output: () => "output name: the answer's column keeps the name that the statement gives it",
  returnedStar: () =>
    "column list: RETURNING * has the catalog's names, and the rest of the statement says the version's",
  writtenName: () =>
    "reference: under WITH RECURSIVE the server takes a written table for a query of its name, so that name stays in sight",
  copy: () => "COPY would write the catalog's names: a query gives them the version's",
  qualified: () =>
    "column name: schema.table.column reaches no table that has an alias, so it is shortened",
  qualifier: () => "column name: with its table, since the catalog has another column of that name",
  catalog: () => "catalog query: what is read from the server's catalog shows this version's names",
  constant: () =>
    "name in a string: the server takes it for a table's name, so it is the catalog's",
  definition: () =>
    "definition: the server writes it with the catalog's names; they become this version's",
  row: () =>
    "whole row: the function shows its field names, and only a subquery's row has the version's",
  witness: () =>
    "WITH query: it names columns as they are called now, so that the statement fails, and is made anew, where they have been renamed meanwhile",
  shown: () =>
    "shown names: what the server shows or takes as a name is exchanged for this version's",
} as const satisfies Readonly<Record<string, Reason>>;
