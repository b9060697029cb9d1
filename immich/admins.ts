/** Who administers an Immich, by its own table of people. */
import type { Query } from "./types";

/** One of Immich's administrators. */
export interface Admin {
  /** In lower case, as Immich stores it. */
  readonly email: string;
  /** Whether the account is linked to a user of the OpenID provider. */
  readonly linked: boolean;
  /** Which: the provider's `sub`; empty where it is not linked. */
  readonly oauthId: string;
}

// The table was renamed after 1.135 (seen on 3.1.0). The columns are the same in 1.105.1, 1.135.3 and 3.1.0.
const TABLES = ['public."user"', "public.users"];
const COLUMNS = ["email", "isAdmin", "oauthId", "deletedAt"];

/**
 * Immich's administrators, deleted ones left out. Reads only; asks by catalogue functions first, as a refused SELECT
 * would end a transaction.
 *
 * @returns undefined where the table can't be seen: another login (a dedicated one may not), other columns
 */
export async function readAdmins(query: Query): Promise<readonly Admin[] | undefined> {
  for (const table of TABLES) {
    const { rows } = await query(
      `SELECT COALESCE(has_table_privilege(to_regclass($1), 'SELECT'), false) AS may,
        (SELECT count(*)::int FROM pg_attribute
          WHERE attrelid = to_regclass($1) AND attname = ANY($2) AND NOT attisdropped) AS columns`,
      [table, COLUMNS],
    );
    if (rows[0]?.["may"] !== true || rows[0]["columns"] !== COLUMNS.length) continue;
    const admins = await query(
      `SELECT lower(email) AS email, "oauthId" FROM ${table}
        WHERE "isAdmin" AND "deletedAt" IS NULL ORDER BY 1`,
    );
    return admins.rows.map(({ email, oauthId }) => ({
      email: String(email),
      linked: oauthId !== "",
      oauthId: String(oauthId),
    }));
  }
  return undefined;
}
