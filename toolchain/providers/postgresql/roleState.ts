// What a role is, as the database says.

import { createHash } from "node:crypto";

import { ProviderError } from "../../../plugin/provider";
import type { Values } from "../../../plugin/wire";
import type { Queryable } from "./connection";
import { isSuperuser } from "./sql";

/**
 * The properties of a role; undefined: there is none of that name.
 *
 * @param before What was known of it: some properties are kept by the provider alone.
 * @param readPassword Whether to look at the password's hash, which takes a superuser.
 */
export async function stateOf(
  db: Queryable,
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
    state[key] = value || 0;
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
async function passwordOf(db: Queryable, role: string, known: string): Promise<string> {
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

function unquoted(identifier: string): string {
  return identifier.replace(/^"(.*)"$/, "$1");
}
