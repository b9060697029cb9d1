// The resource Grant: what a role may do with objects of one type. Only its privileges change in place.

import { bridged } from "../bridge";
import { oneOf, type Properties } from "../properties";
import { ProviderError, type Resource } from "../../../plugin/provider";
import type { Values } from "../../../plugin/wire";
import type { Queryable, Server } from "./connection";
import { failed } from "./failed";
import { granted } from "./granted";
import { allowed, grantSql, revokeSql, type Rights, withoutSchema } from "./privileges";
import { asMemberOf, exists, lockDatabase, lockRole, roleExists } from "./sql";

const fixed = { type: "string", replaces: true } as const;

const properties: Properties = {
  role: { ...fixed, required: true },
  database: { ...fixed, required: true },
  schema: fixed,
  objectType: { ...fixed, required: true, check: oneOf(...Object.keys(allowed)) },
  objects: { type: "set", replaces: true },
  columns: { type: "set", replaces: true },
  privileges: { type: "set", required: true },
  withGrantOption: { type: "boolean", replaces: true, default: false },
};

const stables = Object.keys(properties)
  .filter((key) => properties[key]?.replaces)
  .sort();

/** Grant, as the plugin `postgresql` has it. */
export function grant(server: () => Server): Resource {
  return bridged(
    properties,
    {
      async create(wanted, session) {
        const rights = rightsOf(wanted);
        validate(rights);
        await server().transaction(rights.database, session, (db) => write(db, rights, rights));
        return { id: idOf(rights), state: wanted };
      },

      async read(id, state, session) {
        if (!state["role"]) {
          throw new ProviderError(
            `The grant ${id} cannot be imported: a grant has no existence of its own. Leave it out of the import; ` +
              "npx pulumi up makes it, and making it again changes nothing.",
          );
        }
        const rights = rightsOf(state);
        if (rights.database !== server().config.database) {
          const found = await server().transaction(undefined, session, (db) =>
            exists(db, "SELECT 1 FROM pg_database WHERE datname = $1", rights.database),
          );
          if (!found) return undefined;
        }
        return server().transaction(rights.database, session, async (db) => {
          if (!(await isThere(db, rights))) return undefined;
          return { id: idOf(rights), state: { ...state, ...(await granted(db, rights)) } };
        });
      },

      async update(_id, state, wanted, session) {
        const rights = rightsOf(wanted);
        validate(rights);
        await server().transaction(rights.database, session, (db) =>
          write(db, rightsOf(state), rights),
        );
        return wanted;
      },

      async delete(_id, state, session) {
        const rights = rightsOf(state);
        await server().transaction(rights.database, session, async (db) => {
          await locked(db, rights);
          await asMemberOf(db, await owners(db, rights), () => revoke(db, rights));
        });
      },
    },
    // Revoking the old after granting the new would take away what was just given.
    { bridged: "built", idAmongOutputs: true, deleteFirst: true, stables, failed },
  );
}

/** Takes the old privileges and gives the new ones, in one transaction: the role is never without. */
async function write(db: Queryable, old: Rights, rights: Rights): Promise<void> {
  await locked(db, rights);
  await asMemberOf(db, await owners(db, rights), async () => {
    await revoke(db, old);
    if (rights.privileges.length > 0) await said(db, grantSql(rights));
  });
}

async function revoke(db: Queryable, rights: Rights): Promise<void> {
  const statement = revokeSql(rights);
  if (!statement) return;
  try {
    await db.query(statement);
  } catch (error) {
    throw new ProviderError(`could not execute revoke query: pq: ${(error as Error).message}`);
  }
}

async function said(db: Queryable, statement: string): Promise<void> {
  try {
    await db.query(statement);
  } catch (error) {
    throw new ProviderError(`pq: ${(error as Error).message} (${statement})`);
  }
}

async function locked(db: Queryable, rights: Rights): Promise<void> {
  await lockRole(db, rights.role);
  if (rights.objectType === "database") await lockDatabase(db, rights.database);
}

/** The roles that own what is granted: whoever is not a superuser must be one of them. */
async function owners(db: Queryable, { objectType, schema }: Rights): Promise<string[]> {
  if (withoutSchema.includes(objectType)) return [];
  const queries = [
    "SELECT rolname::text AS owner FROM pg_namespace JOIN pg_roles ON nspowner = pg_roles.oid WHERE nspname = $1",
    ...(objectType === "schema"
      ? []
      : ["SELECT DISTINCT tableowner::text AS owner FROM pg_tables WHERE schemaname = $1"]),
  ];
  const found = new Set<string>();
  for (const query of queries) {
    for (const { owner } of (await db.query(query, [schema])).rows as { owner: string }[])
      found.add(owner);
  }
  if (found.size === 0) {
    throw new ProviderError(`could not find schema '${schema}' while looking for owner`);
  }
  if (found.delete("pg_database_owner")) {
    const of = await db.query(
      "SELECT rolname::text AS owner FROM pg_database JOIN pg_roles ON datdba = pg_roles.oid WHERE datname = current_database()",
    );
    found.add((of.rows[0] as { owner: string }).owner);
  }
  return [...found];
}

async function isThere(db: Queryable, { role, schema, objectType }: Rights): Promise<boolean> {
  if (role !== "public" && !(await roleExists(db, role))) return false;
  if (withoutSchema.includes(objectType) || !schema) return true;
  return exists(db, "SELECT 1 FROM pg_namespace WHERE nspname = $1", schema);
}

function validate({ objectType, schema, objects, columns, privileges }: Rights): void {
  const named = objectType === "foreign_data_wrapper" || objectType === "foreign_server";
  const problems: [boolean, string][] = [
    [
      !schema && !withoutSchema.includes(objectType),
      "parameter 'schema' is mandatory for postgresql_grant resource",
    ],
    [
      objects.length > 0 && (objectType === "database" || objectType === "schema"),
      "cannot specify `objects` when `object_type` is `database` or `schema`",
    ],
    [
      columns.length > 0 && objectType !== "column",
      "cannot specify `columns` when `object_type` is not `column`",
    ],
    [
      columns.length === 0 && objectType === "column",
      "must specify `columns` when `object_type` is `column`",
    ],
    [
      privileges.length !== 1 && objectType === "column",
      "must specify exactly 1 `privileges` when `object_type` is `column`",
    ],
    [
      objects.length !== 1 && objectType === "column",
      "must specify exactly 1 table in the `objects` field when `object_type` is `column`",
    ],
    [
      objects.length !== 1 && named,
      "one element must be specified in `objects` when `object_type` is `foreign_data_wrapper` or `foreign_server`",
    ],
  ];
  for (const [wrong, problem] of problems) if (wrong) throw new ProviderError(problem);
  for (const privilege of privileges) {
    if (!allowed[objectType]?.includes(privilege)) {
      throw new ProviderError(
        `${privilege} is not an allowed privilege for object type ${objectType}`,
      );
    }
  }
}

function rightsOf(values: Values): Rights {
  const text = (key: string): string => String(values[key] ?? "");
  const list = (key: string): string[] =>
    Array.isArray(values[key]) ? (values[key] as string[]).map(String).sort() : [];
  return {
    role: text("role"),
    database: text("database"),
    schema: text("schema"),
    objectType: text("objectType"),
    objects: list("objects"),
    columns: list("columns"),
    privileges: list("privileges"),
    withGrantOption: values["withGrantOption"] === true,
  };
}

function idOf({ role, database, schema, objectType, objects, columns }: Rights): string {
  const scope = withoutSchema.includes(objectType) ? [] : [schema];
  return [role, database, ...scope, objectType, ...objects, ...columns].join("_");
}
