/** Starts a sandbox as a process of its own, for commands and tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Description } from "./homelab/homelab";
import { endWithUs } from "./undertaker";

const ROOT = resolve(__dirname, "..");

/** How a sandbox is to be started. */
export interface SandboxOptions {
  /** Folder to live in, empty; removed at the end. Default: a new one among the temporary ones. */
  readonly folder?: string;
  /** First of five ports; 0 for free ones. Default: DEFAULT_PORTS (homelab/constants.ts). */
  readonly portBase?: number;
  /** Default "1.135.3". */
  readonly immichVersion?: string;
  /** The stack goes through Immich's API, without SSH. Default false. */
  readonly throughApi?: boolean;
  /** Default: new ones. */
  readonly authentikToken?: string;
  readonly postgresPassword?: string;
}

/** A sandbox that is up. */
export interface Sandbox extends Description {
  /** Address of its controls (control.ts), and the bearer token that they ask for. */
  readonly controls: { readonly url: string; readonly token: string };
  /** Process id of its main process. */
  readonly pid: number;
  /**
   * Uses a control: `control("immich/configure", { version: "1.105.1" })`. Resolves to its answer.
   *
   * @throws Error with the sandbox's own words.
   */
  control<T = unknown>(path: string, body?: object): Promise<T>;
  /** Asks an SQL question of Immich's database, as its superuser. */
  sql<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Stops it; resolves when it is gone, with its folder. */
  stop(): Promise<void>;
}

/**
 * Starts a sandbox; resolves when all of it answers. It ends with this process, whatever happens.
 *
 * @throws Error with the sandbox's own words when it can't start.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { folder, portBase, immichVersion, throughApi } = options;
  const args = [
    "--json",
    "--until-stdin-closes",
    ...(folder === undefined ? [] : ["--folder", folder]),
    ...(portBase === undefined ? [] : ["--port-base", String(portBase)]),
    ...(immichVersion === undefined ? [] : ["--immich-version", immichVersion]),
    ...(throughApi ? ["--api"] : []),
  ];
  const child = spawn(
    process.execPath,
    ["-r", resolve(ROOT, "register.js"), resolve(ROOT, "sandbox/main.ts"), ...args],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        ...(options.authentikToken && { SANDBOX_AUTHENTIK_TOKEN: options.authentikToken }),
        ...(options.postgresPassword && { SANDBOX_POSTGRES_PASSWORD: options.postgresPassword }),
      },
      // Ctrl-C is for whoever started it: the sandbox ends when its stdin closes.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  endWithUs(child, "TERM");
  const { control: controls, ...description } = await announced(child);
  const control = async <T>(path: string, body: object = {}): Promise<T> => {
    const response = await fetch(`${controls.url}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${controls.token}` },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as T & { error?: string };
    if (!response.ok) throw new Error(`sandbox, ${path}: ${answer.error}`);
    return answer;
  };
  return {
    ...description,
    controls,
    pid: child.pid ?? 0,
    control,
    sql: async <Row>(sql: string, values: readonly unknown[] = []) =>
      (await control<{ rows: Row[] }>("postgres/query", { sql, values })).rows,
    stop: () => stop(child),
  };
}

/** The line of JSON that the sandbox prints when it is up. */
async function announced(
  child: ChildProcess,
): Promise<Description & { control: Sandbox["controls"] }> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("The sandbox has no output to read.");
  let complaint = "";
  stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  return new Promise((done, fail) => {
    createInterface(stdout).once("line", (line) => done(JSON.parse(line)));
    child.once("error", fail);
    child.once("close", (code) =>
      fail(new Error(complaint.trim() || `The sandbox ended with exit code ${code}.`)),
    );
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((done) => {
    child.once("close", () => done());
    child.stdin?.end();
  });
}
