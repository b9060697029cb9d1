/** One place to break things in: a database of its own, behind a proxy of its own, behind an SSH server of its own. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Pool, type QueryResult, type QueryResultRow } from "pg";

import type { RowContext } from "../immich/reach";
import type { StoreName } from "../immich/types";
import { type Postgres, startPostgres } from "../sandbox/postgres";
import { type SshServer, startSshServer } from "../sandbox/ssh";
import { canaries } from "./operations";
import { startWire, type Wire } from "./wire";

/** Time-outs that a harness can wait for; doubled where a machine is too busy for them. */
const shortened = (factor: number) => ({
  ssh: {
    dialMs: 1_000 * factor,
    handshakeMs: 1_000 * factor,
    authMs: 1_000 * factor,
    channelMs: 700 * factor,
    keepAliveMs: 400 * factor,
    keepAliveMax: 2,
  },
  execMs: 1_000 * factor,
  database: { connectMs: 700 * factor, endMs: 200 },
  settings: {
    lock: 500 * factor,
    statement: 600 * factor,
    idle: 700 * factor,
    answer: 800 * factor,
  },
  pauseMs: 20,
});

/** A database server and a folder for all lanes. */
export interface Ground {
  readonly postgres: Postgres;
  readonly folder: string;
  stop(): Promise<void>;
}

export async function startGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  chmodSync(folder, 0o755);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const postgres = await startPostgres({
      folder,
      immichVersion: null,
      password: canaries.password,
    });
    return {
      postgres,
      folder,
      stop: async () => {
        await postgres.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

let serial = 0;

export class Lane {
  private constructor(
    readonly store: StoreName,
    readonly ssh: SshServer,
    readonly wire: Wire,
    private readonly admin: Pool,
    private readonly database: string,
  ) {}

  static async start({ postgres, folder }: Ground, store: StoreName): Promise<Lane> {
    const database = `lane${++serial}`;
    await postgres.createDatabase(database, store === "system_config" ? "1.105.1" : "1.135.3");
    const { host, port, user, password } = postgres;
    const admin = new Pool({ host, port, user, password, database, max: 1 });
    admin.on("error", () => undefined); // PostgreSQL is restarted on purpose: the next question connects anew
    const wire = await startWire({
      port,
      terminate: async (pid) => {
        await ask(admin, `SELECT pg_terminate_backend(${pid})`);
      },
      kill: async (pid) => {
        const at = Date.now();
        process.kill(pid, "SIGKILL");
        await recovered(admin, at);
      },
      restart: async () => {
        await postgres.shutDown();
        await postgres.startAgain();
      },
    });
    const bin = join(folder, `bin${serial}`);
    mkdirSync(bin, { recursive: true });
    const inspected = JSON.stringify([{ Status: "running" }, "host", {}]);
    writeFileSync(join(bin, "docker"), `#!/bin/sh\necho '${inspected}'\n`, { mode: 0o755 });
    const ssh = await startSshServer({ home: folder, bin });
    return new Lane(store, ssh, wire, admin, database);
  }

  /** How the row is reached here; each call has an SSH connection of its own. */
  context(patience: "short" | "long", factor = 1): RowContext {
    const limits = shortened(factor);
    const own = { execMs: (patience === "short" ? limits.execMs : 30_000) + (++serial % 997) };
    return {
      ssh: {
        host: this.ssh.host,
        port: this.ssh.port,
        user: this.ssh.user,
        hostKey: this.ssh.hostKey,
        privateKey: this.ssh.privateKey,
      },
      runtime: "docker",
      container: "immich_postgres",
      port: this.wire.port,
      database: this.database,
      login: { user: "postgres", password: canaries.password },
      store: this.store,
      timeouts:
        patience === "short"
          ? { ...limits, ssh: { ...limits.ssh, ...own } }
          : { ssh: own, pauseMs: 50 },
    };
  }

  /** Everything that is stored, exactly. */
  async dump(): Promise<string> {
    const { rows } = await ask(
      this.admin,
      this.store === "system_config"
        ? `SELECT key, value FROM system_config ORDER BY key`
        : `SELECT key, value::text AS value FROM system_metadata ORDER BY key`,
    );
    return JSON.stringify(rows);
  }

  /** Puts a dump back; nobody may be connected. */
  async load(dump: string): Promise<void> {
    const value = this.store === "system_metadata" ? "value::jsonb" : "value";
    const json = dump.replaceAll("'", "''");
    await this.run(
      `INSERT INTO ${this.store} SELECT key, ${value} FROM json_to_recordset('${json}') AS x(key text, value text)`,
    );
  }

  /** Empties the settings' table and runs this. */
  async run(sql: string): Promise<void> {
    await this.quiet(false);
    await ask(this.admin, `BEGIN; DELETE FROM ${this.store}; ${sql}; COMMIT`);
  }

  /**
   * Waits until nobody's statement runs any more.
   *
   * @param sessions false: until nobody else is connected, which is made so
   */
  async quiet(sessions = true): Promise<void> {
    for (const end = Date.now() + 5_000; ;) {
      const { rows } = await ask<{ n: number }>(
        this.admin,
        `SELECT count(*)::int AS n${sessions ? "" : ", count(pg_terminate_backend(pid))"} FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() ${sessions ? "AND state = 'active'" : ""}`,
      );
      if (rows[0]?.n === 0 || Date.now() > end) return;
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  async stop(): Promise<void> {
    await this.admin.end();
    await this.wire.stop();
    await this.ssh.stop();
  }
}

/** Asks the database itself, not by way of the proxy; waits for one that is being restarted. */
async function ask<Row extends QueryResultRow>(
  admin: Pool,
  sql: string,
): Promise<QueryResult<Row>> {
  for (let tries = 1; ; tries++) {
    try {
      return await admin.query<Row>(sql);
    } catch (error) {
      const { code = "", message } = error as Error & { code?: string };
      const isDown = /^57P0|^ECONN/.test(code) || /terminated/.test(message);
      if (!isDown || tries > 200) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/** Waits until the server has started its processes anew, as it does when one of them was killed. */
async function recovered(admin: Pool, since: number): Promise<void> {
  const sql = "SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'";
  for (let tries = 1; tries < 200; tries++) {
    const { rows } = await ask<{ backend_start: Date }>(admin, sql);
    if ((rows[0]?.backend_start.getTime() ?? 0) >= since) return;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error("PostgreSQL did not recover from a killed process");
}
