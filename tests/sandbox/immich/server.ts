/** Processes of the tests: the sandbox's Immich, and a provider. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..", "..");

/** A running Immich. */
export interface RunningImmich {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** All that it has logged. */
  log(): string;
  /** What it has logged since the last call. */
  newLog(): string;
  stop(): Promise<void>;
}

/** Starts an Immich. @throws Error with its last words when it doesn't start. */
export async function startImmich(options: {
  readonly databaseUrl: string;
  readonly version?: string;
  readonly configFile?: string;
  readonly admin?: object | false;
  readonly apiKey?: string;
  readonly controlToken?: string;
}): Promise<RunningImmich> {
  const folder = mkdtempSync(join(tmpdir(), "immich-log-"));
  const logFile = join(folder, "immich.log");
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
  let told = 0;
  try {
    const child = await startProcess("sandbox/immich/main.ts", { logFile, ...options });
    return {
      url: `http://127.0.0.1:${child.port}`,
      log,
      newLog() {
        const text = log();
        const fresh = text.slice(told);
        told = text.length;
        return fresh;
      },
      async stop() {
        await child.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    const text = log();
    rmSync(folder, { recursive: true });
    throw Object.assign(error as Error, { log: text });
  }
}

/** A child process that printed its port. */
export interface Child {
  readonly port: number;
  stop(): Promise<void>;
}

/** Runs a TypeScript file of this project with JSON options until it prints {"port":N}. */
export async function startProcess(file: string, options: object): Promise<Child> {
  const child = spawn(process.execPath, ["-r", "./register.js", file, JSON.stringify(options)], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, TZ: "UTC", NODE_NO_WARNINGS: "1" },
  });
  const gone = new Promise<void>((done) => child.once("exit", () => done()));
  const port = await portOf(child);
  return {
    port,
    async stop() {
      child.stdin?.end();
      await gone;
    },
  };
}

function portOf(child: ChildProcess): Promise<number> {
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((done, fail) => {
    child.stdout?.once("data", (chunk: Buffer) => {
      done((JSON.parse(chunk.toString()) as { port: number }).port);
    });
    child.once("exit", (code) => fail(new Error(`ended with code ${code}: ${errors}`)));
  });
}

/** Runs Immich's command line. */
export function runImmichAdmin(
  options: { readonly databaseUrl: string },
  command: string,
): Promise<{ exitCode: number | null; says: string }> {
  const args = ["-r", "./register.js", "sandbox/immich/admin.ts", JSON.stringify(options), command];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  let says = "";
  child.stdout.on("data", (chunk: Buffer) => (says += chunk.toString()));
  return new Promise((done) => child.once("close", (exitCode) => done({ exitCode, says })));
}
