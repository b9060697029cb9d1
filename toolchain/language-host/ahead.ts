// Starts plugins while the program is still loading, instead of one after the other when the engine asks.
//
// The engine starts the launcher of a plugin (toolchain/launcher.sh) with its own address. For this engine
// we make a folder: `host` has our process id, NAME.coming says that plugin NAME may be waited for, and
// NAME, later, has the port that it serves. What is started here ends with us.
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { home, ownFolder } from "./places";

/** What to start. */
export interface Ahead {
  /** The engine's address, as plugins are given it. */
  readonly engine: string;
  /** Names of plugins that are stand-ins; they share one process. */
  readonly providers: readonly string[];
}

const everybody = path.join(home, ".toolchain-ahead");

/** Starts the plugins. Nothing that fails here is an error: the engine starts what is not there. */
export function startAhead({ engine, providers }: Ahead): void {
  const together = path.join(ownFolder, "together.js");
  const folder = path.join(everybody, engine.replace(/^.*:/, ""));
  const names = providers.map((name) => `pulumi-resource-${name}`);
  if (names.length === 0 || !fs.existsSync(together)) return;
  try {
    sweep();
    open(folder, names);
  } catch {
    return;
  }
  const giveUp = (): void => fs.rmSync(folder, { recursive: true, force: true });
  process.once("exit", giveUp);

  const child = spawn(process.execPath, [together, engine, folder, ...providers], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => {});
  child.stdout.pipe(process.stdout);
  child.once("error", giveUp);
  child.once("exit", giveUp);
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
