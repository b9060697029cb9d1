/** The CLI as a process that a test watches, feeds, and ends as it likes. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

import type { CliResult } from "../../commands/cli";
import type { Project } from "./project";

const CLI = require.resolve("pulumi/run.js");

export interface Running {
  /** What it has printed so far, both outputs. */
  output(): string;
  readonly ended: Promise<CliResult>;
  /** Ctrl-C: the terminal sends it to the whole process group. */
  interrupt(): void;
  /**
   * SIGKILL for the process group of the CLI. Its plugins are in groups of their own: they have to find
   * out for themselves.
   */
  kill(): Promise<void>;
  /** SIGKILL for the CLI and all that it started, as when the machine goes down. */
  killAll(): Promise<void>;
  /** Command lines of processes that it has started and that are still there. */
  left(): string[];
}

/** Starts `pulumi …` in a project. `stdin` is what it can read there. */
export function startCli(project: Project, args: readonly string[], stdin = ""): Running {
  const child = spawn(process.execPath, [CLI, "--non-interactive", ...args], {
    cwd: project.folder,
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true", ...project.environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const texts = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.stderr += chunk.toString()));
  const known = new Set<number>();
  const watch = setInterval(() => descendants(child.pid, known), 200);
  const ended = new Promise<CliResult>((done) => {
    // Not "close": a plugin that outlives the CLI holds its output open.
    child.once("exit", (code) => {
      clearInterval(watch);
      setTimeout(() => done({ code: code ?? 137, ...texts }), 100);
    });
  });
  const kill = async (): Promise<void> => {
    descendants(child.pid, known);
    signal(-pidOf(child), "SIGKILL");
    await ended;
  };
  return {
    output: () => texts.stdout + texts.stderr,
    ended,
    interrupt: () => signal(-pidOf(child), "SIGINT"),
    kill,
    killAll: async () => {
      await kill();
      for (const pid of known) signal(pid, "SIGKILL");
    },
    left: () => [...known].filter(isAlive).map(commandLine),
  };
}

/** Runs the CLI to its end with a text on its standard input: how a secret is given without a trace. */
export async function feedCli(project: Project, args: readonly string[], stdin: string) {
  const { code, stdout, stderr } = await startCli(project, args, stdin).ended;
  if (code !== 0)
    throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("the CLI did not start");
  return child.pid;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // gone already
  }
}

/** Adds to `known` what descends from `root` or from what is known already. */
function descendants(root: number | undefined, known: Set<number>): void {
  const parents = processes();
  for (let before = -1; before !== known.size;) {
    before = known.size;
    for (const [pid, parent] of parents) if (parent === root || known.has(parent)) known.add(pid);
  }
}

/** Every process with its parent. */
function processes(): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = stat(Number(name))?.[1];
    if (parent) found.set(Number(name), Number(parent));
  }
  return found;
}

/** State and parent of a process (proc_pid_stat(5)). */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  const state = stat(pid)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
  } catch {
    return "";
  }
}

/** Waits until `condition` holds. */
export async function until(
  what: string | (() => string),
  condition: () => unknown,
  seconds = 60,
): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  const wanted = typeof what === "string" ? what : what();
  throw new Error(`waited ${seconds} s in vain: ${wanted}`);
}
