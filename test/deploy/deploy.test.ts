import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { parseConfig } from "../../src/config/load.ts";

const KUBERNETES = readFileSync("deploy/kubernetes-sidecar.yaml", "utf8");
const [configMap, deployment] = parseAllDocuments(KUBERNETES).map((document) => document.toJS());
const pod = deployment.spec.template.spec;
const sidecar = pod.initContainers[0];

test("the sidecar's configuration is good", () => {
  const loaded = parseConfig(configMap.data["straddle.yaml"], {});
  expect(loaded).toMatchObject({ kind: "ok", warnings: [] });
});

test("the sidecar's files are mounted where its configuration looks for them", () => {
  const loaded = parseConfig(configMap.data["straddle.yaml"], {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  const { control, version } = loaded.config;
  const paths = [
    "/etc/straddle/straddle.yaml", // STRADDLE_CONFIG of the image.
    control.passwordFile ?? "",
    ...version.sources.flatMap((source) => (source.kind === "file" ? [source.path] : [])),
  ];
  const mounts: { name: string; mountPath: string }[] = sidecar.volumeMounts;
  const volumes: { name: string }[] = pod.volumes;
  const mounted = paths.map((path) =>
    mounts.some(
      ({ name, mountPath }) =>
        path.startsWith(`${mountPath}/`) && volumes.some((volume) => volume.name === name),
    ),
  );
  expect(mounted).toEqual([true, true, true]);
});

test("the sidecar is a native one, without privileges, and gates its application", () => {
  expect(sidecar).toMatchObject({
    restartPolicy: "Always",
    startupProbe: { httpGet: { path: "/startupz", port: "metrics" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  });
  expect(pod.securityContext.runAsNonRoot).toBe(true);
});

test("the sidecar's memory is limited above what it needs", () => {
  expect(sidecar.resources.limits.memory).toBe("384Mi");
});

test("the pod's end leaves Straddle the time that it may take", () => {
  const loaded = parseConfig(configMap.data["straddle.yaml"], {});
  if (loaded.kind === "error") throw new Error(loaded.message);
  const closingMs = 5_000; // For the audit log.
  const takesMs = loaded.config.shutdown.delayMaxMs + closingMs;
  expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(takesMs);
});

test("the probes' paths are those that the admin server has", () => {
  const admin = sourcesOf("src/admin");
  const paths: string[] = ["startupProbe", "readinessProbe", "livenessProbe"].map(
    (probe) => sidecar[probe].httpGet.path,
  );
  expect(paths.filter((path) => !admin.includes(path))).toEqual([]);
});

test("every metric in an alert is one that Straddle has", () => {
  const { groups } = parse(readFileSync("deploy/prometheus-alerts.yaml", "utf8"));
  const expressions: string[] = groups.flatMap((group: { rules: { expr: string }[] }) =>
    group.rules.map(({ expr }) => expr),
  );
  const names = new Set(expressions.join("\n").match(/straddle_\w+/g));
  const metrics = sourcesOf("src/metrics");
  const unknown = [...names].filter(
    (name) => !metrics.includes(`"${name.replace(/_bucket$/, "")}"`),
  );
  expect({ count: names.size > 5, unknown }).toEqual({ count: true, unknown: [] });
});

test("the image is built from files that exist, and does not run as root", () => {
  const dockerfile = readFileSync("deploy/Dockerfile", "utf8");
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = ""]) =>
    names.split(" "),
  );
  const allowed = readFileSync(".dockerignore", "utf8").match(/(?<=^!).+/gm);
  expect(copied.filter((name) => !existsSync(name))).toEqual([]);
  expect([...new Set(copied)].sort()).toEqual(allowed?.sort());
  expect(dockerfile).toMatch(/^USER 1000:1000$/m);
});

function sourcesOf(folder: string): string {
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
}
