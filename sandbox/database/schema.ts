/**
 * The tables of an Immich database that matter here, as Immich itself makes them.
 *
 * `system_metadata`, `system_config` and `version_history` have the columns, defaults and constraint
 * names of dumps of a real 1.105.1 and a real 1.135.3. The other tables stand in, with a few of their
 * columns, for what a login of its own must be refused: people, sessions, keys and photos.
 */

/** The table that Immich keeps its settings in. */
export type SettingsStore = "system_metadata" | "system_config";

/** The store of an Immich version: one JSON document since 1.106.0, a row a setting before. */
export function storeOf(immichVersion: string): SettingsStore {
  return atLeast(immichVersion, 1, 106) ? "system_metadata" : "system_config";
}

/** SQL that makes the tables of `immichVersion` in an empty database. */
export function schema(immichVersion: string): string {
  const parts = ['CREATE EXTENSION IF NOT EXISTS "uuid-ossp";', OTHERS];
  if (storeOf(immichVersion) === "system_config") {
    parts.push(
      SYSTEM_CONFIG,
      SYSTEM_METADATA.replace("NOT NULL,", "DEFAULT '{}'::jsonb NOT NULL,"),
    );
  } else {
    parts.push(SYSTEM_METADATA);
  }
  if (atLeast(immichVersion, 1, 117)) {
    parts.push(
      VERSION_HISTORY,
      `INSERT INTO version_history (version) VALUES ('${immichVersion.replace(/[^0-9A-Za-z.-]/g, "")}');`,
    );
  }
  return parts.join("\n");
}

/** Whether `version` ("1.135.3", "v1.135.3") is `major.minor` or newer. */
export function atLeast(version: string, major: number, minor: number): boolean {
  const [has = 0, hasMinor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return has > major || (has === major && hasMinor >= minor);
}

const SYSTEM_CONFIG = `
CREATE TABLE system_config (
  key character varying NOT NULL,
  value character varying,
  CONSTRAINT "PK_aab69295b445016f56731f4d535" PRIMARY KEY (key)
);`;

const SYSTEM_METADATA = `
CREATE TABLE system_metadata (
  key character varying NOT NULL,
  value jsonb NOT NULL,
  CONSTRAINT "PK_fa94f6857470fb5b81ec6084465" PRIMARY KEY (key)
);`;

const VERSION_HISTORY = `
CREATE TABLE version_history (
  id uuid DEFAULT uuid_generate_v4() NOT NULL,
  "createdAt" timestamp with time zone DEFAULT now() NOT NULL,
  version character varying NOT NULL,
  CONSTRAINT "PK_5db259cbb09ce82c0d13cfd1b23" PRIMARY KEY (id)
);`;

const OTHERS = `
CREATE TABLE users (
  id uuid DEFAULT uuid_generate_v4() NOT NULL PRIMARY KEY,
  email character varying NOT NULL UNIQUE,
  password character varying DEFAULT '' NOT NULL,
  name character varying DEFAULT '' NOT NULL,
  "isAdmin" boolean DEFAULT false NOT NULL,
  "oauthId" character varying DEFAULT '' NOT NULL,
  "storageLabel" character varying UNIQUE,
  "quotaSizeInBytes" bigint,
  "createdAt" timestamp with time zone DEFAULT now() NOT NULL,
  "deletedAt" timestamp with time zone
);
CREATE TABLE sessions (
  id uuid DEFAULT uuid_generate_v4() NOT NULL PRIMARY KEY,
  token character varying NOT NULL,
  "userId" uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  "createdAt" timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE api_keys (
  id uuid DEFAULT uuid_generate_v4() NOT NULL PRIMARY KEY,
  name character varying NOT NULL,
  key character varying NOT NULL,
  "userId" uuid NOT NULL REFERENCES users ON DELETE CASCADE
);
CREATE TABLE assets (
  id uuid DEFAULT uuid_generate_v4() NOT NULL PRIMARY KEY,
  "ownerId" uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  "originalPath" character varying NOT NULL
);`;
