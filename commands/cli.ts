import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

/** The CLI of the npm package `pulumi`, run by this Node: what `npx pulumi` runs. */
const CLI = require.resolve("pulumi/run.js");

/** What one run of the CLI answered. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the CLI is to be run. */
export interface CliOptions {
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What it reads from its standard input. Default: nothing. */
  readonly input?: string;
  /** Called with each line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
  /** The project's folder. Default: this one. */
  readonly folder?: string;
  /** The CLI talks to the terminal itself; nothing is captured. */
  readonly terminal?: boolean;
}

/** The project's folder: the CLI runs in it. */
export const PROJECT_FOLDER = resolve(__dirname, "..");

const running = new Set<ChildProcess>();
/** How long a CLI may take to end in an orderly way, in milliseconds. */
const PATIENCE = 10_000;

/** Ends each CLI that still runs, and waits for it: it writes into its backend until its end. */
export async function endPulumi(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const end = ended(child);
      child.kill("SIGINT");
      const force = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
      await end.catch(() => undefined);
      clearTimeout(force);
    }),
  );
}

/** Runs `npx pulumi …` to its end. The CLI ends with this process. */
export async function pulumi(
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [CLI, "--non-interactive", ...args], {
    cwd: options.folder ?? PROJECT_FOLDER,
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true", ...options.environment },
    stdio: [
      options.input === undefined ? "ignore" : "pipe",
      ...(options.terminal ? (["inherit", "inherit"] as const) : (["pipe", "pipe"] as const)),
    ],
  });
  child.stdin?.end(options.input);
  const stop = () => child.kill("SIGINT");
  process.once("exit", stop);
  running.add(child);
  try {
    const [stdout, stderr, code] = await Promise.all([
      collect(child.stdout, options.onLine),
      collect(child.stderr),
      ended(child),
    ]);
    return { code, stdout, stderr };
  } finally {
    process.off("exit", stop);
    running.delete(child);
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
}

/** A stack's state as `pulumi stack export` prints it. What is encrypted stays encrypted. */
export async function exportState<State>(stack: string): Promise<State> {
  return JSON.parse(await answer("stack", "export", "--stack", stack)) as State;
}

/** Makes `state` the stack's state. */
export async function importState(stack: string, state: object): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "immich-sso-state-"));
  try {
    const file = join(folder, "state.json");
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
    await answer("stack", "import", "--file", file, "--stack", stack);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the CLI prints. @throws Error with its own words where it fails */
async function answer(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await pulumi(args);
  if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${stderr || stdout}`);
  return stdout;
}

async function collect(
  stream: NodeJS.ReadableStream | null,
  onLine?: (line: string) => void,
): Promise<string> {
  if (!stream) return "";
  const lines: string[] = [];
  for await (const line of createInterface({ input: stream })) {
    lines.push(line);
    onLine?.(line);
  }
  return lines.join("\n");
}

/** What an `up`, `destroy` or `import` did. */
export interface Deployment {
  readonly seconds: number;
  /** Numbers of resources by what was done to them: `create`, `update`, `same` … */
  readonly changes: Readonly<Record<string, number>>;
}

/**
 * Runs `pulumi up`, `pulumi destroy` or `pulumi import` and tells what was done.
 * @param onStep called with a line for each resource that is worked on.
 * @throws Error with the CLI's own error messages.
 */
export async function deploy(
  command: "up" | "destroy" | "import",
  args: readonly string[],
  options: { environment?: Readonly<Record<string, string>>; onStep?: (step: string) => void },
): Promise<Deployment> {
  const started = Date.now();
  const errors: string[] = [];
  let changes: Record<string, number> = {};
  const result = await pulumi([command, "--yes", "--skip-preview", "--json", ...args], {
    environment: options.environment,
    onLine: (line) => {
      const event = parseEvent(line);
      const step = event?.resourcePreEvent?.metadata;
      if (step && step.op !== "same")
        options.onStep?.(`${step.op} ${step.type} ${step.urn.split("::").pop()}`);
      const diagnostic = event?.diagnosticEvent;
      if (diagnostic?.severity === "error") errors.push(diagnostic.message.trim());
      if (event?.summaryEvent) changes = event.summaryEvent.resourceChanges;
    },
  });
  if (result.code !== 0)
    throw new Error(
      [`pulumi ${command} failed:`, ...errors, ...(errors.length > 0 ? [] : [result.stderr])].join(
        "\n",
      ),
    );
  return { seconds: Math.round((Date.now() - started) / 100) / 10, changes };
}

interface EngineEvent {
  readonly resourcePreEvent?: { metadata: { op: string; urn: string; type: string } };
  readonly diagnosticEvent?: { severity: string; message: string };
  readonly summaryEvent?: { resourceChanges: Record<string, number> };
}

function parseEvent(line: string): EngineEvent | undefined {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return undefined; // not every line of the CLI is an event
  }
}
