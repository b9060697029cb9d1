/**
 * A real PostgreSQL for the sandbox and the tests: a fresh cluster in a folder, on loopback, with a
 * password (SCRAM), Immich's database and its tables.
 *
 * It is tuned for being thrown away, and for nothing else: fsync and full-page writes are off, so a
 * power cut would cost the data. What a client sees (locks, transactions, errors) is the real thing.
 */
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "pg";
import { postgresBinaries } from "./database/binaries";
import { makeCluster, SUPERUSER, USUAL_PASSWORD } from "./database/cluster";
import { databaseIdentity, type Identity, reaches } from "./database/identity";
import { schema } from "./database/schema";
import { held, HOST, listen, type Server, start } from "./database/server";
import { keepFolder, removeWithUs } from "./undertaker";

export { freePort } from "./freePort";

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
    const password = options.password ?? USUAL_PASSWORD;
    const binaries = postgresBinaries(identity, data);
    const cluster = await makeCluster(binaries, identity, data, password);
    const launch = (port: number): Promise<Server> => start(binaries, identity, cluster, port);
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

class SandboxPostgres implements Postgres {
  readonly host = HOST;
  readonly user = SUPERUSER;
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
    const login = `${SUPERUSER}:${encodeURIComponent(this.password)}`;
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
