/**
 * The stack's configuration: declared in Pulumi.yaml (types, defaults), read and validated here.
 *
 * Every problem is collected and reported in one message, before anything is touched. This file
 * knows nothing of Pulumi: whoever needs the configuration hands it a source to read from.
 */
import { type ConfigSource, Reader } from "./configReader";
import { readGrants, readOauthSettings } from "./configOauth";
import * as rules from "./configRules";
import { loginName } from "./loginName";
import type { BadKey } from "./ssh/privateKey";
import type { SshTarget } from "./ssh/target";

export { ConfigError, type ConfigProblem } from "./configProblems";
export { type ConfigSource, PROJECT } from "./configReader";
export { MOBILE_REDIRECT_URI, redirectUriProblem } from "./configRules";

/** What a stack is to be. Addresses are without a slash at the end. */
export type StackConfig = ReturnType<typeof readConfig>;

/**
 * Reads and validates the whole configuration.
 * @throws ConfigError with all problems at once.
 */
export function readConfig(source: ConfigSource) {
  const reader = new Reader(source);
  const immich = readImmich(reader);
  const settingsThrough = reader.choice("settingsThrough", ["database", "api", "file"]);
  const overSsh = settingsThrough === "database";
  const required = settingsThrough === "api";
  const apiKey = reader.secret("immichApiKey", { required, rule: rules.TOKEN });
  const database = (): Database => readDatabase(reader, source.stack);
  const restart = (): Restart => readRestart(reader);
  const config = {
    /** Authentik as this program and as browsers reach it. */
    authentik: readAuthentik(reader),
    /** Immich and the settings it is to have. */
    immich,
    /** `database`: over SSH, in Immich's Postgres; `api`: through Immich's own API; `file`: nothing is written. */
    settingsThrough,
    /** An administrator's key for Immich's API; empty: none. Secret. */
    apiKey,
    /** How Immich's Postgres is reached and logged in to. Undefined with another `settingsThrough`, but where it is configured too. */
    database: overSsh ? database() : reader.unused(database),
    /** `databaseId` of what was moved to the Immich that is reached now; empty: none. */
    movedFrom: reader.text("databaseMovedFrom", {
      example: "7300000000000000000/immich",
      optional: true,
    }),
    /** Immich's Compose service, and when it is restarted. */
    restart: overSsh ? restart() : (reader.unused(restart), NO_RESTART),
    loginCheck: reader.choice("loginCheck", ["fail", "warn", "off"]),
    /** The application and its OAuth2/OIDC provider in Authentik. */
    application: readApplication(reader, immich.url),
  };
  if (immich.passwordLogin === false && config.loginCheck === "off")
    reader.refuse(
      "passwordLogin",
      "false",
      "false only where loginCheck is fail or warn: nothing else proves that an administrator can still log in",
      "true",
    );
  reader.finish();
  return config;
}

type Database = ReturnType<typeof readDatabase>;
type Restart = ReturnType<typeof readRestart>;

/** What is saved through its API Immich uses at once. */
const NO_RESTART: Restart = { directory: "", service: "", when: "never", timeoutSeconds: 120 };

function readAuthentik(reader: Reader) {
  const example = "https://auth.example.org";
  const url = reader.url("authentik:url", { required: true, example });
  return {
    /** Address of the API. */
    url,
    /** API token. Secret. */
    token: reader.secret("authentik:token", { required: true, rule: rules.TOKEN }),
    /** Address that browsers and Immich use. */
    publicUrl: reader.url("authentikPublicUrl", { example }) || url,
  };
}

function readImmich(reader: Reader) {
  const example = "https://photos.example.org";
  const url = reader.url("immichUrl", { required: true, origin: true, secure: true, example });
  return {
    /** Origin in the browser. */
    url,
    /** Origin for this program's own requests. */
    apiUrl: reader.url("immichApiUrl", { origin: true, example: "http://192.0.2.22:2283" }) || url,
    buttonText: reader.text("buttonText", {
      example: "Login with Authentik",
      rule: rules.BUTTON_TEXT,
    }),
    autoRegister: reader.flag("autoRegister") ?? true,
    /** Undefined: left as it is in Immich. */
    autoLaunch: reader.flag("autoLaunch"),
    /** Undefined: left as it is in Immich. */
    passwordLogin: reader.flag("passwordLogin"),
    /** More of Immich's OAuth settings, by Immich's names without `oauth.`. */
    oauthSettings: readOauthSettings(
      reader,
      (key) => !["", "[]", "{}"].includes(reader.value(key)),
    ),
  };
}

/** Where the application's tile leads: to Immich where nothing is set, if Authentik takes that address. */
function readLaunchUrl(reader: Reader, immichUrl: string): string {
  const example = `${immichUrl || "https://photos.example.org"}/auth/login?autoLaunch=1`;
  const url = reader.url("launchUrl", { example, page: true });
  // One that is no origin is refused as it is.
  const isOrigin = /^https?:\/\/[\w.:-]+$/.test(immichUrl) && URL.canParse(immichUrl);
  if (url === "" && isOrigin && !rules.LAUNCH_URL.accepts(immichUrl)) {
    const allowed = `${rules.LAUNCH_URL.allowed} (unset, it is immichUrl)`;
    reader.refuse("launchUrl", immichUrl, allowed, "https://photos.example.org");
  }
  return url || immichUrl;
}

function readApplication(reader: Reader, immichUrl: string) {
  const accountLinking = reader.flag("accountLinking") ?? true;
  const mobileApp = reader.flag("mobileApp") ?? true;
  const extra = reader.list(
    "extraRedirectUris",
    "https://photos.example.org/auth/login",
    rules.redirectUriProblem,
  );
  const clientSecret = reader.secret("clientSecret", { rule: rules.CREDENTIAL }) || undefined;
  const clientSecretRotation = reader.text("clientSecretRotation", {
    example: "1",
    optional: true,
  });
  if (clientSecret && clientSecretRotation)
    reader.refuse(
      "clientSecretRotation",
      clientSecretRotation,
      "set only where clientSecret is not: a given secret is changed by giving another",
    );
  const slug = (key: string, example: string) => reader.text(key, { example, rule: rules.SLUG });
  return {
    name: reader.text("applicationName", { example: "Immich" }),
    slug: reader.text("applicationSlug", { example: "immich", rule: rules.APPLICATION_SLUG }),
    launchUrl: readLaunchUrl(reader, immichUrl),
    providerName: reader.text("providerName", { example: "immich-oauth-provider" }),
    authorizationFlow: slug("authorizationFlow", "default-provider-authorization-explicit-consent"),
    invalidationFlow: slug("invalidationFlow", "default-provider-invalidation-flow"),
    signingKey: reader.text("signingKey", { example: "authentik Self-signed Certificate" }),
    clientId: reader.text("clientId", { example: "immich-oauth-client", rule: rules.CREDENTIAL }),
    /** Secret; undefined: one is generated. */
    clientSecret,
    clientSecretRotation,
    retainOnDelete: reader.flag("retainOnDelete") ?? false,
    scopes: reader.scopes("scopes"),
    redirectUris: [
      ...new Set([
        `${immichUrl}/auth/login`,
        ...(accountLinking ? [`${immichUrl}/user-settings`] : []),
        ...(mobileApp ? [rules.MOBILE_REDIRECT_URI] : []),
        ...extra,
      ]),
    ],
    accessGroups: reader.list("accessGroups", "family", repeated),
    grants: readGrants(reader, repeated),
  };
}

/** What is wrong with an item that is in the list already. */
function repeated(item: string, index: number, items: readonly string[]): string | undefined {
  const first = items.indexOf(item);
  return first < index ? `each name once; this one is at [${first}] already` : undefined;
}

function readDatabase(reader: Reader, stack: string | undefined) {
  const database = {
    ssh: readSsh(reader),
    runtime: reader.choice("containerRuntime", [
      "docker",
      "podman",
      "sudo -n docker",
      "sudo -n podman",
    ]),
    container: reader.text("postgresContainer", {
      example: "immich_postgres",
      rule: rules.CONTAINER,
    }),
    port: reader.integer("postgresPort", 1, 65535, 5432),
    database: reader.text("postgresDatabase", { example: "immich", rule: rules.POSTGRES_NAME }),
    user: reader.text("postgresUser", { example: "postgres", rule: rules.POSTGRES_NAME }),
    /** Secret. */
    password: reader.secret("postgresPassword", { required: true }),
    /** `dedicated`: a login of its own that can touch the settings table alone. */
    login: reader.choice("postgresLogin", ["dedicated", "existing"]),
    store: reader.choice("settingsStore", ["system_metadata", "system_config"]),
    /** Loopback port of the tunnel; 0: derived from the stack's name. */
    tunnelPort: reader.integer("tunnelPort", 0, 65535, 0),
  };
  const { login, user } = database;
  if (stack !== undefined && login === "dedicated" && user === loginName(stack))
    reader.refuse(
      "postgresUser",
      user,
      "Immich's own user (DB_USERNAME in its .env), not the login that this stack makes",
      "postgres",
    );
  return database;
}

function readSsh(reader: Reader): SshTarget {
  const user = reader.text("sshUser", { example: "admin", rule: rules.SSH_USER });
  const host = reader.host("ssh", { example: "192.0.2.22" });
  const port = reader.integer("sshPort", 1, 65535, 22);
  if (host !== "" && user.endsWith(`@${host}`))
    reader.refuse("sshUser", user, "the login name alone", user.slice(0, -host.length - 1));
  const passphrase = reader.secret("sshPrivateKeyPassphrase") || undefined;
  const privateKey =
    reader.secret("sshPrivateKey", {
      file: "~/.ssh/id_ed25519",
      problem: (key) => {
        const wrong = privateKeyProblem(key, passphrase);
        if (wrong?.problem !== "passphrase")
          return wrong && `a private key that can be read; this one ${wrong.why}`;
        reader.refuseSecret(
          "sshPrivateKeyPassphrase",
          `the passphrase of the key in sshPrivateKey, which ${wrong.why}`,
        );
        return undefined;
      },
    }) || undefined;
  if (passphrase && !privateKey)
    reader.refuse("sshPrivateKeyPassphrase", "[secret]", "set only together with sshPrivateKey");
  const target = { host, port, user, hostKey: reader.hostKey("ssh"), privateKey, passphrase };
  const jumpHost = reader.host("sshJump", { example: "192.0.2.1", optional: true });
  const jumpUser = reader.text("sshJumpUser", {
    example: "admin",
    rule: rules.SSH_USER,
    optional: true,
  });
  const jumpPort = reader.integer("sshJumpPort", 1, 65535, 22);
  if (!jumpHost) {
    const allowed = "set only together with sshJumpHost: without it nobody jumps anywhere";
    if (jumpPort !== 22) reader.refuse("sshJumpPort", reader.value("sshJumpPort"), allowed);
    if (jumpUser) reader.refuse("sshJumpUser", jumpUser, allowed);
    if (reader.value("sshJumpHostKey")) reader.refuse("sshJumpHostKey", "[not shown]", allowed);
    return target;
  }
  return {
    ...target,
    jump: {
      host: jumpHost,
      port: jumpPort,
      user: jumpUser || user,
      hostKey: reader.hostKey("sshJump"),
      privateKey,
      passphrase,
    },
  };
}

/** ssh2 takes a while to load: only where there is a key to parse. */
function privateKeyProblem(key: string, passphrase: string | undefined): BadKey | undefined {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { parsePrivateKey } = require("./ssh/privateKey") as typeof import("./ssh/privateKey");
  const parsed = parsePrivateKey(key, passphrase);
  return "problem" in parsed ? parsed : undefined;
}

function readRestart(reader: Reader) {
  return {
    directory: reader.text("composeDirectory", {
      example: "/opt/immich",
      rule: rules.ABSOLUTE_PATH,
    }),
    service: reader.text("composeService", { example: "immich-server", rule: rules.CONTAINER }),
    when: reader.choice("restart", ["onChange", "whenNeeded", "never"]),
    timeoutSeconds: reader.integer("restartTimeoutSeconds", 5, 3600, 120),
  };
}
