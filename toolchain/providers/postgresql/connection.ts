// Connections to a PostgreSQL server: opened at the first statement, one transaction each.

import type { Client } from "pg";

import { ProviderError, type Session } from "../../../plugin/provider";
import type { Config } from "./config";
import { mayTryNext, tlsReason, type Way, ways } from "./tls";

/** What runs statements. */
export type Queryable = Pick<Client, "query">;

/** A PostgreSQL server. */
export class Server {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(readonly config: Config) {
    this.free = config.maxConnections > 0 ? config.maxConnections : Infinity;
  }

  /** Who the statements are run as. */
  get user(): string {
    return this.config.databaseUsername || this.config.username;
  }

  /**
   * Runs statements in one transaction of one connection; all of it is undone when they throw.
   *
   * @param database Which database; by default the provider's own.
   * @throws ProviderError when the server cannot be reached or refuses; other errors as they come.
   */
  async transaction<T>(
    database: string | undefined,
    session: Session,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    await this.turn();
    let client: Client | undefined;
    const stop = (): void => void client?.end().catch(() => {});
    try {
      client = await this.connect(database || this.config.database, session);
      session.signal.addEventListener("abort", stop, { once: true });
      await client.query("BEGIN");
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client?.query("ROLLBACK").catch(() => {});
      if (session.signal.aborted) {
        throw new ProviderError(
          `The work on the PostgreSQL server ${this.address} was given up: the run was cancelled.`,
        );
      }
      throw error instanceof ProviderError ? error : new ProviderError(worded(error as Error));
    } finally {
      session.signal.removeEventListener("abort", stop);
      await client?.end().catch(() => {});
      this.free += 1;
      this.waiting.shift()?.();
    }
  }

  private get address(): string {
    return `${this.config.host}:${this.config.port}`;
  }

  private async connect(database: string, session: Session): Promise<Client> {
    const { host, password, sslmode, sslrootcert } = this.config;
    try {
      const allowed = ways(sslmode, sslrootcert, host, process.env);
      for (const [index, way] of allowed.entries()) {
        try {
          return await this.connectBy(way, database, session);
        } catch (error) {
          const last = index === allowed.length - 1 || session.signal.aborted;
          if (last || !mayTryNext(way, error as Error)) throw error;
        }
      }
      throw new Error("unreachable: there is at least one way");
    } catch (error) {
      let reason = reasonOf(error as Error, sslmode, this.address);
      if (password) reason = reason.replaceAll(password, "XXXX");
      throw new ProviderError(
        `error connecting to PostgreSQL server ${host} (scheme: postgres): ${reason}`,
      );
    }
  }

  private async connectBy(way: Way, database: string, session: Session): Promise<Client> {
    const { Client } = await import("pg");
    const { host, port, username, password, connectTimeout } = this.config;
    const client = new Client({
      host,
      port,
      database,
      user: username,
      password,
      ssl: way === "clear" ? false : way(),
      connectionTimeoutMillis: connectTimeout * 1000,
      fallback_application_name: "Pulumi",
    });
    // A connection that breaks later is noticed by the statement that is under way.
    client.on("error", () => {});
    // `connect` of a client that is ended meanwhile never settles, and nor does a second `end`.
    let stop = (): void => {};
    const cancelled = new Promise<never>((_, reject) => {
      stop = () => {
        void client.end().catch(() => {});
        reject(new Error("the run was cancelled"));
      };
    });
    session.signal.addEventListener("abort", stop, { once: true });
    if (session.signal.aborted) stop();
    try {
      await Promise.race([client.connect(), cancelled]);
      return client;
    } catch (error) {
      if (!session.signal.aborted) await client.end().catch(() => {});
      throw error;
    } finally {
      session.signal.removeEventListener("abort", stop);
    }
  }

  private async turn(): Promise<void> {
    while (this.free <= 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.free -= 1;
  }
}

/** Why there is no connection, as lib/pq and Go word it. */
function reasonOf(error: Error, sslmode: string, address: string): string {
  if ("severity" in error) return worded(error);
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const refused = code === "ECONNREFUSED" ? `dial tcp ${address}: connect: connection refused` : "";
  const reason = tlsReason(error) ?? (refused || error.message || code || String(error));
  // lib/pq verifies the chain itself for every mode but this one.
  return sslmode === "verify-full"
    ? reason
    : reason.replace(/^tls: failed to verify certificate: /, "");
}

/** An error of PostgreSQL as its Go driver words it. */
function worded(error: Error): string {
  const { severity, code } = error as Error & { severity?: string; code?: string };
  if (!severity) return error.message;
  return `pq: ${error.message}${code ? ` (${code})` : ""}`;
}
