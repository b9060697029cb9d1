/** The way from here to a session with Immich's PostgreSQL, and one more try where a first one was cut off. */
import type { SshConnection } from "../ssh/openConnection";
import { openContainerPort } from "../ssh/container";
import { SshError } from "../ssh/errors";
import { shared } from "../ssh/shared";
import { addressOf, type SshTarget, type SshTimeouts } from "../ssh/target";
import { type DatabaseTimeouts, openDatabase, type Session } from "./database";
import { DatabaseError } from "./databaseErrors";
import { SettingsError } from "./errors";
import { askServer, type ServerAnswers } from "./server";
import type { Timeouts } from "./transaction";
import type { StoreName } from "./types";

/** Where Immich's settings are and how to get there. */
export interface RowContext {
  readonly ssh: SshTarget;
  /** `docker`, `podman`, or either behind `sudo -n`. */
  readonly runtime: string;
  /** PostgreSQL's container. */
  readonly container: string;
  /** PostgreSQL's port in the container. */
  readonly port: number;
  readonly database: string;
  /** The Postgres login; its password is secret. */
  readonly login: { readonly user: string; readonly password: string };
  readonly store: StoreName;
  /** Where Immich's public API answers; asked for the version. Default: not asked. */
  readonly immichApiUrl?: string;
  /** Compose service of Immich's server; looked at when the API can't be reached. Default: not looked at. */
  readonly composeService?: string;
  /** Directory of Immich's Compose file, where it is known. */
  readonly composeDirectory?: string;
  /** Default: those of each step. */
  readonly timeouts?: RowTimeouts;
}

/** Time-outs of all steps, in milliseconds; what is not given has its own default. */
export interface RowTimeouts {
  readonly ssh?: Partial<SshTimeouts>;
  readonly database?: Partial<DatabaseTimeouts>;
  readonly settings?: Partial<Timeouts>;
  /** Asking Immich's public API. Default 5 s. */
  readonly serverMs?: number;
  /** Pause before the second try. Default 500 ms. */
  readonly pauseMs?: number;
}

/** What an operation works with. */
export interface Reached {
  readonly ssh: SshConnection;
  readonly db: Session;
  /** What Immich's public API says of it. */
  readonly server: ServerAnswers;
  /** The database in words. */
  readonly where: string;
}

/**
 * Opens a session with Immich's PostgreSQL for `work`, and ends it afterwards.
 *
 * When the connection is cut off, at whatever point, all of it is tried once more: every operation here may be run again,
 * as it looks at what is there before it writes. Silence is not tried again: a session that may still hold its locks would
 * be in the way of the next one.
 *
 * @throws SshError, DatabaseError, SettingsError
 */
export async function reach<T>(
  context: RowContext,
  work: (reached: Reached) => Promise<T>,
): Promise<T> {
  const asked = context.immichApiUrl
    ? askServer(context.immichApiUrl, { timeoutMs: context.timeouts?.serverMs ?? 5_000 })
    : Promise.resolve<ServerAnswers>({ reachable: false });
  try {
    return await once(context, asked, work);
  } catch (error) {
    if (!(error instanceof CutOff)) throw error;
    await new Promise((resolve) => setTimeout(resolve, context.timeouts?.pauseMs ?? 500));
  }
  try {
    return await once(context, asked, work);
  } catch (error) {
    throw error instanceof CutOff ? error.cause : error;
  }
}

/** A failure after which another try makes sense; the failure itself is its cause. */
class CutOff extends Error {
  constructor(override readonly cause: unknown) {
    super("cut off");
  }
}

async function once<T>(
  context: RowContext,
  asked: Promise<ServerAnswers>,
  work: (reached: Reached) => Promise<T>,
): Promise<T> {
  const { ssh: target, login, database, timeouts } = context;
  const at = addressOf(target.host, target.port).replace(/:22$/, "");
  const where = `${database} in container ${context.container} at ${target.user}@${at}`;
  let db: Session | undefined;
  try {
    const ssh = await shared(target, timeouts?.ssh);
    const channel = await openContainerPort(ssh, context);
    db = await openDatabase(channel, { ...login, database, where }, timeouts?.database);
    return await work({ ssh, db, server: await asked, where });
  } catch (error) {
    throw worthAnother(error, db) ? new CutOff(error) : error;
  } finally {
    await db?.end();
  }
}

function worthAnother(error: unknown, db: Session | undefined): boolean {
  if (error instanceof SshError) return error.kind === "lost";
  if (error instanceof DatabaseError) return error.transient;
  return error instanceof SettingsError && error.connectionLost && db?.lost !== undefined;
}
