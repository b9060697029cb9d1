/** The provider's configuration: how one Immich is reached. */
import type { ApiAccess } from "../immich/api/client";
import type { Failure } from "../plugin/provider";
import { UNKNOWN, type Values } from "../plugin/wire";
import { readPins } from "../ssh/hostKey";
import { addressOf, type Role, type SshHost, type SshTarget } from "../ssh/target";

/** How one Immich is reached: over SSH to its database, or through its own API. */
export type Configuration = DatabaseConfiguration | ApiConfiguration;

/** The way through Immich's own API. */
export interface ApiConfiguration {
  readonly api: ApiAccess;
  /** `databaseId` of what was moved to the Immich that is reached now; empty: none. */
  readonly databaseMovedFrom: string;
  /**
   * The way over SSH, where it is configured too. Nothing is asked there by itself: Pulumi needs it to drop the PostgreSQL
   * role of a stack that went that way before.
   */
  readonly former?: DatabaseConfiguration;
}

/** The way over SSH to Immich's database. */
export interface DatabaseConfiguration {
  readonly api?: undefined;
  readonly ssh: SshTarget;
  /** `docker`, `podman`, or either behind `sudo -n`. */
  readonly runtime: string;
  /** PostgreSQL's container. */
  readonly container: string;
  /** PostgreSQL's port in that container. */
  readonly port: number;
  readonly database: string;
  /** A PostgreSQL user who may read and write Immich's tables and make roles. */
  readonly user: string;
  /** Secret. */
  readonly password: string;
  readonly composeDirectory: string;
  readonly composeService: string;
  /** Where Immich's own API answers; undefined: nobody is asked. */
  readonly apiUrl?: string;
  /** Loopback port of the tunnel to PostgreSQL. */
  readonly tunnelPort: number;
  /** `databaseId` of the database whose data were moved to the one that is reached now; empty: none. */
  readonly databaseMovedFrom: string;
}

const DEFAULTS: Readonly<Record<string, string>> = {
  settingsThrough: "database",
  sshPort: "22",
  sshJumpPort: "22",
  containerRuntime: "docker",
  postgresContainer: "immich_postgres",
  postgresPort: "5432",
  postgresDatabase: "immich",
  postgresUser: "postgres",
  composeDirectory: "/opt/immich",
  composeService: "immich-server",
};

const REQUIRED = ["sshHost", "sshUser", "sshHostKey", "postgresPassword", "tunnelPort"] as const;
const PORTS = ["sshPort", "sshJumpPort", "postgresPort", "tunnelPort"] as const;
const WAYS = ["database", "api", "file"];
const RUNTIMES = ["docker", "podman", "sudo -n docker", "sudo -n podman"];

/** What means nothing without another property. */
const TOGETHER = {
  sshJumpPort: "sshJumpHost",
  sshJumpUser: "sshJumpHost",
  sshJumpHostKey: "sshJumpHost",
  sshPrivateKeyPassphrase: "sshPrivateKey",
};

/** What is wrong with the configuration, property by property. What is not known yet is not looked at. */
export function configurationProblems(config: Values): Failure[] {
  const through = String(config["settingsThrough"] ?? DEFAULTS["settingsThrough"]);
  if (through === "database") return databaseProblems(config);
  if (through === "api") return [...urlProblems(config), ...keyProblems(config)];
  if (through === "file") return urlProblems(config);
  return through === UNKNOWN
    ? []
    : [
        {
          property: "settingsThrough",
          reason: `is ${JSON.stringify(through)}; allowed: ${WAYS.join(", ")}`,
        },
      ];
}

function urlProblems({ apiUrl = "" }: Values): Failure[] {
  const url = String(apiUrl);
  const isOrigin =
    url === UNKNOWN ||
    (/^https?:\/\//i.test(url) && URL.canParse(url) && new URL(url).origin === url);
  const reason = "must be an http(s) origin without a path or slash at the end";
  return isOrigin ? [] : [{ property: "apiUrl", reason }];
}

function keyProblems({ apiKey = "" }: Values): Failure[] {
  const key = String(apiKey);
  // What an HTTP header can't carry would be told, key and all, by whoever is to send it.
  if (key === UNKNOWN || /^[\x21-\x7e]+$/.test(key)) return [];
  return [{ property: "apiKey", reason: "is required: printable ASCII without spaces" }];
}

function databaseProblems(config: Values): Failure[] {
  const given = (key: string): string => String(config[key] ?? DEFAULTS[key] ?? "");
  const known = (key: string): boolean => given(key) !== UNKNOWN;
  const problems: Failure[] = [];
  const wrong = (property: string, reason: string) => problems.push({ property, reason });
  for (const key of REQUIRED) if (given(key) === "") wrong(key, "is required");
  for (const key of PORTS) {
    const port = Number(given(key));
    if (given(key) !== "" && known(key) && !(Number.isInteger(port) && port > 0 && port < 65_536))
      wrong(key, `is ${JSON.stringify(given(key))}; allowed: a whole number from 1 to 65535`);
  }
  if (known("containerRuntime") && !RUNTIMES.includes(given("containerRuntime")))
    wrong(
      "containerRuntime",
      `is ${JSON.stringify(given("containerRuntime"))}; allowed: ${RUNTIMES.join(", ")}`,
    );
  for (const [key, needed] of Object.entries(TOGETHER))
    if ((config[key] ?? "") !== "" && (config[needed] ?? "") === "")
      wrong(key, `means nothing without ${needed}: set that too, or take ${key} away`);
  const hosts: [Role, string][] = given("sshJumpHost")
    ? [
        ["target", "ssh"],
        ["jump", "sshJump"],
      ]
    : [["target", "ssh"]];
  for (const [role, prefix] of hosts) {
    const key = `${prefix}HostKey`;
    if (!known(key) || (given(key) === "" && role === "target")) continue;
    try {
      readPins({ host: given(`${prefix}Host`), port: 22, user: "", hostKey: given(key) }, role);
    } catch (error) {
      wrong(key, (error as Error).message);
    }
  }
  return problems;
}

/**
 * Reads the configuration as the engine hands it over: texts by property.
 *
 * @param config validated by {@link configurationProblems}
 */
export function readConfiguration(config: Readonly<Record<string, string>>): Configuration {
  const { settingsThrough: through, apiKey: key = "" } = config;
  const hasFormer = databaseProblems(config).length === 0;
  // Nothing is written with `file`; what an earlier deployment wrote is put back the way that is still configured.
  const isDatabase = through === "file" ? hasFormer && key === "" : through !== "api";
  if (isDatabase) return readDatabase(config);
  const { apiUrl: url = "", stack, databaseMovedFrom = "" } = config;
  return {
    api: { url, key, ...(stack ? { stack } : {}) },
    databaseMovedFrom,
    ...(hasFormer ? { former: readDatabase(config) } : {}),
  };
}

function readDatabase(config: Readonly<Record<string, string>>): DatabaseConfiguration {
  const text = (key: string): string => config[key] || DEFAULTS[key] || "";
  const login = {
    privateKey: config["sshPrivateKey"] || undefined,
    passphrase: config["sshPrivateKeyPassphrase"] || undefined,
    agentSocket: config["sshAgentSocket"] || undefined,
  };
  const host = (prefix: string, user: string): SshHost => ({
    host: text(`${prefix}Host`),
    port: Number(text(`${prefix}Port`)),
    user,
    hostKey: text(`${prefix}HostKey`),
    ...login,
  });
  return {
    ssh: {
      ...host("ssh", text("sshUser")),
      ...(text("sshJumpHost")
        ? { jump: host("sshJump", text("sshJumpUser") || text("sshUser")) }
        : {}),
    },
    runtime: text("containerRuntime"),
    container: text("postgresContainer"),
    port: Number(text("postgresPort")),
    database: text("postgresDatabase"),
    user: text("postgresUser"),
    password: text("postgresPassword"),
    composeDirectory: text("composeDirectory"),
    composeService: text("composeService"),
    apiUrl: config["apiUrl"] || undefined,
    tunnelPort: Number(text("tunnelPort")),
    databaseMovedFrom: text("databaseMovedFrom"),
  };
}

/** How Immich's settings are reached, without any secret: what is remembered of them to find them again. */
export type Way = DatabaseWay | ApiWay;

/** Through the API at an origin. */
export interface ApiWay {
  readonly api: string;
}

/** Over SSH. */
export type DatabaseWay = Pick<
  DatabaseConfiguration,
  "runtime" | "container" | "port" | "database"
> & {
  readonly api?: undefined;
  readonly host: Omit<SshHost, "privateKey" | "passphrase" | "agentSocket">;
  readonly jump?: DatabaseWay["host"];
};

/** The way of a configuration. */
export function wayOf(configuration: Configuration): Way {
  if (configuration.api) return { api: configuration.api.url };
  const { ssh, runtime, container, port, database } = configuration;
  const plain = ({ host, port: at, user, hostKey }: SshHost) => ({ host, port: at, user, hostKey });
  return {
    host: plain(ssh),
    ...(ssh.jump ? { jump: plain(ssh.jump) } : {}),
    runtime,
    container,
    port,
    database,
  };
}

/** The configuration that goes another way over SSH with the same credentials. */
export function along(
  way: DatabaseWay,
  configuration: DatabaseConfiguration,
): DatabaseConfiguration {
  const { privateKey, passphrase, agentSocket } = configuration.ssh;
  const credentials = { privateKey, passphrase, agentSocket };
  const { host, jump, ...rest } = way;
  return {
    ...configuration,
    ...rest,
    ssh: { ...host, ...credentials, ...(jump ? { jump: { ...jump, ...credentials } } : {}) },
    apiUrl: undefined,
  };
}

/** A way in words: `immich in immich_postgres at admin@192.0.2.22`, `Immich's API at https://photos.example.org`. */
export function describeWay(way: Way): string {
  if (way.api !== undefined) return `Immich's API at ${way.api}`;
  const { host, container, database } = way;
  return `${database} in ${container} at ${host.user}@${addressOf(host.host, host.port).replace(/:22$/, "")}`;
}

/** What to do about a database that was left behind and can't be reached. */
export function waysOut(id: string): string {
  return [
    `  it moved, with its data:   npx pulumi config set databaseMovedFrom ${id}`,
    `  it is gone for good:       npm run forget -- immich --stack NAME`,
    `  it is up, only elsewhere:  put the configuration back, and npx pulumi destroy, before you change it`,
  ].join("\n");
}
