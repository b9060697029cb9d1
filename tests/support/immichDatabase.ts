/** A real PostgreSQL with Immich's tables, a fresh database for each test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { SettingsError } from "../../immich/errors";
import type { StoreName } from "../../immich/types";
import { type Postgres, startPostgres } from "../../sandbox/postgres";

/** Connections to a database that was made for one test. */
export interface Place {
  readonly name: string;
  /** A connection of the superuser, for looking and for making trouble. */
  readonly admin: Client;
  /** Another connection, of the superuser or of a login. Ended with the test. */
  connect(login?: { user: string; password: string }): Promise<Client>;
}

/** A PostgreSQL for a test file; `stop` it in `afterAll`. */
export class ImmichDatabases {
  private readonly folder = mkdtempSync(join(tmpdir(), "settings-"));
  private postgres: Postgres | undefined;
  private readonly clients: Client[] = [];
  private count = 0;

  async start(): Promise<void> {
    this.postgres = await startPostgres({ folder: this.folder, immichVersion: null });
  }

  /** @param version Immich's version, which decides the tables; null: no tables */
  async fresh(version: string | null): Promise<Place> {
    const { postgres } = this;
    if (postgres === undefined) throw new Error("not started");
    const name = `immich${(this.count += 1)}`;
    const url = await postgres.createDatabase(name, version);
    const connect: Place["connect"] = async (login) => {
      const { host, port } = postgres;
      const client = new Client(
        login === undefined ? { connectionString: url } : { ...login, host, port, database: name },
      );
      client.on("error", () => undefined);
      this.clients.push(client);
      await client.connect();
      return client;
    };
    return { name, admin: await connect(), connect };
  }

  /** Ends the connections of a test. */
  async release(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.end().catch(() => undefined)));
  }

  async stop(): Promise<void> {
    await this.postgres?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The version that a store is tried with. */
export const VERSIONS: Readonly<Record<StoreName, string>> = {
  system_metadata: "1.135.3",
  system_config: "1.105.1",
};

/** Everything in both tables, as text, to the byte. */
export async function contents(admin: Client): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {};
  for (const table of ["system_metadata", "system_config"]) {
    const { rows } = await admin.query<{ there: boolean }>(
      `SELECT to_regclass('public.${table}') IS NOT NULL AS there`,
    );
    if (rows[0]?.there !== true) continue;
    const all = await admin.query<{ key: string; value: string | null }>(
      `SELECT key, value::text AS value FROM ${table} ORDER BY key`,
    );
    for (const { key, value } of all.rows) found[`${table} ${key}`] = value;
  }
  return found;
}

/** Puts something into a store: the document's JSON text, or the rows' texts. */
export async function put(
  admin: Client,
  stored: string | Readonly<Record<string, string | null>>,
): Promise<void> {
  if (typeof stored === "string") {
    await admin.query(
      "INSERT INTO system_metadata VALUES ('system-config', $1::jsonb) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [stored],
    );
    return;
  }
  for (const row of Object.entries(stored)) {
    await admin.query(
      "INSERT INTO system_config VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      row,
    );
  }
}

/** Waits until somebody waits for a lock in this database. */
export async function untilSomebodyWaits(admin: Client, count = 1): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const { rows } = await admin.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if ((rows[0]?.n ?? 0) >= count) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error("nobody waits for a lock");
}

/** The SettingsError that a promise is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<SettingsError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SettingsError) return error;
  throw new Error(`not a SettingsError: ${String(error)}`);
}
