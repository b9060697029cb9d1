/**
 * The stack's configuration: declared in Pulumi.yaml (types, defaults), read and validated here.
 *
 * Every problem is collected and reported in one message, before anything is touched. This file
 * knows nothing of Pulumi: the program and the dynamic providers, which run in processes of their
 * own, hand it a source to read from.
 */
import {
  ABSOLUTE_PATH,
  CONTAINER,
  NO_SPACE,
  PRINTABLE,
  SLUG,
  type ConfigSource,
  isLoopback,
  Reader,
} from "./configReader";
import type { SshTarget } from "./ssh/target";

export { ConfigError, type ConfigProblem, type ConfigSource, PROJECT } from "./configReader";

/** Authentik as this program and as browsers reach it. */
export interface AuthentikConfig {
  /** Address of the API, without a slash at the end. */
  readonly url: string;
  /** API token. Secret. */
  readonly token: string;
  /** Address that browsers and Immich use, without a slash at the end. */
  readonly publicUrl: string;
}

/** The application and its OAuth2/OIDC provider in Authentik. */
export interface ApplicationConfig {
  readonly name: string;
  readonly slug: string;
  readonly launchUrl: string;
  readonly providerName: string;
  readonly authorizationFlow: string;
  readonly invalidationFlow: string;
  readonly signingKey: string;
  readonly clientId: string;
  /** Secret; undefined: one is generated. */
  readonly clientSecret?: string;
  readonly clientSecretRotation: string;
  readonly scopes: readonly string[];
  readonly redirectUris: readonly string[];
  readonly accessGroups: readonly string[];
  readonly adminGroups: readonly string[];
}

/** Immich and the settings it is to have. */
export interface ImmichConfig {
  /** Origin in the browser. */
  readonly url: string;
  /** Origin for this program's own requests. */
  readonly apiUrl: string;
  readonly buttonText: string;
  readonly autoRegister: boolean;
  /** Undefined: left as it is in Immich. */
  readonly autoLaunch?: boolean;
  /** Undefined: left as it is in Immich. */
  readonly passwordLogin?: boolean;
}

/** How Immich's Postgres is reached and logged in to. */
export interface DatabaseConfig {
  readonly ssh: SshTarget;
  readonly runtime: string;
  readonly container: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Secret. */
  readonly password: string;
  /** `dedicated`: a login of its own that can touch the settings table alone. */
  readonly login: "dedicated" | "existing";
  readonly store: "system_metadata" | "system_config";
  /** Loopback port of the tunnel; 0: derived from the stack's name. */
  readonly tunnelPort: number;
  /** `databaseId` of the database whose data were moved to this one; empty: none. */
  readonly movedFrom: string;
}

/** Immich's Compose service, and when it is restarted. */
export interface RestartConfig {
  readonly directory: string;
  readonly service: string;
  readonly when: "onChange" | "whenNeeded" | "never";
  readonly timeoutSeconds: number;
}

export interface StackConfig {
  readonly authentik: AuthentikConfig;
  readonly application: ApplicationConfig;
  readonly immich: ImmichConfig;
  readonly database: DatabaseConfig;
  readonly restart: RestartConfig;
  readonly loginCheck: "fail" | "warn" | "off";
}

/**
 * Reads and validates the whole configuration.
 * @throws ConfigError with all problems at once.
 */
export function readConfig(source: ConfigSource): StackConfig {
  const reader = new Reader(source);
  const config = {
    authentik: readAuthentik(reader),
    immich: readImmich(reader),
    database: readDatabase(reader),
    restart: readRestart(reader),
    loginCheck: reader.choice("loginCheck", ["fail", "warn", "off"]),
  };
  const whole = { ...config, application: readApplication(reader, config.immich.url) };
  reader.finish();
  return whole;
}

function readAuthentik(reader: Reader): AuthentikConfig {
  const url = reader.url("authentik:url", { required: true, example: "https://auth.example.org" });
  return {
    url,
    token: reader.secret("authentik:token", { required: true }),
    publicUrl: reader.url("authentikPublicUrl", { example: "https://auth.example.org" }) || url,
  };
}

function readImmich(reader: Reader): ImmichConfig {
  const example = "https://photos.example.org";
  const url = reader.url("immichUrl", { required: true, origin: true, secure: true, example });
  return {
    url,
    apiUrl: reader.url("immichApiUrl", { origin: true, example: "http://192.0.2.22:2283" }) || url,
    buttonText: reader.text("buttonText", { example: '"Login with Authentik"' }),
    autoRegister: reader.flag("autoRegister") ?? true,
    autoLaunch: reader.flag("autoLaunch"),
    passwordLogin: reader.flag("passwordLogin"),
  };
}

function readApplication(reader: Reader, immichUrl: string): ApplicationConfig {
  const accountLinking = reader.flag("accountLinking") ?? false;
  const mobileApp = reader.flag("mobileApp") ?? false;
  const extra = reader.list("extraRedirectUris", redirectUriProblem);
  return {
    name: reader.text("applicationName", { example: "Immich" }),
    slug: reader.text("applicationSlug", { example: "immich", pattern: SLUG }),
    launchUrl: reader.url("launchUrl", { example: "https://photos.example.org" }) || immichUrl,
    providerName: reader.text("providerName", { example: "immich-oauth-provider" }),
    authorizationFlow: reader.text("authorizationFlow", {
      example: "default-provider-authorization-explicit-consent",
      pattern: SLUG,
    }),
    invalidationFlow: reader.text("invalidationFlow", {
      example: "default-provider-invalidation-flow",
      pattern: SLUG,
    }),
    signingKey: reader.text("signingKey", { example: '"authentik Self-signed Certificate"' }),
    clientId: reader.text("clientId", { example: "immich-oauth-client", pattern: PRINTABLE }),
    clientSecret: reader.secret("clientSecret", { pattern: PRINTABLE }) || undefined,
    clientSecretRotation: reader.optional("clientSecretRotation"),
    scopes: reader.scopes("scopes"),
    redirectUris: [
      ...new Set([
        `${immichUrl}/auth/login`,
        ...(accountLinking ? [`${immichUrl}/user-settings`] : []),
        ...(mobileApp ? [MOBILE_REDIRECT_URI] : []),
        ...extra,
      ]),
    ],
    accessGroups: reader.list("accessGroups"),
    adminGroups: reader.list("adminGroups"),
  };
}

function readDatabase(reader: Reader): DatabaseConfig {
  return {
    ssh: readSsh(reader),
    runtime: reader.choice("containerRuntime", [
      "docker",
      "podman",
      "sudo -n docker",
      "sudo -n podman",
    ]),
    container: reader.text("postgresContainer", { example: "immich_postgres", pattern: CONTAINER }),
    port: reader.integer("postgresPort", 1, 65535, 5432),
    database: reader.text("postgresDatabase", { example: "immich" }),
    user: reader.text("postgresUser", { example: "postgres" }),
    password: reader.secret("postgresPassword", { required: true }),
    login: reader.choice("postgresLogin", ["dedicated", "existing"]),
    store: reader.choice("settingsStore", ["system_metadata", "system_config"]),
    tunnelPort: reader.integer("tunnelPort", 0, 65535, 0),
    movedFrom: reader.optional("databaseMovedFrom"),
  };
}

function readSsh(reader: Reader): SshTarget {
  const user = reader.text("sshUser", { example: "admin", pattern: NO_SPACE });
  const privateKey = reader.secret("sshPrivateKey", {}) || undefined;
  const passphrase = reader.secret("sshPrivateKeyPassphrase", {}) || undefined;
  const target = {
    host: reader.text("sshHost", { example: "192.0.2.22", pattern: NO_SPACE }),
    port: reader.integer("sshPort", 1, 65535, 22),
    user,
    hostKey: reader.hostKey("sshHostKey", "sshHost"),
    privateKey,
    passphrase,
  };
  const jumpHost = reader.optional("sshJumpHost");
  const jumpPort = reader.integer("sshJumpPort", 1, 65535, 22);
  if (!jumpHost) return target;
  return {
    ...target,
    jump: {
      host: jumpHost,
      port: jumpPort,
      user: reader.optional("sshJumpUser") || user,
      hostKey: reader.hostKey("sshJumpHostKey", "sshJumpHost"),
      privateKey,
      passphrase,
    },
  };
}

function readRestart(reader: Reader): RestartConfig {
  return {
    directory: reader.text("composeDirectory", { example: "/opt/immich", pattern: ABSOLUTE_PATH }),
    service: reader.text("composeService", { example: "immich-server", pattern: CONTAINER }),
    when: reader.choice("restart", ["onChange", "whenNeeded", "never"]),
    timeoutSeconds: reader.integer("restartTimeoutSeconds", 5, 3600, 120),
  };
}

/** The redirect URI of Immich's mobile app, since Immich 1.113. */
export const MOBILE_REDIRECT_URI = "app.immich:///oauth-callback";

/**
 * What is wrong with a redirect URI, or undefined. Stricter than Authentik, which takes anything:
 * plain http is for loopback only, and `javascript:`, `data:` and their like are refused.
 */
export function redirectUriProblem(uri: string): string | undefined {
  if (uri !== uri.trim() || !URL.canParse(uri)) return "an absolute URI, as in https://host/path";
  const url = new URL(uri);
  if (url.hash) return "a URI without a fragment (#…)";
  if (/^(javascript|data|file|blob|vbscript|about):$/.test(url.protocol))
    return `an https URI or an app's own scheme, not ${url.protocol}`;
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    return "an https URI (plain http is for loopback addresses only)";
  return undefined;
}
