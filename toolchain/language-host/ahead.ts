// Starts plugins while the program is still loading, instead of one after the other when the engine asks.
//
// The engine starts the launcher of a plugin (toolchain/launcher.sh) with its own address. For this engine
// we make a folder: `host` has our process id, NAME.coming says that plugin NAME may be waited for, and
// NAME, later, has the port that it serves. What is started here ends with us.
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as readline from "node:readline";
import { home, ownFolder } from "./places";

/** What to start. */
export interface Ahead {
  /** The engine's address, as plugins are given it. */
  readonly engine: string;
  /** Names of plugins that are stand-ins; they share one process. */
  readonly providers: readonly string[];
  /** The environment of the provider of dynamic resources; undefined: it is not started ahead. */
  readonly dynamic?: Readonly<Record<string, string>>;
}

const everybody = path.join(home, ".toolchain-ahead");
const dynamicName = "pulumi-resource-pulumi-nodejs";

/** Starts the plugins. Nothing that fails here is an error: the engine starts what is not there. */
export function startAhead({ engine, providers, dynamic }: Ahead): void {
  const together = path.join(ownFolder, "together.js");
  const launcher = path.join(ownFolder, `${dynamicName}.js`);
  const folder = path.join(everybody, engine.replace(/^.*:/, ""));
  const names = providers.map((name) => `pulumi-resource-${name}`);
  if (dynamic) names.push(dynamicName);
  if (names.length === 0 || ![together, launcher].every((file) => fs.existsSync(file))) return;
  try {
    sweep();
    open(folder, names);
  } catch {
    return;
  }
  const giveUp = (): void => fs.rmSync(folder, { recursive: true, force: true });
  process.once("exit", giveUp);

  const start = (args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin?.on("error", () => {});
    child.once("error", giveUp);
    child.once("exit", giveUp);
    return child;
  };
  if (providers.length) {
    start([together, engine, folder, ...providers], {}).stdout?.pipe(process.stdout);
  }
  if (dynamic) announce(start([launcher, engine], dynamic), path.join(folder, dynamicName));
}

/** Writes down the port, the first line that the plugin prints, and passes the rest on to the user. */
function announce(plugin: ChildProcess, file: string): void {
  if (!plugin.stdout) return;
  let announced = false;
  readline.createInterface({ input: plugin.stdout }).on("line", (line) => {
    if (announced) process.stdout.write(`${line}\n`);
    else writeWhole(file, line);
    announced = true;
  });
}

function open(folder: string, names: readonly string[]): void {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeWhole(path.join(folder, "host"), String(process.pid));
  for (const name of names) fs.writeFileSync(path.join(folder, `${name}.coming`), "");
}

function writeWhole(file: string, line: string): void {
  fs.writeFileSync(`${file}.new`, `${line}\n`);
  fs.renameSync(`${file}.new`, file);
}

/** Takes away the folders of language hosts that were killed. */
function sweep(): void {
  if (!fs.existsSync(everybody)) return;
  for (const name of fs.readdirSync(everybody)) {
    const folder = path.join(everybody, name);
    if (!isAlive(folder)) fs.rmSync(folder, { recursive: true, force: true });
  }
}

function isAlive(folder: string): boolean {
  try {
    process.kill(Number(fs.readFileSync(path.join(folder, "host"), "utf8")), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
