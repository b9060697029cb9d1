/**
 * Where the sandbox of a running `npm start` is, for `npm run doctor` in a second terminal: a file in
 * the ignored folder .cache, there as long as `npm start` stays.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { PROJECT_FOLDER } from "./cli";

const file = join(PROJECT_FOLDER, ".cache", "running-sandbox.json");

interface Running {
  /** Process id of `npm start`. */
  readonly pid: number;
  /** What `npx pulumi` needs to find the stack `sandbox`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The stack's file. */
  readonly configFile: string;
}

/** Writes down where it is; returns what takes the note away again. */
export function noteSandbox(sandbox: Omit<Running, "pid">): () => void {
  mkdirSync(dirname(file), { recursive: true });
  const { environment, configFile } = sandbox;
  const running: Running = { pid: process.pid, environment, configFile };
  // A file that is there already would keep its mode and its owner.
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify(running), { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

/**
 * What `npx pulumi` needs to find the running sandbox. Undefined where none runs, or where the environment names
 * a backend already.
 */
export function runningSandbox(): Omit<Running, "pid"> | undefined {
  if (process.env["PULUMI_BACKEND_URL"]) return undefined;
  try {
    const running = JSON.parse(readFileSync(file, "utf8")) as Running;
    process.kill(running.pid, 0); // throws where that process is gone
    return running;
  } catch {
    return undefined; // no note, or one that a killed `npm start` left behind
  }
}
