import type { Duplex } from "node:stream";

import { Client } from "pg";

import { connectError } from "./databaseErrors";
import type { Database, DatabaseLogin, Rows } from "./types";

/** How long the steps may take, in milliseconds. */
export interface DatabaseTimeouts {
  /** From the open connection to the first question: start-up and login. Default 15 s. */
  readonly connectMs: number;
  /** Saying goodbye. Default 2 s. */
  readonly endMs: number;
}

const defaults: DatabaseTimeouts = { connectMs: 15_000, endMs: 2_000 };

/** A logged-in session, and how it is getting on. */
export interface Session extends Database {
  /** Why the connection ended under us; undefined while it lives, or when it was ended here. */
  readonly lost: Error | undefined;
  /** Ends the session. Never throws, never takes longer than `endMs`. */
  end(): Promise<void>;
}

/**
 * Logs in to PostgreSQL over a connection that is open already. No TLS: the stream is private (SSH carries it). No login
 * is taken from PG* variables of the environment or a .pgpass file.
 *
 * @param stream the connection; destroyed when the login fails
 * @throws DatabaseError wrong password, no such database, too many connections, still starting, no answer, no PostgreSQL
 */
export async function openDatabase(
  stream: Duplex,
  login: DatabaseLogin,
  timeouts: Partial<DatabaseTimeouts> = {},
): Promise<Session> {
  const limits = { ...defaults, ...timeouts };
  const client = new Client({
    stream: () => asSocket(stream),
    host: "tunnel", // never looked up: the stream is open
    port: 5432,
    database: login.database,
    user: login.user,
    password: () => login.password,
    ssl: false,
    application_name: "immich-authentik-sso",
    client_encoding: "UTF8",
    connectionTimeoutMillis: limits.connectMs,
  });
  let lost: Error | undefined;
  let broken: Error | undefined;
  let ending = false;
  client.on("error", (error) => (lost ??= error));
  client.on("end", () => {
    if (!ending) lost ??= new Error("the connection was closed by the other side");
  });
  // The transport's own words say more than pg's.
  stream.on("error", (error: Error) => (lost = broken = error));
  try {
    await client.connect();
  } catch (error) {
    stream.destroy();
    throw connectError(broken ?? error, login, limits.connectMs);
  }
  return {
    query: async (text: string, values?: unknown[]): Promise<Rows> => {
      try {
        return await client.query(text, values);
      } catch (error) {
        // PostgreSQL says that it ends the session; that the connection is closed comes a moment later.
        if (error instanceof Error && "code" in error && /^57P0[123]$/.test(String(error.code))) {
          lost ??= error;
        }
        throw error;
      }
    },
    get lost() {
      return ending ? undefined : lost;
    },
    end: async () => {
      if (!lost) {
        ending = true;
        await within(client.end(), limits.endMs);
      }
      stream.destroy();
    },
  };
}

/**
 * The stream with the few methods of a socket that pg calls. It closes as soon as the other side ends it, as a socket does:
 * pg takes nothing but `close` for the end of a connection.
 */
function asSocket(stream: Duplex): Duplex {
  stream.once("end", () => stream.end());
  return Object.assign(stream, {
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    connect: () => {
      process.nextTick(() => stream.emit("connect"));
      return stream;
    },
  });
}

/** Waits for a promise, but not for long, and not for its failure. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((done) => (timer = setTimeout(done, ms)));
  await Promise.race([promise.catch(() => undefined), patience]);
  clearTimeout(timer);
}
