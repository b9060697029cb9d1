/** What the process is told, as one JSON object. */

/** Options of the sandbox's Immich. */
export interface Options {
  /** Port on 127.0.0.1. Default 0, a free one. */
  readonly port: number;
  /** Connection string of Immich's database. Required. */
  readonly databaseUrl: string;
  /** Version of Immich to be. Default "1.135.3", the one that was measured. */
  readonly version: string;
  /** IMMICH_CONFIG_FILE, JSON or YAML; empty or unset for none. */
  readonly configFile?: string;
  /** File that the log is appended to. Default: stderr. */
  readonly logFile?: string;
  /**
   * The admin of an Immich that its owner has set up, made when the database has none: a fresh Immich
   * shows only its set-up page and lets nobody register. Default admin@example.test, password "admin".
   * `false` in the JSON leaves a fresh Immich fresh.
   */
  readonly admin?: Admin;
  /** Secret of an admin's API key that may read and change the settings. Default: there is no such key. */
  readonly apiKey?: string;
  /** Bearer token of the controls (faults.ts). Default: there are none. */
  readonly controlToken?: string;
}

/** The first admin. */
export interface Admin {
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

const ADMIN: Admin = { email: "admin@example.test", name: "Admin", password: "admin" };

/** Reads the JSON. @throws Error that names a missing or unreadable option. */
export function readOptions(json: string): Options {
  const given = JSON.parse(json) as Omit<Partial<Options>, "admin"> & { admin?: Admin | false };
  if (!given.databaseUrl) throw new Error("sandbox/immich needs databaseUrl in its JSON argument");
  return {
    port: given.port ?? 0,
    databaseUrl: given.databaseUrl,
    version: given.version ?? "1.135.3",
    configFile: given.configFile || undefined,
    logFile: given.logFile || undefined,
    admin: given.admin === false ? undefined : (given.admin ?? ADMIN),
    apiKey: given.apiKey,
    controlToken: given.controlToken,
  };
}
