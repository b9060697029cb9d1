// The resource Role: a login; its id is its name.

import { createHash } from "node:crypto";
import type { Client } from "pg";

import { bridged, type Properties } from "../bridge";
import { ProviderError, type Resource, type Session } from "../provider";
import type { Values } from "../wire";
import type { Server } from "./connection";
import { asMemberOf, isSuperuser, literal, lockRole, name } from "./sql";

const flag = { type: "boolean", default: false } as const;

const properties: Properties = {
  name: { type: "string", autoNamed: true },
  password: { type: "string", secret: true },
  passwordWo: { type: "string", secret: true },
  passwordWoVersion: { type: "string" },
  encrypted: { type: "string" },
  roles: { type: "set" },
  searchPaths: { type: "list" },
  encryptedPassword: { type: "boolean", default: true },
  validUntil: { type: "string", default: "infinity" },
  connectionLimit: { type: "number", default: -1 },
  superuser: flag,
  createDatabase: flag,
  createRole: flag,
  inherit: { type: "boolean", default: true },
  login: flag,
  replication: flag,
  bypassRowLevelSecurity: flag,
  skipDropRole: flag,
  skipReassignOwned: flag,
  idleInTransactionSessionTimeout: { type: "number" },
  statementTimeout: { type: "number" },
  assumeRole: { type: "string" },
};

/** Properties that are a word of CREATE ROLE and ALTER ROLE. */
const words: Record<string, string> = {
  superuser: "SUPERUSER",
  createDatabase: "CREATEDB",
  createRole: "CREATEROLE",
  inherit: "INHERIT",
  login: "LOGIN",
  bypassRowLevelSecurity: "BYPASSRLS",
  replication: "REPLICATION",
};

/** Role, as the plugin `postgresql` has it. */
export function role(server: () => Server): Resource {
  const read = (
    id: string,
    before: Values,
    session: Session,
  ): Promise<{ id: string; state: Values } | undefined> =>
    server().transaction(undefined, session, async (db) => {
      const state = await stateOf(db, id, before, server().config.superuser);
      return state && { id, state };
    });

  const written = async (
    db: Client,
    id: string,
    wanted: Values,
  ): Promise<{ id: string; state: Values }> => ({
    id,
    state: (await stateOf(db, id, wanted, server().config.superuser)) ?? {},
  });

  return bridged(
    properties,
    {
      async create(wanted, session) {
        const role = String(wanted["name"]);
        return server().transaction(undefined, session, async (db) => {
          await says(`error creating role ${role}`, () =>
            db.query(`CREATE ROLE ${name(role)} WITH ${options(wanted)}`),
          );
          for (const other of texts(wanted["roles"])) {
            await says(`could not grant role ${other} to ${role}`, () =>
              db.query(`GRANT ${name(other)} TO ${name(role)}`),
            );
          }
          await settings(db, role, {}, wanted);
          return written(db, role, wanted);
        });
      },

      read,

      async update(id, state, wanted, session) {
        const role = String(wanted["name"]);
        const { state: now } = await server().transaction(undefined, session, async (db) => {
          await lockRole(db, id);
          if (role !== id) {
            await says("error updating role NAME", () =>
              db.query(`ALTER ROLE ${name(id)} RENAME TO ${name(role)}`),
            );
          }
          for (const change of changed(id, state, wanted)) {
            await says(`error updating role ${role}`, () =>
              db.query(`ALTER ROLE ${name(role)} ${change}`),
            );
          }
          await memberships(db, role, texts(wanted["roles"]));
          await settings(db, role, state, wanted);
          return written(db, role, wanted);
        });
        return now;
      },

      async delete(id, state, session) {
        await server().transaction(undefined, session, async (db) => {
          await lockRole(db, id);
          const me = server().user;
          if (state["skipReassignOwned"] !== true) {
            await asMemberOf(db, [id], async () => {
              await says(`could not reassign owned by role ${id} to ${me}`, () =>
                db.query(`REASSIGN OWNED BY ${name(id)} TO ${name(me)}`),
              );
              await says(`could not drop owned by role ${id}`, () =>
                db.query(`DROP OWNED BY ${name(id)}`),
              );
            });
          }
          if (state["skipDropRole"] !== true) {
            await says(`could not delete role ${id}`, () => db.query(`DROP ROLE ${name(id)}`));
          }
        });
      },
    },
    { defaultsAmongInputs: true },
  );
}

/** Everything that CREATE ROLE says after WITH. */
function options(wanted: Values): string {
  const password = wanted["password"] ?? wanted["passwordWo"];
  const parts: string[] = [];
  if (password) {
    if (String(password).toUpperCase() === "NULL") parts.push("PASSWORD NULL");
    else {
      parts.push(wanted["encryptedPassword"] === false ? "UNENCRYPTED" : "ENCRYPTED");
      parts.push(`PASSWORD ${literal(String(password))}`);
    }
  }
  parts.push(`VALID UNTIL ${literal(String(wanted["validUntil"]).toLowerCase())}`);
  parts.push(`CONNECTION LIMIT ${Number(wanted["connectionLimit"])}`);
  for (const [key, word] of Object.entries(words))
    parts.push(wanted[key] === true ? word : `NO${word}`);
  return parts.join(" ");
}

/** What ALTER ROLE says for every property that is another now. */
function changed(id: string, state: Values, wanted: Values): string[] {
  const parts: string[] = [];
  const differs = (key: string): boolean => state[key] !== wanted[key];
  const renewed = wanted["passwordWo"]
    ? differs("passwordWoVersion")
    : differs("password") || id !== wanted["name"];
  const password = wanted["passwordWo"] ?? wanted["password"];
  if (renewed && password) parts.push(`PASSWORD ${literal(String(password))}`);
  for (const [key, word] of Object.entries(words)) {
    if (differs(key)) parts.push(`WITH ${wanted[key] === true ? word : `NO${word}`}`);
  }
  if (differs("connectionLimit"))
    parts.push(`CONNECTION LIMIT ${Number(wanted["connectionLimit"])}`);
  if (differs("validUntil"))
    parts.push(`VALID UNTIL ${literal(String(wanted["validUntil"]).toLowerCase())}`);
  return parts;
}

async function memberships(db: Client, role: string, wanted: readonly string[]): Promise<void> {
  const found = await db.query(
    "SELECT pg_get_userbyid(roleid) AS of FROM pg_catalog.pg_auth_members m " +
      "JOIN pg_catalog.pg_roles ON m.member = pg_roles.oid WHERE rolname = $1",
    [role],
  );
  for (const { of } of found.rows as { of: string }[]) {
    await says(`could not revoke role ${of} from ${role}`, () =>
      db.query(`REVOKE ${name(of)} FROM ${name(role)}`),
    );
  }
  for (const other of wanted) {
    await says(`could not grant role ${other} to ${role}`, () =>
      db.query(`GRANT ${name(other)} TO ${name(role)}`),
    );
  }
}

/** What a role sets for its sessions. */
async function settings(db: Client, role: string, state: Values, wanted: Values): Promise<void> {
  const path = texts(wanted["searchPaths"]).map(name).join(", ");
  await db.query(`ALTER ROLE ${name(role)} SET search_path TO ${path || "DEFAULT"}`);
  const set = async (key: string, setting: string, value: string | undefined): Promise<void> => {
    if (state[key] === wanted[key]) return;
    await db.query(
      `ALTER ROLE ${name(role)} ${value ? `SET ${setting} TO ${value}` : `RESET ${setting}`}`,
    );
  };
  const number = (key: string): string | undefined =>
    wanted[key] ? String(Number(wanted[key])) : undefined;
  await set("statementTimeout", "statement_timeout", number("statementTimeout"));
  const idle = "idleInTransactionSessionTimeout";
  await set(idle, "idle_in_transaction_session_timeout", number(idle));
  const assumed = wanted["assumeRole"];
  await set("assumeRole", "role", assumed ? name(String(assumed)) : undefined);
}

async function stateOf(
  db: Client,
  role: string,
  before: Values,
  readPassword: boolean,
): Promise<Values | undefined> {
  const found = await db.query(
    "SELECT r.*, COALESCE(rolvaliduntil::text, 'infinity') AS until, ARRAY(SELECT pg_get_userbyid(roleid)::text " +
      "FROM pg_catalog.pg_auth_members WHERE member = r.oid) AS roles FROM pg_catalog.pg_roles r WHERE rolname = $1",
    [role],
  );
  const row = found.rows[0] as
    | (Record<string, boolean> & {
        rolconnlimit: number;
        until: string;
        roles: string[];
        rolconfig: string[] | null;
      })
    | undefined;
  if (!row) return undefined;
  const config = (setting: string): string =>
    row.rolconfig?.find((item) => item.startsWith(`${setting}=`))?.slice(setting.length + 1) ?? "";
  const state: Values = {
    name: role,
    connectionLimit: row.rolconnlimit,
    createDatabase: row["rolcreatedb"] === true,
    createRole: row["rolcreaterole"] === true,
    encryptedPassword: true,
    inherit: row["rolinherit"] === true,
    login: row["rolcanlogin"] === true,
    superuser: row["rolsuper"] === true,
    replication: row["rolreplication"] === true,
    bypassRowLevelSecurity: row["rolbypassrls"] === true,
    skipDropRole: before["skipDropRole"] === true,
    skipReassignOwned: before["skipReassignOwned"] === true,
    validUntil: row.until,
    roles: row.roles,
    searchPaths: config("search_path") ? config("search_path").split(", ").map(unquoted) : [],
    assumeRole: unquoted(config("role")),
  };
  for (const key of ["statementTimeout", "idleInTransactionSessionTimeout"] as const) {
    const value = parseInt(
      config(
        key === "statementTimeout" ? "statement_timeout" : "idle_in_transaction_session_timeout",
      ),
      10,
    );
    if (value) state[key] = value;
  }
  if (before["passwordWoVersion"]) state["passwordWoVersion"] = before["passwordWoVersion"];
  const password = String(before["password"] ?? "");
  if (password) {
    const readable = readPassword && state["login"] === true;
    state["password"] = readable ? await passwordOf(db, role, password) : password;
  }
  return state;
}

/** The password of the state where it may still be right, else the hash that the server has. */
async function passwordOf(db: Client, role: string, known: string): Promise<string> {
  const me = ((await db.query("SELECT CURRENT_USER AS me")).rows[0] as { me: string }).me;
  if (!(await isSuperuser(db, me))) {
    throw new ProviderError(
      `could not read role password from Postgres as connected user ${me} is not a SUPERUSER. ` +
        "You can set `superuser = false` in the provider configuration so it will not try to read the password from Postgres",
    );
  }
  const found = await db.query(
    "SELECT COALESCE(passwd, '') AS hash FROM pg_catalog.pg_shadow WHERE usename = $1",
    [role],
  );
  const hash = (found.rows[0] as { hash: string } | undefined)?.hash ?? "";
  if (/^(md5|SCRAM-SHA-256)/.test(known)) return hash;
  if (hash.startsWith("SCRAM-SHA-256")) return known;
  return hash ===
    `md5${createHash("md5")
      .update(known + role)
      .digest("hex")}`
    ? known
    : hash;
}

async function says<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ProviderError(`${what}: pq: ${(error as Error).message}`);
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function unquoted(identifier: string): string {
  return identifier.replace(/^"(.*)"$/, "$1");
}
