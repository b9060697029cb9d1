/**
 * A copy of the project for one test: its own stack files and state, the code linked. So tests never
 * touch the stack files of the repository.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { parse, stringify } from "yaml";

import { type CliResult, pulumi } from "../../commands/cli";
import { PROJECT } from "../../config";

const root = resolve(__dirname, "../..");
const COPIED = /^Pulumi\..*yaml$|^Pulumi\.yaml$/;
const LEFT_OUT = new Set([".git", ".cache", ".immich-tunnel", "screenshots"]);

export interface Project {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs the CLI in the project. */
  run(...args: string[]): Promise<CliResult>;
  /** Runs it and fails with its output where it fails. */
  ok(...args: string[]): Promise<string>;
  /** Sets a configuration value of the stack. */
  set(stack: string, key: string, value: string, secret?: boolean): Promise<void>;
  /** Writes values into the stack's file, lists too: quicker than `set`. Undefined takes a key away. */
  configure(stack: string, values: Readonly<Record<string, unknown>>): void;
  remove(): void;
}

/**
 * Makes a project folder with a stack of its own in a file backend of its own.
 * @param source The folder of the project in this repository. Default: the repository itself.
 */
export async function makeProject(
  stack: string,
  environment: Readonly<Record<string, string>> = {},
  prepare: (folder: string) => unknown = () => {},
  source = ".",
): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "immich-sso-project-"));
  const from = join(root, source);
  for (const name of new Set([...readdirSync(from), "node_modules"])) {
    if (LEFT_OUT.has(name)) continue;
    if (COPIED.test(name)) copyFileSync(join(from, name), join(folder, name));
    else symlinkSync(join(name === "node_modules" ? root : from, name), join(folder, name));
  }
  await prepare(folder);
  const state = join(folder, ".state");
  mkdirSync(state);
  const all = {
    PULUMI_CONFIG_PASSPHRASE: "sandbox",
    ...environment,
    PULUMI_BACKEND_URL: `file://${state}`,
  };
  const run = (...args: string[]): Promise<CliResult> => pulumi(args, { environment: all, folder });
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args);
    if (code !== 0)
      throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout;
  };
  await ok("stack", "init", stack);
  return {
    folder,
    environment: all,
    run,
    ok,
    set: async (name, key, value, secret = false) => {
      const args = ["config", "set", "--stack", name, ...(secret ? ["--secret"] : []), key];
      await ok(...args, "--", value);
    },
    configure: (name, values) => {
      const file = join(folder, `Pulumi.${name}.yaml`);
      const content = parse(readFileSync(file, "utf8"));
      for (const [key, value] of Object.entries(values)) {
        const full = key.includes(":") ? key : `${PROJECT}:${key}`;
        if (value === undefined) delete content.config[full];
        else content.config[full] = value;
      }
      writeFileSync(file, stringify(content));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A port on loopback that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
