/**
 * The stack's configuration: declared in Pulumi.yaml (types, defaults), read and validated here.
 *
 * Every problem is collected and reported in one message, before anything is touched. This file
 * knows nothing of Pulumi: the program and the dynamic providers, which run in processes of their
 * own, hand it a source to read from.
 */
import { readPins } from "./ssh/hostKey";
import type { SshTarget } from "./ssh/target";

/** The namespace of the project's own keys, the `name` of Pulumi.yaml. */
export const PROJECT = "immich-authentik-sso";

/** Where configuration comes from. Keys are full: `authentik:url`, `immich-authentik-sso:sshHost`. */
export interface ConfigSource {
  /** The value as text (lists as JSON), or undefined where it is not set. */
  get(key: string): string | undefined;
  /** Whether the value is encrypted in the stack's file. Undefined where that can't be known. */
  isSecret?(key: string): boolean;
}

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

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  readonly key: string;
  /** The value, quoted; `[secret]` for a secret; undefined where there is none. */
  readonly given?: string;
  readonly allowed: string;
  /** The command that sets it right. */
  readonly mend: string;
}

/** Every problem of a configuration in one message. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(describe(problems));
    this.name = "ConfigError";
  }
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

interface Rule {
  readonly test: RegExp;
  readonly allowed: string;
}
const SLUG: Rule = { test: /^[-a-zA-Z0-9_]+$/, allowed: "letters, digits, - and _" };
const NO_SPACE: Rule = { test: /^\S+$/, allowed: "a name without spaces" };
const CONTAINER: Rule = { test: /^[a-zA-Z0-9][\w.-]*$/, allowed: "letters, digits, _ . and -" };
const ABSOLUTE_PATH: Rule = { test: /^\/[^\n]*$/, allowed: "an absolute path" };
const PRINTABLE: Rule = {
  test: /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/,
  allowed: "printable ASCII without a space at either end",
};

interface TextOptions {
  readonly example: string;
  readonly pattern?: Rule;
}
interface UrlOptions {
  readonly example: string;
  readonly required?: boolean;
  /** No path. */
  readonly origin?: boolean;
  /** Plain http for loopback only: the redirect URI is made from it. */
  readonly secure?: boolean;
}
interface SecretOptions {
  readonly required?: boolean;
  readonly pattern?: Rule;
}

/** Reads keys one by one, collecting what is wrong with them. */
class Reader {
  private readonly problems: ConfigProblem[] = [];

  constructor(private readonly source: ConfigSource) {}

  finish(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  optional(key: string): string {
    return this.value(key) ?? "";
  }

  text(key: string, options: TextOptions): string {
    const value = this.value(key) ?? "";
    const { test, allowed } = options.pattern ?? { test: /\S/, allowed: "text" };
    if (value.trim() === "") this.problem(key, undefined, allowed, options.example);
    else if (value !== value.trim())
      this.problem(key, value, `${allowed}, without spaces around it`, value.trim());
    else if (!test.test(value)) this.problem(key, value, allowed, options.example);
    return value;
  }

  url(key: string, options: UrlOptions): string {
    const value = this.value(key) ?? "";
    const kind = options.origin ? "an http(s) origin without a path" : "an http(s) address";
    if (value === "") {
      if (options.required) this.problem(key, undefined, kind, options.example);
      return "";
    }
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (!url || value !== value.trim() || !/^https?:$/.test(url.protocol))
      this.problem(key, value, kind, options.example);
    else if (url.username || url.password)
      this.problem(key, "[contains a password]", `${kind}, without user and password`, url.origin);
    else if (url.search || url.hash || (options.origin && url.pathname !== "/"))
      this.problem(key, value, `${kind}, query and fragment`, url.origin);
    else if (options.secure && url.protocol === "http:" && !isLoopback(url.hostname))
      this.problem(
        key,
        value,
        "https: Authentik sends login codes to this address (plain http is for loopback only)",
        value.replace(/^http:/, "https:"),
      );
    else return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
    return value;
  }

  choice<T extends string>(key: string, allowed: readonly T[]): T {
    const value = this.value(key) ?? "";
    const found = allowed.find((one) => one === value);
    if (found === undefined) {
      const [first] = allowed;
      const shown = first && /\s/.test(first) ? `"${first}"` : (first ?? "");
      this.problem(key, value || undefined, `one of ${allowed.join(", ")}`, shown);
    }
    return found ?? (allowed[0] as T);
  }

  integer(key: string, least: number, most: number, example: number): number {
    const value = this.value(key) ?? "";
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (!(number >= least && number <= most))
      this.problem(
        key,
        value || undefined,
        `a whole number from ${least} to ${most}`,
        String(example),
      );
    return number;
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key) ?? "";
    if (value === "") return undefined;
    if (value !== "true" && value !== "false") this.problem(key, value, "true or false", "true");
    return value === "true";
  }

  list(key: string, itemProblem?: (item: string) => string | undefined): readonly string[] {
    const value = this.value(key) ?? "[]";
    const items = parseList(value);
    if (!items) {
      this.problem(key, value, "a list of texts", undefined, `--path '${key}[0]' VALUE`);
      return [];
    }
    items.forEach((item, index) => {
      const allowed = item.trim() === "" ? "text" : itemProblem?.(item);
      if (allowed) {
        const place = `${key}[${index}]`;
        this.problem(place, item, allowed, undefined, `--path '${place}' VALUE`);
      }
    });
    return items;
  }

  scopes(key: string): readonly string[] {
    const value = this.value(key) ?? "";
    const scopes = value.split(" ");
    const fine = scopes.every((scope) => /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/.test(scope));
    if (!fine || !scopes.includes("openid") || !scopes.includes("email"))
      this.problem(
        key,
        value || undefined,
        "scopes separated by single spaces, openid and email among them",
        '"openid email profile"',
      );
    return scopes;
  }

  secret(key: string, options: SecretOptions): string {
    const value = this.value(key) ?? "";
    const full = fullKey(key);
    if (value === "") {
      if (options.required) this.secretProblem(key, undefined, "text");
    } else if (this.source.isSecret?.(full) === false) {
      this.secretProblem(key, "[in clear in the stack's file]", "encrypted text");
    } else if (options.pattern && !options.pattern.test.test(value)) {
      this.secretProblem(key, "[secret]", options.pattern.allowed);
    }
    return value;
  }

  hostKey(key: string, hostKey: string): string {
    const value = this.value(key) ?? "";
    const host = this.value(hostKey) || "HOST";
    const port = this.value(hostKey.replace("Host", "Port")) || "22";
    const portOption = port === "22" ? "" : `-p ${port} `;
    const scan = `"$(ssh-keyscan -t ed25519 ${portOption}${host} 2>/dev/null | cut -d' ' -f2-)"`;
    const allowed = `the public key of ${host}, as in "ssh-ed25519 AAAA…"`;
    if (value === "") this.problem(key, undefined, allowed, scan);
    else if (!isHostKey(value)) this.problem(key, value, allowed, scan);
    return value;
  }

  private value(key: string): string | undefined {
    return this.source.get(fullKey(key));
  }

  private secretProblem(key: string, given: string | undefined, allowed: string): void {
    this.problem(key, given, allowed, undefined, `--secret ${key}`);
  }

  private problem(
    key: string,
    given: string | undefined,
    allowed: string,
    example: string | undefined,
    set = `${key} ${example}`,
  ): void {
    const shown = given === undefined || given.startsWith("[") ? given : JSON.stringify(given);
    this.problems.push({ key, given: shown, allowed, mend: `npx pulumi config set ${set}` });
  }
}

function fullKey(key: string): string {
  return key.includes(":") ? key : `${PROJECT}:${key}`;
}

function isHostKey(value: string): boolean {
  try {
    return readPins({ host: "", port: 22, user: "", hostKey: value }, "target").length > 0;
  } catch {
    return false;
  }
}

function parseList(value: string): string[] | undefined {
  if (value === "") return [];
  try {
    const parsed: unknown = JSON.parse(value);
    if (Array.isArray(parsed) && parsed.every((item) => typeof item === "string")) return parsed;
  } catch {
    // Not JSON: reported by the caller like any other value that is no list.
  }
  return undefined;
}

/** Whether a URL's host name is this machine's own. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function describe(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return [
    `The configuration of this stack has ${count}; nothing was touched.`,
    ...problems.flatMap(({ key, given, allowed, mend }) => [
      "",
      `  ${key}: ${given === undefined ? "not set" : `is ${given}`}`,
      `    allowed: ${allowed}`,
      `    mend:    ${mend}`,
    ]),
  ].join("\n");
}
