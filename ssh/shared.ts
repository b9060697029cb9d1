import { createHash } from "node:crypto";

import { connect } from "./connection";
import type { OpenConnection, SshConnection } from "./openConnection";
import { SshTarget, SshTimeouts } from "./target";

/** A connection that nobody uses is closed after this many milliseconds. */
const idleMs = 30_000;
/** One that was not used for this long is asked for a sign of life before it is handed out again. */
const staleMs = 5_000;
/** … which has to come within this time. */
const aliveMs = 3_000;

interface Entry {
  readonly connection: Promise<OpenConnection>;
  lastUsed: number;
  timer?: NodeJS.Timeout;
}

const entries = new Map<string, Entry>();

/**
 * The process's one connection to `target`: dialled at the first call, given to every later one, dialled anew when it has
 * died, closed when idle. It never keeps the process from ending. Nobody but `closeShared` need close it.
 *
 * @throws SshError as `connect` does; a failed attempt is not remembered
 */
export async function shared(
  target: SshTarget,
  timeouts: Partial<SshTimeouts> = {},
): Promise<SshConnection> {
  const key = keyOf(target, timeouts);
  const entry = entries.get(key);
  if (entry) {
    const connection = await entry.connection;
    const stale = !connection.busy && Date.now() - entry.lastUsed > staleMs;
    if (!connection.death && (!stale || (await connection.alive(aliveMs)))) {
      touch(key, entry, connection);
      return connection;
    }
    if (entries.get(key) === entry) forget(key, entry);
    return shared(target, timeouts);
  }
  return dialShared(key, target, timeouts);
}

/** Closes every shared connection. */
export async function closeShared(): Promise<void> {
  const open = [...entries.entries()];
  for (const [key, entry] of open) {
    forget(key, entry);
    await entry.connection.then(
      (connection) => connection.close(),
      () => undefined,
    );
  }
}

async function dialShared(
  key: string,
  target: SshTarget,
  timeouts: Partial<SshTimeouts>,
): Promise<SshConnection> {
  const entry: Entry = { connection: connect(target, timeouts), lastUsed: Date.now() };
  entries.set(key, entry);
  try {
    const connection = await entry.connection;
    connection.onDeath(() => forget(key, entry));
    connection.onIdle = () => touch(key, entry, connection);
    touch(key, entry, connection);
    return connection;
  } catch (error) {
    forget(key, entry);
    throw error;
  }
}

/** Puts the end of an idle connection off. */
function touch(key: string, entry: Entry, connection: OpenConnection): void {
  entry.lastUsed = Date.now();
  clearTimeout(entry.timer);
  entry.timer = setTimeout(() => {
    if (connection.busy) return; // `onIdle` comes when that is over
    forget(key, entry);
    connection.close();
  }, idleMs).unref();
}

function forget(key: string, entry: Entry): void {
  clearTimeout(entry.timer);
  if (entries.get(key) === entry) entries.delete(key);
}

/** Same target, same login, same limits: same connection. Hashed, so that no key lies about as a map's key. */
function keyOf(target: SshTarget, timeouts: Partial<SshTimeouts>): string {
  return createHash("sha256")
    .update(JSON.stringify([target, timeouts]))
    .digest("hex");
}
