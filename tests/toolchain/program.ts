// Runs small Pulumi programs on our language host: the real engine, a $PULUMI_HOME of the test's own.
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { ensure } from "../../toolchain/setup.js";
import { forbidDownloads, linkEngine, temporaryFolder } from "./home";

const modules = path.resolve(__dirname, "../../node_modules");

/** What a run of the CLI came to. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** A folder with a $PULUMI_HOME and programs in it. */
export interface Workshop {
  /** Writes a program with a stack `test`; `files` are its files beside Pulumi.yaml and package.json. */
  program(files: Record<string, string>, options?: Record<string, unknown>): Promise<Program>;
  readonly path: string;
  remove(): void;
}

export interface Program {
  readonly directory: string;
  /** Runs the CLI to its end. */
  pulumi(...args: readonly string[]): Promise<Outcome>;
  /** Starts the CLI; `outcome` is what it comes to. */
  start(...args: readonly string[]): { child: ChildProcess; outcome: Promise<Outcome> };
}

/** Sets a workshop up with the real bundles of our language host. */
export async function openWorkshop(): Promise<Workshop> {
  const folder = temporaryFolder();
  const home = path.join(folder.path, "home");
  const cli = linkEngine(home);
  forbidDownloads(home);
  await ensure({ home, quiet: true });
  const state = path.join(folder.path, "state");
  fs.mkdirSync(state);
  const env = {
    ...process.env,
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  let count = 0;

  async function program(
    files: Record<string, string>,
    options: Record<string, unknown> = {},
  ): Promise<Program> {
    const name = `program-${(count += 1)}`;
    const directory = path.join(folder.path, name);
    fs.mkdirSync(directory);
    const manifest = { name, dependencies: { "@pulumi/pulumi": "*" } };
    const all = {
      "Pulumi.yaml": JSON.stringify({ name, runtime: { name: "nodejs", options } }),
      "package.json": JSON.stringify(manifest),
      ...files,
    };
    for (const [file, text] of Object.entries(all)) {
      fs.writeFileSync(path.join(directory, file), text);
    }
    fs.symlinkSync(modules, path.join(directory, "node_modules"));

    const start: Program["start"] = (...args) => {
      const child = spawn(cli, args, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
      let output = "";
      child.stdout.on("data", (text) => (output += text));
      child.stderr.on("data", (text) => (output += text));
      const outcome = new Promise<Outcome>((resolve) => {
        child.once("close", (code) => resolve({ code, output }));
      });
      return { child, outcome };
    };
    const pulumi: Program["pulumi"] = (...args) => start(...args).outcome;
    await pulumi("stack", "init", "test");
    return { directory, pulumi, start };
  }

  return { program, path: folder.path, remove: folder.remove };
}

/** The processes whose command line or folder has to do with `folder`. */
export function processesOf(folder: string): string[] {
  return fs.readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const directory = fs.readlinkSync(`/proc/${pid}/cwd`);
      return command.includes(folder) || directory.startsWith(folder) ? [command] : [];
    } catch {
      return [];
    }
  });
}
