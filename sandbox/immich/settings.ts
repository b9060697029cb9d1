/** Immich's settings: where they are, how they are read, how a save writes them. */
import { readFile } from "node:fs/promises";
import type { Pool } from "pg";
import { parse } from "yaml";
import { defaultsOf } from "./defaults";
import { describeError, type Log } from "./log";
import {
  convertBooleans,
  isObject,
  type JsonObject,
  leaves,
  merge,
  overridesOf,
  setPath,
  unknownPart,
} from "./merge";
import { type Complaint, complaintOf } from "./validation";
import type { Traits, Version } from "./versions";

/** What a reader of the settings is called in the log. */
export interface Reader {
  /** Immich's class, such as "ServerService". */
  readonly context: string;
  /** Correlation id of the request. */
  readonly id?: string;
}

/** What a Settings needs. */
export interface SettingsOptions {
  readonly pool: Pool;
  readonly version: Version;
  readonly traits: Traits;
  readonly log: Log;
  /** Path of IMMICH_CONFIG_FILE: then the database is not asked. */
  readonly configFile?: string;
}

/** Immich's settings. */
export class Settings {
  readonly defaults: JsonObject;
  private cache: JsonObject | undefined;

  constructor(private readonly options: SettingsOptions) {
    this.defaults = defaultsOf(options.version);
  }

  /** Whether the settings come from IMMICH_CONFIG_FILE. */
  get fromFile(): boolean {
    return this.options.configFile !== undefined;
  }

  /**
   * The settings in force. Up to 1.106.2 they are read once a process.
   *
   * @throws whatever keeps Immich from having any: a row that is not JSON, a config file with a bad
   * value, a `server` that is null, an external domain that is no URL.
   */
  async read(reader: Reader): Promise<JsonObject> {
    if (this.cache !== undefined && this.options.traits.cached) return this.cache;
    this.cache = await this.build(reader);
    return this.cache;
  }

  /** What is wrong with a complete configuration, "true" and "false" being taken for booleans. */
  check(config: JsonObject): Complaint | undefined {
    return complaintOf(this.options.version, this.defaults, convertBooleans(this.defaults, config));
  }

  /** Stores what differs from the defaults, and drops everything else that was stored. */
  async save(given: JsonObject, reader: Reader): Promise<JsonObject> {
    const { pool, traits } = this.options;
    const overrides = overridesOf(this.defaults, convertBooleans(this.defaults, given));
    if (traits.document) {
      const document: JsonObject = {};
      for (const [path, value] of overrides) setPath(document, path, value);
      await pool.query(
        `INSERT INTO system_metadata (key, value) VALUES ('system-config', $1)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        [JSON.stringify(document)],
      );
    } else {
      const known = leaves(this.defaults).map(([path]) => path);
      await pool.query("DELETE FROM system_config WHERE key = ANY($1)", [known]);
      for (const [path, value] of overrides) {
        await pool.query("INSERT INTO system_config (key, value) VALUES ($1, $2)", [
          path,
          JSON.stringify(value),
        ]);
      }
    }
    this.cache = undefined;
    return this.read(reader);
  }

  private async build({ context, id }: Reader): Promise<JsonObject> {
    const { traits, log } = this.options;
    const stored = await this.load({ context, id });
    let config = merge(this.defaults, stored);
    if (traits.reportsUnknown) {
      const unknown = unknownPart(this.defaults, config);
      if (Object.keys(unknown).length > 0) {
        const shown = JSON.stringify(unknown, null, 2);
        log.write("WARN", context, `Unknown keys found: ${shown}`, id);
      }
    }
    const complaint = this.check(config);
    if (traits.convertsBooleans) config = convertBooleans(this.defaults, config);
    if (complaint !== undefined) {
      if (this.fromFile) throw new Error(`Invalid value(s) in file: ${complaint.report}`);
      // Immich hands the failures over as the logger's context, so that is how its log looks.
      log.write("ERROR", complaint.report, "Validation error", id);
    }
    if (traits.document) normaliseDomain(config);
    return config;
  }

  private async load({ context, id }: Reader): Promise<unknown> {
    const { configFile, pool, traits, log } = this.options;
    if (configFile !== undefined) {
      try {
        const text = await readFile(configFile, "utf8");
        return (parse(text) as unknown) ?? {};
      } catch (error) {
        log.write("ERROR", context, `Unable to load configuration file: ${configFile}`, id);
        log.write("ERROR", context, describeError(error), id);
        throw error;
      }
    }
    if (traits.document) {
      const { rows } = await pool.query<{ value: unknown }>(
        "SELECT value FROM system_metadata WHERE key = 'system-config'",
      );
      return rows[0]?.value;
    }
    const { rows } = await pool.query<{ key: string; value: string | null }>(
      "SELECT key, value FROM system_config",
    );
    return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value ?? "null")]));
  }
}

/** An external domain is cut down to its origin; what is no URL (or no text) stops Immich here. */
function normaliseDomain(config: JsonObject): void {
  // Deliberately unchecked: `server: null` must fail just as Immich does.
  const server = config["server"] as { externalDomain: string };
  if (server.externalDomain.length > 0) {
    server.externalDomain = new URL(server.externalDomain).origin;
  }
}

/** A section of the settings. Null throws as it does in Immich, where `null.enabled` is read. */
export function section(config: JsonObject, name: string): JsonObject {
  const value = config[name];
  if (value === null || value === undefined) {
    throw new TypeError(`Cannot read properties of ${String(value)} (reading 'enabled')`);
  }
  return isObject(value) ? value : {};
}
