/**
 * Where Pulumi keeps the stack `sandbox`: a file backend in the sandbox's folder, empty at each start.
 *
 * It is written as `pulumi login file://… && pulumi stack init sandbox` would (seen with 3.256.0); that
 * takes the CLI, which may not be installed yet, and a second that every test would wait.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DEFAULT_PORTS, PASSPHRASE, type Ports, PROJECT, STACK } from "./constants";

const STACK_FILE = resolve(__dirname, `../../Pulumi.${STACK}.yaml`);

/** Makes the backend below `folder`; returns the environment that `npx pulumi` needs. */
export function makeBackend(folder: string): Record<string, string> {
  const backend = join(folder, "pulumi");
  const stacks = join(backend, ".pulumi/stacks", PROJECT);
  mkdirSync(backend, { mode: 0o700 });
  mkdirSync(stacks, { recursive: true });
  writeFileSync(join(backend, ".pulumi/meta.yaml"), "version: 1\n");
  const checkpoint = { stack: `organization/${PROJECT}/${STACK}` };
  writeFileSync(join(stacks, `${STACK}.json`), JSON.stringify({ version: 3, checkpoint }));
  return {
    PULUMI_BACKEND_URL: pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The tunnel to Postgres is the program's: `destroy` and `refresh` need it too.
    PULUMI_RUN_PROGRAM: "true",
  };
}

/**
 * The options that make `npx pulumi` use a stack file with these ports: none for the usual ones, else
 * `--config-file` with a copy of Pulumi.sandbox.yaml.
 */
export function configArguments(folder: string, ports: Ports): string[] {
  const parts = Object.keys(DEFAULT_PORTS) as (keyof Ports)[];
  if (parts.every((part) => ports[part] === DEFAULT_PORTS[part])) return [];
  let text = readFileSync(STACK_FILE, "utf8");
  for (const part of parts) {
    text = text.replaceAll(new RegExp(`\\b${DEFAULT_PORTS[part]}\\b`, "g"), String(ports[part]));
  }
  const file = join(folder, `Pulumi.${STACK}.yaml`);
  writeFileSync(file, text, { mode: 0o600 });
  return ["--config-file", file];
}
