/** A sandbox of one's own, and a project folder whose stack `sandbox` points at it. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";

import { startSandbox, type Sandbox, type SandboxOptions } from "../../sandbox/client";
import { makeProject, type Project } from "./project";

export interface Lab {
  readonly sandbox: Sandbox;
  readonly project: Project;
  /** Runs `pulumi up` and tells what changed, by kind: `{ same: 17 }`. */
  up(...args: string[]): Promise<Record<string, number>>;
  /** What stands in Immich's settings tables, as text: equal only if byte for byte the same. */
  tables(): Promise<string>;
  /** How often Immich was restarted through docker. */
  restarts(): Promise<number>;
  /** The stack's outputs; secrets in clear. */
  outputs(): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export async function startLab(options: SandboxOptions = {}): Promise<Lab> {
  const sandbox = await startSandbox({ portBase: 0, ...options });
  const stop: (() => unknown)[] = [() => sandbox.stop()];
  try {
    const project = await makeProject("sandbox", sandbox.environment, (folder) => {
      const file = sandbox.arguments[sandbox.arguments.indexOf("--config-file") + 1];
      if (file) copyFileSync(file, join(folder, "Pulumi.sandbox.yaml"));
    });
    stop.unshift(() => project.remove());
    return {
      sandbox,
      project,
      up: async (...args) => changesOf(await project.ok("up", "--yes", "--skip-preview", ...args)),
      tables: () => tables(sandbox),
      restarts: async () => {
        const { restarts } = await sandbox.control<{ restarts: Record<string, number> }>(
          "docker/state",
        );
        return restarts["immich_server"] ?? 0;
      },
      outputs: async () =>
        JSON.parse(await project.ok("stack", "output", "--json", "--show-secrets")),
      stop: async () => {
        for (const step of stop) await step();
      },
    };
  } catch (error) {
    for (const step of stop) await step();
    throw error;
  }
}

/** Reads the summary that the CLI prints: "+ 17 created", "2 unchanged". */
export function changesOf(output: string): Record<string, number> {
  const summary = output.slice(output.lastIndexOf("Resources:"));
  return Object.fromEntries(
    [
      ...summary.matchAll(
        /^\s+(?:[-+~]+ ?)?(\d+) (created|updated|replaced|deleted|unchanged|errored)/gm,
      ),
    ].map(([, count, what]) => [what, Number(count)]),
  );
}

async function tables(sandbox: Sandbox): Promise<string> {
  const found = await sandbox.sql<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name IN ('system_metadata', 'system_config') ORDER BY 1`,
  );
  const rows = found.map(({ name }) =>
    sandbox.sql(`SELECT key, value::text FROM ${name} ORDER BY key COLLATE "C"`),
  );
  return JSON.stringify(await Promise.all(rows), undefined, 1);
}

/**
 * The lines of a preview with `--diff` that show what would be changed. What a refresh found to have
 * changed already is left out.
 */
export function changedLines(output: string): string[] {
  let block = "";
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => {
      block = /: \((\w+)\)$/.exec(line)?.[1] ?? block;
      return block !== "refresh" && /^[~+-] [^:]+:/.test(line) && / => |^[+-] /.test(line);
    });
}
