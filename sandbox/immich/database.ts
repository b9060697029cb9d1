/** Immich's tables, as far as this server needs them: made when missing, moved on an upgrade. */
import { Pool } from "pg";
import { type JsonObject, leaves, setPath } from "./merge";
import type { Traits, Version } from "./versions";

/** Connects to Immich's database. Lost connections are dialled again on the next query. */
export function openDatabase(url: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 10_000,
    application_name: "immich",
  });
  // An idle connection that breaks is no reason to die: the next query tells.
  pool.on("error", () => undefined);
  return pool;
}

/**
 * Makes what is missing and brings the settings to where `version` keeps them, in one transaction.
 *
 * @throws Error when a stored value is not JSON: Immich's own upgrade fails on it, too.
 */
export async function migrate(pool: Pool, version: Version, traits: Traits): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    // Two servers that start at once must not make the same table twice.
    await client.query("SELECT pg_advisory_xact_lock(200)");
    await client.query(metadata(traits) + people(traits));
    if (!traits.document || traits.emptyOldTable) await client.query(OLD_SETTINGS);
    if (traits.document) await moveSettings(client, traits);
    await client.query(FIRST_ROWS);
    if (traits.history) await client.query(HISTORY);
    if (traits.history) await client.query(NEW_VERSION, [version.text]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

interface Queries {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ rows: { key: string; value: string | null }[] }>;
}

/** What 1.106.0's migration does: the rows become one document, the old table is emptied. */
async function moveSettings(client: Queries, traits: Traits): Promise<void> {
  const { rows: old } = await client.query("SELECT to_regclass('system_config') AS value");
  if (old[0]?.value === null) return;
  const { rows } = await client.query("SELECT key, value FROM system_config ORDER BY key");
  if (rows.length > 0) {
    const document: JsonObject = {};
    for (const { key, value } of rows) setPath(document, key, JSON.parse(value ?? "null"));
    if (leaves(document).length > 0) {
      await client.query(
        `INSERT INTO system_metadata (key, value) VALUES ('system-config', $1)
         ON CONFLICT (key) DO NOTHING`,
        [JSON.stringify(document)],
      );
    }
  }
  await client.query(
    traits.emptyOldTable ? "DELETE FROM system_config" : "DROP TABLE system_config",
  );
}

const metadata = ({ document }: Traits): string => `
CREATE TABLE IF NOT EXISTS system_metadata (
  key character varying NOT NULL,
  value jsonb NOT NULL${document ? "" : " DEFAULT '{}'::jsonb"},
  CONSTRAINT "PK_fa94f6857470fb5b81ec6084465" PRIMARY KEY (key)
);`;

const OLD_SETTINGS = `
CREATE TABLE IF NOT EXISTS system_config (
  key character varying NOT NULL,
  value character varying,
  CONSTRAINT "PK_aab69295b445016f56731f4d535" PRIMARY KEY (key)
);`;

const HISTORY = `
CREATE TABLE IF NOT EXISTS version_history (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  "createdAt" timestamp with time zone NOT NULL DEFAULT now(),
  version character varying NOT NULL,
  CONSTRAINT "PK_5db259cbb09ce82c0d13cfd1b23" PRIMARY KEY (id)
);`;

/** A row for the running version, unless the last row is already of it. */
const NEW_VERSION = `
INSERT INTO version_history (version)
SELECT $1::varchar WHERE $1::varchar IS DISTINCT FROM
  (SELECT version FROM version_history ORDER BY "createdAt" DESC LIMIT 1)`;

/** Rows of system_metadata that are not settings, as a fresh Immich has them. */
const FIRST_ROWS = `
INSERT INTO system_metadata (key, value) VALUES
  ('system-flags', '{"mountChecks":{"thumbs":true,"upload":true,"backups":true,"library":true,"profile":true,"encoded-video":true}}'),
  ('reverse-geocoding-state', '{"lastUpdate":"2025-01-01T00:00:00.000Z","lastImportFileName":"cities500.txt"}')
ON CONFLICT (key) DO NOTHING`;

/** People and their sessions: Immich's names, a few of its columns, and some that only stand in. */
const people = ({ people: table }: Traits): string => `
DO $$ BEGIN
  IF to_regclass('${table}') IS NULL AND to_regclass('${table === "users" ? '"user"' : "users"}') IS NOT NULL THEN
    ALTER TABLE ${table === "users" ? '"user"' : "users"} RENAME TO ${table};
  END IF;
END $$;
CREATE TABLE IF NOT EXISTS ${table} (
  id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
  email character varying NOT NULL UNIQUE,
  password character varying NOT NULL DEFAULT '',
  name character varying NOT NULL DEFAULT '',
  "isAdmin" boolean NOT NULL DEFAULT false,
  "oauthId" character varying NOT NULL DEFAULT '',
  "storageLabel" character varying UNIQUE,
  "quotaSizeInBytes" bigint,
  "createdAt" timestamp with time zone NOT NULL DEFAULT now(),
  "deletedAt" timestamp with time zone
);
ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS "shouldChangePassword" boolean NOT NULL DEFAULT true;
ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS "isOnboarded" boolean NOT NULL DEFAULT false;
ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS "updatedAt" timestamp with time zone NOT NULL DEFAULT now();
CREATE TABLE IF NOT EXISTS sessions (
  id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
  token character varying NOT NULL,
  "userId" uuid NOT NULL REFERENCES ${table} ON DELETE CASCADE,
  "createdAt" timestamp with time zone NOT NULL DEFAULT now()
);
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS "oauthSid" character varying;
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS "oauthBearerToken" character varying;
CREATE TABLE IF NOT EXISTS api_keys (
  id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
  name character varying NOT NULL,
  key character varying NOT NULL,
  "userId" uuid NOT NULL REFERENCES ${table} ON DELETE CASCADE
);
ALTER TABLE api_keys ADD COLUMN IF NOT EXISTS permissions character varying[] NOT NULL DEFAULT '{all}';
ALTER TABLE api_keys ADD COLUMN IF NOT EXISTS "createdAt" timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE api_keys ADD COLUMN IF NOT EXISTS "updatedAt" timestamp with time zone NOT NULL DEFAULT now();`;
