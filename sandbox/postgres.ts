/**
 * A real PostgreSQL for the sandbox and the tests: a fresh cluster in a folder, on loopback, with a
 * password (SCRAM), Immich's database and its tables.
 *
 * It is tuned for being thrown away, and for nothing else: fsync and full-page writes are off, so a
 * power cut would cost the data. What a client sees (locks, transactions, errors) is the real thing.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "pg";
import { type Binaries, postgresBinaries } from "./database/binaries";
import { databaseIdentity, type Identity, reaches } from "./database/identity";
import { schema } from "./database/schema";
import { endWithUs, keepFolder, removeWithUs } from "./undertaker";

/** How a PostgreSQL is to be started. */
export interface PostgresOptions {
  /** Folder for its data; made if absent, emptied by `stop`. */
  readonly folder: string;
  /** TCP port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Password of the superuser `postgres`. Default "postgres", as in Immich's example.env. */
  readonly password?: string;
  /** Database to make beside `postgres`. Default "immich". */
  readonly database?: string;
  /** Immich's version, which decides the tables. Default "1.135.3"; null leaves the database empty. */
  readonly immichVersion?: string | null;
}

/** A running PostgreSQL. */
export interface Postgres {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: "postgres";
  readonly password: string;
  readonly database: string;
  /** Connection string of `database`, password included. */
  readonly url: string;
  /** Process id of the server; 0 while it is down. */
  readonly pid: number;
  /** When the server was last started. */
  readonly startedAt: Date;
  /** The server's last log lines, oldest first. */
  logs(): string[];
  /** Makes another database with Immich's tables, 0.1 s; returns its connection string. */
  createDatabase(name: string, immichVersion?: string | null): Promise<string>;
  /** Drops a database, ending whoever is connected to it. */
  dropDatabase(name: string): Promise<void>;
  /** Ends the server at once, as a power cut would for its clients; the data stay. */
  shutDown(): Promise<void>;
  /** Starts it again after `shutDown`, on the same port. */
  startAgain(): Promise<void>;
  /** Ends the server at once and removes its data. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
const USER = "postgres";
const READY = "database system is ready to accept connections";
const LOG_LINES = 200;

/**
 * Starts a fresh PostgreSQL; about a second. Ends with this process, whatever happens to it.
 *
 * @throws Error with PostgreSQL's own last words when it can't be started (a busy port, for one).
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const identity = databaseIdentity();
  const data = dataFolder(resolve(options.folder), identity);
  removeWithUs(data);
  const forget = (): void => {
    rmSync(data, { recursive: true, force: true });
    keepFolder(data);
  };
  try {
    const password = options.password ?? "postgres";
    const binaries = postgresBinaries(identity, data);
    await initialise(binaries, identity, data, password);
    const launch = (port: number): Promise<Server> => start(binaries, identity, data, port);
    const server = await listen(launch, options.port ?? 0);
    const postgres = new SandboxPostgres(server, launch, password, options.database, forget);
    await postgres.createDatabase(postgres.database, options.immichVersion).catch(async (error) => {
      await postgres.stop();
      throw error;
    });
    return postgres;
  } catch (error) {
    forget();
    throw error;
  }
}

/** A folder that `identity` owns and can walk to: in `wanted` where possible, else among the temporary ones. */
function dataFolder(wanted: string, identity: Identity | undefined): string {
  mkdirSync(wanted, { recursive: true });
  const parent = [wanted, tmpdir(), "/tmp", "/var/tmp"].find(
    (folder) => existsSync(folder) && reaches(identity, folder),
  );
  if (parent === undefined) {
    throw new Error(
      `PostgreSQL runs as user ${identity?.uid ?? "?"}, who can't enter ${wanted} nor the temporary folders. Give --folder a folder that every user may enter (chmod a+x).`,
    );
  }
  const data = mkdtempSync(join(parent, "postgres-"));
  if (identity !== undefined) chownSync(data, identity.uid, identity.gid);
  chmodSync(data, 0o700);
  return data;
}

async function initialise(
  { initdb }: Binaries,
  identity: Identity | undefined,
  data: string,
  password: string,
): Promise<void> {
  const passwordFile = join(data, "password");
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (identity !== undefined) chownSync(passwordFile, identity.uid, identity.gid);
  const child = spawn(
    initdb,
    [
      ...["-D", join(data, "cluster"), "-U", USER, "--pwfile", passwordFile],
      ...["--auth=scram-sha-256", "--locale=C", "--encoding=UTF8", "--wal-segsize=1"],
      ...["--no-sync", "--no-instructions", "-c", "dynamic_shared_memory_type=mmap"],
    ],
    {
      ...identity,
      cwd: data,
      detached: true,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  endWithUs(child, "TERM");
  const output = collect(child);
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  rmSync(passwordFile);
  if (code !== 0) {
    throw new Error(`PostgreSQL's initdb failed (exit code ${code}): ${lastWords(output)}`);
  }
}

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
  readonly output: string[];
  readonly exited: Promise<void>;
}

async function listen(launch: (port: number) => Promise<Server>, port: number): Promise<Server> {
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

async function start(
  { postgres }: Binaries,
  identity: Identity | undefined,
  data: string,
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
    synchronous_commit: "off",
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
      ...["-D", join(data, "cluster")],
      ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
    ],
    {
      ...identity,
      cwd: data,
      detached: true,
      env: environment(),
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

class SandboxPostgres implements Postgres {
  readonly host = HOST;
  readonly user = USER;
  readonly port: number;
  startedAt = new Date();

  constructor(
    private server: Server,
    private readonly launch: (port: number) => Promise<Server>,
    readonly password: string,
    readonly database = "immich",
    private readonly forget: () => void,
  ) {
    this.port = server.port;
  }

  get url(): string {
    return this.urlOf(this.database);
  }

  get pid(): number {
    return this.isUp() ? (this.server.child.pid ?? 0) : 0;
  }

  logs(): string[] {
    return [...this.server.output];
  }

  async createDatabase(name: string, immichVersion: string | null = "1.135.3"): Promise<string> {
    await query(this.urlOf("postgres"), `CREATE DATABASE ${identifier(name)}`);
    if (immichVersion !== null) await query(this.urlOf(name), schema(immichVersion));
    return this.urlOf(name);
  }

  async dropDatabase(name: string): Promise<void> {
    const sql = `DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`;
    await query(this.urlOf("postgres"), sql);
  }

  async shutDown(): Promise<void> {
    held(this.server.child, true);
    if (this.isUp()) this.server.child.kill("SIGQUIT");
    await this.server.exited;
  }

  async startAgain(): Promise<void> {
    if (this.isUp()) return;
    this.server = await this.launch(this.port);
    this.startedAt = new Date();
  }

  async stop(): Promise<void> {
    await this.shutDown();
    this.forget();
  }

  private isUp(): boolean {
    return this.server.child.exitCode === null && this.server.child.signalCode === null;
  }

  private urlOf(database: string): string {
    const login = `${USER}:${encodeURIComponent(this.password)}`;
    return `postgres://${login}@${HOST}:${this.port}/${encodeURIComponent(database)}`;
  }
}

async function query(connectionString: string, sql: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Whether `child` and its output keep this process from ending by itself. */
function held(child: ChildProcess, yes: boolean): void {
  for (const handle of [child, child.stdout, child.stderr]) {
    const { ref, unref } = (handle ?? {}) as { ref?: () => void; unref?: () => void };
    (yes ? ref : unref)?.call(handle);
  }
}

/** English messages, and none of the PG* variables that somebody may have set for another server. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
}

/** The last lines that `child` writes, kept up to date. */
function collect(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = "";
  const take = (chunk: Buffer): void => {
    const pieces = (rest + chunk.toString()).split("\n");
    rest = pieces.pop() ?? "";
    lines.push(...pieces.filter((row) => row !== ""));
    if (lines.length > LOG_LINES) lines.splice(0, lines.length - LOG_LINES);
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  return lines;
}

function lastWords(output: string[]): string {
  return output.slice(-6).join(" | ") || "it said nothing";
}

/** A TCP port of 127.0.0.1 that nobody listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, HOST, () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => done(port));
    });
  });
}
