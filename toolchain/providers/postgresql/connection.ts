// Connections to a PostgreSQL server: opened at the first statement, one transaction each.

import type { Client } from "pg";

import { ProviderError, type Session } from "../../../plugin/provider";
import type { Config } from "./config";

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
    const { Client } = await import("pg");
    const { host, port, username, password, sslmode, connectTimeout } = this.config;
    const client = new Client({
      host,
      port,
      database,
      user: username,
      password,
      ssl: tls(sslmode),
      connectionTimeoutMillis: connectTimeout * 1000,
      fallback_application_name: "Pulumi",
    });
    // A connection that breaks later is noticed by the statement that is under way.
    client.on("error", () => {});
    const stop = (): void => void client.end().catch(() => {});
    session.signal.addEventListener("abort", stop, { once: true });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => {});
      let reason =
        (error as Error).message || (error as NodeJS.ErrnoException).code || String(error);
      if (password) reason = reason.replaceAll(password, "XXXX");
      throw new ProviderError(
        `error connecting to PostgreSQL server ${host} (scheme: postgres): ${reason} (port ${port}, database ${database}, user ${username})`,
      );
    } finally {
      session.signal.removeEventListener("abort", stop);
    }
  }

  private async turn(): Promise<void> {
    while (this.free <= 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.free -= 1;
  }
}

/** An error of PostgreSQL as its Go driver words it. */
function worded(error: Error): string {
  const { severity } = error as Error & { severity?: string };
  return severity ? `pq: ${error.message}` : error.message;
}

function tls(
  mode: string,
): boolean | { rejectUnauthorized: boolean; checkServerIdentity?: () => undefined } {
  if (mode === "disable") return false;
  if (mode === "verify-full") return { rejectUnauthorized: true };
  if (mode === "verify-ca")
    return { rejectUnauthorized: true, checkServerIdentity: () => undefined };
  return { rejectUnauthorized: false };
}
