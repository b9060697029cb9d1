/**
 * Where Pulumi keeps the stack `sandbox`: a file backend in the sandbox's folder, empty at each start.
 *
 * It is written as `pulumi login file://… && pulumi stack init sandbox` would (seen with 3.256.0); that
 * takes the CLI, which may not be installed yet, and a second that every test would wait.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PROJECT, STACK } from "./constants";

/** Makes the backend below `folder`; returns the environment that `npx pulumi` needs. */
export function makeBackend(folder: string, passphrase: string): Record<string, string> {
  const backend = join(folder, "pulumi");
  const stacks = join(backend, ".pulumi/stacks", PROJECT);
  mkdirSync(backend, { mode: 0o700 });
  mkdirSync(stacks, { recursive: true });
  writeFileSync(join(backend, ".pulumi/meta.yaml"), "version: 1\n");
  const checkpoint = { stack: `organization/${PROJECT}/${STACK}` };
  writeFileSync(join(stacks, `${STACK}.json`), JSON.stringify({ version: 3, checkpoint }));
  return {
    PULUMI_BACKEND_URL: pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The tunnel to Postgres is the program's: `destroy` and `refresh` need it too.
  };
}
