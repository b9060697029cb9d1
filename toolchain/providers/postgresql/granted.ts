// What a role may do, as the database says.

import { ProviderError } from "../../../plugin/provider";
import type { Values } from "../../../plugin/wire";
import type { Queryable } from "./connection";
import { allowed, type Rights } from "./privileges";

/** What differs from the rights that are wanted, as properties; empty: nothing does. */
export async function granted(db: Queryable, rights: Rights): Promise<Values> {
  const role = await oidOf(db, rights.role);
  switch (rights.objectType) {
    case "database":
      return whole(
        db,
        rights,
        "SELECT aclexplode(datacl) AS acl FROM pg_database WHERE datname = $1",
        rights.database,
        role,
      );
    case "schema":
      return whole(
        db,
        rights,
        "SELECT aclexplode(nspacl) AS acl FROM pg_namespace WHERE nspname = $1",
        rights.schema,
        role,
      );
    case "foreign_data_wrapper":
      return whole(
        db,
        rights,
        "SELECT aclexplode(fdwacl) AS acl FROM pg_foreign_data_wrapper WHERE fdwname = $1",
        rights.objects[0] ?? "",
        role,
      );
    case "foreign_server":
      return whole(
        db,
        rights,
        "SELECT aclexplode(srvacl) AS acl FROM pg_foreign_server WHERE srvname = $1",
        rights.objects[0] ?? "",
        role,
      );
    case "column":
      return ofColumns(db, rights, role);
    default:
      return ofObjects(db, rights, role);
  }
}

async function whole(
  db: Queryable,
  rights: Rights,
  acl: string,
  object: string,
  role: number,
): Promise<Values> {
  const found = await db.query(
    `SELECT ARRAY(SELECT (acl).privilege_type FROM (${acl}) AS explode WHERE (acl).grantee = $2) AS privileges`,
    [object, role],
  );
  return different(rights, (found.rows[0] as { privileges: string[] }).privileges);
}

/** Every object must have the privileges; those of the first that has not are the answer. */
async function ofObjects(db: Queryable, rights: Rights, role: number): Promise<Values> {
  const isRoutine = ["function", "procedure", "routine"].includes(rights.objectType);
  const query = isRoutine
    ? "SELECT proname::text AS object, ARRAY(SELECT privilege_type FROM aclexplode(proacl) WHERE grantee = $1) AS privileges " +
      "FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace WHERE nspname = $2"
    : "SELECT relname::text AS object, ARRAY(SELECT privilege_type FROM aclexplode(relacl) WHERE grantee = $1) AS privileges " +
      "FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = $2 AND relkind = $3";
  const kind = rights.objectType === "sequence" ? "S" : "r";
  const found = await db.query(
    query,
    isRoutine ? [role, rights.schema] : [role, rights.schema, kind],
  );
  const names = rights.objects.map((object) => object.split("(")[0]);
  for (const { object, privileges } of found.rows as { object: string; privileges: string[] }[]) {
    if (names.length > 0 && !names.includes(object)) continue;
    const difference = different(rights, privileges);
    if (Object.keys(difference).length > 0) return difference;
  }
  return {};
}

async function ofColumns(db: Queryable, rights: Rights, role: number): Promise<Values> {
  const found = await db.query(
    "SELECT attname::text AS column FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace " +
      "JOIN pg_attribute ON pg_class.oid = attrelid, aclexplode(attacl) AS acl " +
      "WHERE nspname = $1 AND relname = $2 AND acl.grantee = $3 AND acl.privilege_type = $4",
    [rights.schema, rights.objects[0] ?? "", role, rights.privileges[0] ?? ""],
  );
  const has = (found.rows as { column: string }[]).map(({ column }) => column);
  const kept = rights.columns.filter((column) => has.includes(column));
  return kept.length === rights.columns.length ? {} : { columns: kept };
}

function different(rights: Rights, has: readonly string[]): Values {
  const now = [...has].sort();
  if (same(now, rights.privileges)) return {};
  const all = (allowed[rights.objectType] ?? []).filter((privilege) => privilege !== "ALL");
  // PostgreSQL before 17 has no MAINTAIN.
  const older = all.filter((privilege) => privilege !== "MAINTAIN");
  if (rights.privileges.includes("ALL") && (same(now, all) || same(now, older))) return {};
  return { privileges: now };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return (
    a.length === b.length && [...a].sort().every((item, index) => item === [...b].sort()[index])
  );
}

async function oidOf(db: Queryable, role: string): Promise<number> {
  if (role === "public") return 0;
  const found = await db.query("SELECT oid::int8::text AS oid FROM pg_roles WHERE rolname = $1", [
    role,
  ]);
  const row = found.rows[0] as { oid: string } | undefined;
  if (!row) throw new ProviderError(`could not find oid for role ${role}`);
  return Number(row.oid);
}
