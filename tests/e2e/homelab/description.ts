/**
 * The description of a homelab: the file that `npm run e2e -- --homelab FILE` takes (docs/proving.md). Its form is the
 * line that `npm run sandbox -- --json` prints.
 */
import { readFileSync, statSync } from "node:fs";

import { ConfigError, PROJECT, readConfig, type StackConfig } from "../../../config";
import { configValues, source } from "../../stackFile";

/** What a homelab is and how its parts are reached from here. Members that the tests don't need are passed over. */
export interface Description {
  readonly authentik: {
    /** Address of its API. */
    readonly url: string;
    /** Address as browsers and Immich reach it. Default: `url`. */
    readonly publicUrl?: string;
    /** API token of an administrator. */
    readonly token: string;
  };
  readonly immich: {
    /** Origin as browsers reach it. */
    readonly url: string;
    /** Origin as it is reached from here. Default: `url`. */
    readonly apiUrl?: string;
    /** An administrator's login by password, or … */
    readonly admin?: { readonly email: string; readonly password: string };
    /** … an API key of one, which may do everything; not asked for where the login is given. */
    readonly apiKey?: string;
  };
  readonly ssh: {
    readonly host: string;
    /** Default 22. */
    readonly port?: number;
    readonly user: string;
    /** One or more lines as of `ssh-keyscan`. */
    readonly hostKey: string;
    /** OpenSSH private key, without a passphrase. In the file, `privateKeyFile` may name the one that has it. */
    readonly privateKey: string;
  };
  readonly postgres: {
    /** Default immich_postgres. */
    readonly container?: string;
    /** Default 5432. */
    readonly port?: number;
    /** Default immich. */
    readonly database?: string;
    /** Default postgres. */
    readonly user?: string;
    readonly password: string;
  };
  /** Default: /opt/immich, immich-server. */
  readonly compose?: { readonly directory?: string; readonly service?: string };
  /** More keys of the stack's configuration that say where things are: containerRuntime, sshJumpHost … */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** The file can't be used; why, and what to do, is in the message. */
export class BadDescription extends Error {}

const NEEDED: readonly (readonly [string, string])[] = [
  ["authentik", "url"],
  ["authentik", "token"],
  ["immich", "url"],
  ["ssh", "host"],
  ["ssh", "user"],
  ["ssh", "hostKey"],
  ["ssh", "privateKey"],
  ["postgres", "password"],
];

/**
 * Reads and checks a description.
 *
 * @throws BadDescription with everything that is wrong with it
 */
export function readDescription(file: string): Description {
  const { mode } = stat(file);
  // Whoever reads this file can change Authentik and Immich at will.
  if ((mode & 0o077) !== 0)
    throw new BadDescription(`${file} has secrets in it and is open to others: chmod 600 ${file}`);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    // Not the parser's own words, which quote the text.
    const why = error instanceof SyntaxError ? "it is not JSON" : String(error);
    throw new BadDescription(`${file} can't be read: ${why}`);
  }
  const description = withKey(content as WithKeyFile);
  const problems = check(description);
  if (problems.length > 0)
    throw new BadDescription([`${file} (docs/proving.md has its form):`, ...problems].join("\n  "));
  return description;
}

type WithKeyFile = Description & { readonly ssh?: { readonly privateKeyFile?: string } };

function withKey(description: WithKeyFile): Description {
  const { privateKeyFile } = description.ssh ?? {};
  if (privateKeyFile === undefined) return description;
  try {
    const privateKey = readFileSync(privateKeyFile, "utf8");
    return { ...description, ssh: { ...description.ssh, privateKey } };
  } catch (error) {
    throw new BadDescription(`ssh.privateKeyFile can't be read: ${(error as Error).message}`);
  }
}

function stat(file: string) {
  try {
    return statSync(file);
  } catch {
    throw new BadDescription(`There is no file ${file}`);
  }
}

/** What is wrong with a description, a line each. */
export function check(description: Description): string[] {
  const parts = description as unknown as Record<string, Record<string, unknown> | undefined>;
  const missing = NEEDED.filter(([part, name]) => {
    const value = parts[part]?.[name];
    return typeof value !== "string" || value.trim() === "";
  }).map(([part, name]) => `${part}.${name} is missing: a text`);
  const { admin, apiKey } = description.immich ?? {};
  if (!apiKey && !(admin?.email && admin.password))
    missing.push("immich.admin {email, password} or immich.apiKey is missing: an administrator's");
  // What the tests look at, and put back, is in the database.
  const through = parts["config"]?.["settingsThrough"] ?? "database";
  if (through !== "database")
    missing.push(
      `config.settingsThrough: ${JSON.stringify(through)}; allowed: "database", which the tests look into`,
    );
  if (missing.length > 0) return missing;
  try {
    stackConfigOf(description);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ key, given, allowed }) => `${key}: ${given ?? "not set"}; allowed: ${allowed}`,
    );
  }
}

/** Keys of the stack's configuration that are secrets. */
const SECRETS = new Set(["authentik:token", "postgresPassword", "sshPrivateKey"]);

/** The configuration that leads a stack there, by full key; secrets as `{ secret }`, what has a default left out. */
export function stackValues(
  description: Description,
): Record<string, string | number | { secret: string }> {
  const { authentik, immich, ssh, postgres, compose, config } = description;
  const values: Record<string, unknown> = {
    "authentik:url": authentik.url,
    "authentik:token": authentik.token,
    authentikPublicUrl: authentik.publicUrl,
    immichUrl: immich.url,
    immichApiUrl: immich.apiUrl,
    sshHost: ssh.host,
    sshPort: ssh.port,
    sshUser: ssh.user,
    sshHostKey: ssh.hostKey,
    sshPrivateKey: ssh.privateKey,
    postgresContainer: postgres.container,
    postgresPort: postgres.port,
    postgresDatabase: postgres.database,
    postgresUser: postgres.user,
    postgresPassword: postgres.password,
    composeDirectory: compose?.directory,
    composeService: compose?.service,
    ...config,
  };
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [
        key.includes(":") ? key : `${PROJECT}:${key}`,
        SECRETS.has(key) ? { secret: String(value) } : (value as string | number),
      ]),
  );
}

/** The configuration of a stack that reaches Immich's Postgres over SSH. */
export type HomelabConfig = StackConfig & {
  readonly database: NonNullable<StackConfig["database"]>;
};

/** What the program itself makes of that configuration. @throws ConfigError */
export function stackConfigOf(description: Description): HomelabConfig {
  const plain = Object.entries(stackValues(description)).map(([key, value]) => [
    key,
    typeof value === "object" && value !== null && "secret" in value ? value.secret : value,
  ]);
  const { database, ...config } = readConfig(
    source(configValues(undefined, Object.fromEntries(plain))),
  );
  if (database === undefined) throw new Error("a homelab is described with its database");
  return { ...config, database };
}
