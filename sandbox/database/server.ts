/** The `postgres` process: its settings, its start, its log. */
import { type ChildProcess, spawn } from "node:child_process";
import { freePort } from "../freePort";
import { endWithUs } from "../undertaker";
import type { Binaries } from "./binaries";
import { collect, lastWords, plainEnvironment } from "./cluster";
import type { Identity } from "./identity";

/** The only address that it listens on. */
export const HOST = "127.0.0.1";
const READY = "database system is ready to accept connections";

/** A `postgres` that listens. */
export interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  /** Its last log lines. */
  readonly output: readonly string[];
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
}

/** Launches on `port`; for 0 on a free one. */
export async function listen(
  launch: (port: number) => Promise<Server>,
  port: number,
): Promise<Server> {
  if (port !== 0) return launch(port);
  // A free port can be taken by somebody else before PostgreSQL opens it.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await launch(await freePort());
    } catch (error) {
      if (attempt === 5 || !/Address already in use/.test(String(error))) throw error;
    }
  }
}

/**
 * Starts `postgres` on a cluster; resolves when it takes connections.
 *
 * @throws Error with its last words.
 */
export async function start(
  { postgres }: Binaries,
  identity: Identity | undefined,
  cluster: string,
  port: number,
): Promise<Server> {
  const settings = {
    listen_addresses: HOST,
    port,
    unix_socket_directories: "",
    shared_buffers: "16MB",
    max_connections: 60,
    // A sandbox: fast, and not made to survive a power cut.
    fsync: "off",
    full_page_writes: "off",
    wal_level: "minimal",
    max_wal_senders: 0,
    // No helpers that nobody needs here: fewer processes, a faster start and stop.
    io_method: "sync",
    max_logical_replication_workers: 0,
    autovacuum: "off",
    jit: "off",
    timezone: "UTC",
    log_timezone: "UTC",
  };
  const child = spawn(
    postgres,
    [
      ...["-D", cluster],
      ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
    ],
    {
      ...identity,
      cwd: cluster,
      detached: true,
      env: plainEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  endWithUs(child, "QUIT");
  const output = collect(child);
  const exited = new Promise<void>((done) => {
    child.once("error", () => done());
    child.once("exit", () => done());
  });
  await new Promise<void>((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code) =>
      fail(
        new Error(
          `PostgreSQL did not start on ${HOST}:${port} (exit code ${code}): ${lastWords(output)}`,
        ),
      ),
    );
    child.stderr?.on("data", () => {
      if (output.some((row) => row.includes(READY))) done();
    });
  });
  // A test that forgets it must not hang for ever.
  held(child, false);
  return { child, port, output, exited };
}

/** Whether `child` and its output keep this process from ending by itself. */
export function held(child: ChildProcess, yes: boolean): void {
  for (const handle of [child, child.stdout, child.stderr]) {
    const { ref, unref } = (handle ?? {}) as { ref?: () => void; unref?: () => void };
    (yes ? ref : unref)?.call(handle);
  }
}
