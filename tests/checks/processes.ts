// Node programs of this repository, run as a person would run them.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What it reads from its standard input. */
  readonly input?: string;
  /** On top of this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs `node …` in the project's folder to its end. */
export function node(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...options.env },
  });
  const ran = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (ran.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (ran.stderr += chunk.toString()));
  child.stdin.end(options.input ?? "");
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...ran })));
}

/** `npx pulumi …`, without asking npx. */
export function pulumi(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return node([require.resolve("pulumi/run.js"), ...args, "--non-interactive"], options);
}

/** `npm run doctor -- …`, without asking npm. */
export function doctor(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return node(["-r", "./register.js", "commands/doctor.ts", ...args], options);
}

/** The same, left to run. */
export function startDoctor(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(process.execPath, ["-r", "./register.js", "commands/doctor.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
}
