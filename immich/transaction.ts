import { Cut, defect, explain, isCut, refusedByServer, SettingsError } from "./errors";
import type { Database, Query, Rows } from "./types";

/** How long each thing may take, in milliseconds. */
export interface Timeouts {
  /** Waiting for somebody else's lock. Default 10 s. */
  readonly lock: number;
  /** One statement at the server. Default 15 s. */
  readonly statement: number;
  /** How long the server keeps our lock when it hears nothing from us any more. Default 20 s. */
  readonly idle: number;
  /** Waiting for an answer to arrive here. Default 20 s: longer than the server's own limits, so that it can say why. */
  readonly answer: number;
}

/** The limits that are used where none are given. */
export const TIMEOUTS: Timeouts = {
  lock: 10_000,
  statement: 15_000,
  idle: 20_000,
  answer: 20_000,
};

/** What a transaction is for, for its messages, and how long it may take. */
export interface Purpose {
  /** "Writing Immich's settings" */
  readonly doing: string;
  /** `table system_metadata of database "immich"` */
  readonly where: string;
  readonly readOnly: boolean;
  readonly timeouts: Timeouts;
}

/** What the work in a transaction came to, and whether there is anything to commit. */
export interface Outcome<T> {
  readonly result: T;
  readonly commit: boolean;
}

/**
 * Runs `work` in one transaction, with time-outs at both ends: all of it is done, or none.
 *
 * @throws SettingsError; after `cut` and `commit-unknown` the connection must be ended
 */
export async function transaction<T>(
  db: Database,
  purpose: Purpose,
  work: (query: Query) => Promise<Outcome<T>>,
): Promise<T> {
  const { doing, where } = purpose;
  const fromDatabase = new Set<unknown>();
  const query: Query = (text, values) =>
    answered(db.query(text, values), purpose.timeouts.answer).catch((error: unknown) => {
      fromDatabase.add(error);
      throw error;
    });
  let outcome: Outcome<T>;
  try {
    await query(opening(purpose));
    outcome = await work(query);
  } catch (error) {
    const lost =
      error instanceof SettingsError
        ? error.connectionLost
        : fromDatabase.has(error) && isCut(error);
    if (!lost) await query("ROLLBACK").catch(() => undefined);
    if (error instanceof SettingsError) throw error;
    throw (fromDatabase.has(error) ? explain : defect)(error, doing, where);
  }
  if (!outcome.commit) {
    // A read has its answer already; a transaction that wrote something else is ended by the server with the connection.
    await query("ROLLBACK").catch(() => undefined);
    return outcome.result;
  }
  let ended: Rows;
  try {
    ended = await query("COMMIT");
  } catch (error) {
    if (refusedByServer(error)) throw explain(error, doing, where);
    throw new SettingsError(
      "commit-unknown",
      `${doing} in ${where}: the connection was lost after COMMIT was sent and before its answer came. The settings are either all old or all new. Run the same command again: it looks at what is there, and finishes.`,
      true,
    );
  }
  if (ended.command !== "COMMIT") {
    throw new SettingsError(
      "database",
      `${doing} in ${where}: PostgreSQL answered ${String(ended.command)} to COMMIT, so nothing has been changed. Run the same command again.`,
    );
  }
  return outcome.result;
}

function opening({ readOnly, timeouts }: Purpose): string {
  return [
    `BEGIN ISOLATION LEVEL READ COMMITTED ${readOnly ? "READ ONLY" : "READ WRITE"}`,
    `SET LOCAL lock_timeout TO ${timeouts.lock}`,
    `SET LOCAL statement_timeout TO ${timeouts.statement}`,
    `SET LOCAL idle_in_transaction_session_timeout TO ${timeouts.idle}`,
    "SET LOCAL search_path TO pg_catalog, public",
  ].join("; ");
}

/** The answer, or a {@link Cut} when none comes: a connection can be dead without either end knowing. */
function answered(answer: Promise<Rows>, milliseconds: number): Promise<Rows> {
  return new Promise((done, fail) => {
    const timer = setTimeout(
      () => fail(new Cut(`no answer within ${milliseconds / 1000} s`)),
      milliseconds,
    );
    answer.then(done, fail).finally(() => clearTimeout(timer));
  });
}
