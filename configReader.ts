/**
 * Reads configuration keys one by one, and collects what is wrong with them: a user is told everything
 * at once, each problem with the command that mends it.
 */
import { readPins } from "./ssh/hostKey";

/** The namespace of the project's own keys, the `name` of Pulumi.yaml. */
export const PROJECT = "immich-authentik-sso";

/** Where configuration comes from. Keys are full: `authentik:url`, `immich-authentik-sso:sshHost`. */
export interface ConfigSource {
  /** The value as text (lists as JSON), or undefined where it is not set. */
  get(key: string): string | undefined;
  /** Whether the value is encrypted in the stack's file. Undefined where that can't be known. */
  isSecret?(key: string): boolean;
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

/** What a text must look like. */
export interface Rule {
  readonly test: RegExp;
  readonly allowed: string;
}
export const SLUG: Rule = { test: /^[-a-zA-Z0-9_]+$/, allowed: "letters, digits, - and _" };
export const NO_SPACE: Rule = { test: /^\S+$/, allowed: "a name without spaces" };
export const CONTAINER: Rule = {
  test: /^[a-zA-Z0-9][\w.-]*$/,
  allowed: "letters, digits, _ . and -",
};
export const ABSOLUTE_PATH: Rule = { test: /^\/[^\n]*$/, allowed: "an absolute path" };
export const PRINTABLE: Rule = {
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
export class Reader {
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
