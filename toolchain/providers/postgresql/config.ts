// The provider's configuration, with the defaults and the environment variables of the official one.

import { ProviderError } from "../../../plugin/provider";

/** Which server, and as whom. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** The database to connect to where a resource names none. */
  readonly database: string;
  readonly username: string;
  /** The name within PostgreSQL, where it is another than the login's. */
  readonly databaseUsername: string;
  readonly password: string;
  /** Whether to read passwords back, which takes a superuser. */
  readonly superuser: boolean;
  /** How far the connection is to be trusted; tls.ts. */
  readonly sslmode: string;
  /** File of the certificates that the server's is held against. */
  readonly sslrootcert: string;
  /** How long to wait for a connection, in seconds; 0: for ever. */
  readonly connectTimeout: number;
  /** How many connections to hold at a time; 0: any number. */
  readonly maxConnections: number;
}

/** Reads the configuration as the engine sends it: texts, the rest as JSON. */
export function configured(
  given: Record<string, string>,
  env: Record<string, string | undefined>,
): Config {
  const take = (key: string, variable: string | undefined, initial: string): string =>
    given[key] || (variable ? env[variable] : undefined) || initial;
  const scheme = take("scheme", undefined, "postgres");
  const ways = [
    "awsRdsIamAuth",
    "azureIdentityAuth",
    "clientcert",
    "gcpIamImpersonateServiceAccount",
  ];
  const beyond = [
    ...ways.filter((key) => given[key] && given[key] !== "false"),
    ...(scheme === "postgres" ? [] : ["scheme"]),
  ];
  if (beyond.length > 0) {
    throw new ProviderError(
      `The stand-in for the plugin postgresql logs in with a password only; ${beyond.join(", ")} takes the official plugin.`,
    );
  }
  const sslmode = take("sslmode", "PGSSLMODE", given["sslMode"] ?? "");
  return {
    host: take("host", "PGHOST", "localhost"),
    port: Number(take("port", "PGPORT", "5432")),
    database: take("database", "PGDATABASE", "postgres"),
    username: take("username", "PGUSER", "postgres"),
    databaseUsername: take("databaseUsername", undefined, ""),
    password: take("password", "PGPASSWORD", ""),
    superuser: take("superuser", "PGSUPERUSER", "true") === "true",
    sslmode,
    sslrootcert: take("sslrootcert", undefined, ""),
    connectTimeout: Number(take("connectTimeout", "PGCONNECT_TIMEOUT", "180")),
    maxConnections: Number(take("maxConnections", undefined, "20")),
  };
}
