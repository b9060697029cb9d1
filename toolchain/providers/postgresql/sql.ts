// Statements that roles and grants share.

import { ProviderError } from "../../../plugin/provider";
import type { Queryable } from "./connection";

/** Quotes a name. */
export function name(identifier: string): string {
  return `"${identifier.split("\0")[0]?.replaceAll('"', '""')}"`;
}

/** Quotes a text. */
export function literal(value: string): string {
  const quoted = `'${value.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return value.includes("\\") ? `E${quoted}` : quoted;
}

/** Keeps other transactions of this provider away from a role until this one ends. */
export async function lockRole(db: Queryable, role: string): Promise<void> {
  await db.query("SET LOCAL statement_timeout = 0");
  await db.query("SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_roles WHERE rolname = $1", [
    role,
  ]);
  await db.query(
    "SELECT pg_advisory_xact_lock(member::bigint) FROM pg_auth_members " +
      "JOIN pg_roles ON roleid = pg_roles.oid WHERE rolname = $1",
    [role],
  );
}

/** Keeps other transactions of this provider away from a database's rights until this one ends. */
export async function lockDatabase(db: Queryable, database: string): Promise<void> {
  await db.query("SELECT pg_advisory_xact_lock(oid::bigint) FROM pg_database WHERE datname = $1", [
    database,
  ]);
}

/** Whether a query finds anything. */
export async function exists(db: Queryable, query: string, ...values: unknown[]): Promise<boolean> {
  return ((await db.query(query, values)).rowCount ?? 0) > 0;
}

/** Whether a role is a superuser. */
export async function isSuperuser(db: Queryable, role: string): Promise<boolean> {
  const found = await db.query("SELECT rolsuper FROM pg_roles WHERE rolname = $1", [role]);
  if (!found.rows[0])
    throw new ProviderError(`could not check if role ${role} is superuser: there is no such role`);
  return (found.rows[0] as { rolsuper: boolean }).rolsuper;
}

/**
 * Does something as a member of roles: whoever is not a superuser may touch only what belongs to a role
 * of its own. Memberships are as before when it is done.
 */
export async function asMemberOf(
  db: Queryable,
  roles: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const me = ((await db.query("SELECT CURRENT_USER AS me")).rows[0] as { me: string }).me;
  if (roles.length === 0 || (await isSuperuser(db, me))) return work();
  const joined: string[] = [];
  const left: string[] = [];
  for (const role of roles) {
    if (role === me || (await isSuperuser(db, role))) continue;
    // PostgreSQL allows no circles: a role that is a member of ours leaves for the while.
    if (await isMember(db, me, role)) {
      await db.query(`REVOKE ${name(me)} FROM ${name(role)}`);
      left.push(role);
    }
    if (!(await isMember(db, role, me))) {
      await db.query(`GRANT ${name(role)} TO ${name(me)}`);
      joined.push(role);
    }
  }
  await work();
  for (const role of joined) {
    if (await roleExists(db, role)) await db.query(`REVOKE ${name(role)} FROM ${name(me)}`);
  }
  for (const role of left) {
    if (await roleExists(db, role)) await db.query(`GRANT ${name(me)} TO ${name(role)}`);
  }
}

/** Whether there is such a role. */
export function roleExists(db: Queryable, role: string): Promise<boolean> {
  return exists(db, "SELECT 1 FROM pg_roles WHERE rolname = $1", role);
}

async function isMember(db: Queryable, role: string, member: string): Promise<boolean> {
  const setOption = await exists(
    db,
    "SELECT 1 FROM information_schema.columns WHERE table_name = 'pg_auth_members' AND column_name = 'set_option'",
  );
  return exists(
    db,
    "SELECT 1 FROM pg_auth_members WHERE pg_get_userbyid(roleid) = $1 AND pg_get_userbyid(member) = $2" +
      (setOption ? " AND set_option" : ""),
    role,
    member,
  );
}

/** Runs a statement; when it fails, says what was being done, in the words of the Go driver. */
export async function says<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ProviderError(`${what}: pq: ${(error as Error).message}`);
  }
}
