/** A PostgreSQL in which there is what a recorded call found. */
import type { Client } from "pg";

import type { Props } from "../plugin";
import type { Call } from "./recorded";

const role = "immich_sso_sandbox";

/** Makes the role and its rights as they were at a call. */
export async function prepareDatabase(admin: Client, call: Call): Promise<void> {
  const exists = await admin.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
  if (exists.rowCount) await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  const told = (call.answer?.["properties"] ?? {}) as Props;
  const isRole = call.type?.endsWith(":Role") === true;
  const isThere =
    (call.method === "Read" && Object.keys(told).length > 0) ||
    call.method === "Update" ||
    call.method === "Delete" ||
    !isRole;
  if (!isThere || (!isRole && call.method === "Read" && Object.keys(told).length === 0)) return;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`);
  const { privileges } = told;
  if (!isRole && call.method === "Read" && Array.isArray(privileges) && privileges.length > 0) {
    await admin.query(`GRANT ${privileges.join(", ")} ON system_metadata TO ${role}`);
  }
}
