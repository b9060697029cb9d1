import type { Session } from "../immich/database";

/**
 * Which database this is, however it was reached: the identifier that `initdb` gave its cluster, and the database's own
 * number in it. A copy made by dump and restore is another database.
 *
 * @returns for example `7431092938475610293/16384`
 */
export async function databaseId(db: Pick<Session, "query">): Promise<string> {
  const { rows } = await db.query(
    `SELECT (SELECT system_identifier FROM pg_control_system())::text AS cluster,
       (SELECT oid FROM pg_database WHERE datname = current_database())::text AS database`,
  );
  return `${String(rows[0]?.["cluster"])}/${String(rows[0]?.["database"])}`;
}
