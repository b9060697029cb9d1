// The statements that make a role what it is to be.

import type { Values } from "../../../plugin/wire";
import type { Queryable } from "./connection";
import { literal, name, says } from "./sql";

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

/** Everything that CREATE ROLE says after WITH. */
export function options(wanted: Values): string {
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
export function changed(id: string, state: Values, wanted: Values): string[] {
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

/** Makes a role a member of these roles and of no others. */
export async function memberships(
  db: Queryable,
  role: string,
  wanted: readonly string[],
): Promise<void> {
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
export async function settings(
  db: Queryable,
  role: string,
  state: Values,
  wanted: Values,
): Promise<void> {
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

/** The elements of a list of texts. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
