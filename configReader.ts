/** Reads configuration keys one by one, and collects what is wrong: everything at once, each with the command that fixes it. */
import { ConfigCommands, ConfigError, type ConfigProblem, shown } from "./configProblems";
import {
  HOST,
  hostParts,
  itemTrouble,
  ONE_LINE,
  parseList,
  parseMap,
  type Rule,
  SCOPES,
  TEXT,
} from "./configRules";
import { judgeUrl, type UrlOptions } from "./configUrl";
import { nearest } from "./nearest";
import { parsePins } from "./ssh/hostKey";
import { quote } from "./ssh/quote";

/** The namespace of the project's own keys, the `name` of Pulumi.yaml. */
export const PROJECT = "immich-authentik-sso";

/** Settings of the authentik provider that this program does not read. */
const PROVIDER_KEYS = ["authentik:insecure", "authentik:headers"];

/** Where configuration comes from. Keys are full: `authentik:url`, `immich-authentik-sso:sshHost`. */
export interface ConfigSource {
  /** The value as text (lists as JSON), or undefined where it is not set. */
  get(key: string): string | undefined;
  /** Whether the value is encrypted in the stack's file. Undefined where that can't be known. */
  isSecret?(key: string): boolean;
  /** Every key that is set, of all namespaces. Undefined where that can't be known. */
  keys?(): readonly string[];
  /** Name of the stack, for the commands in messages. Undefined: the one that is selected. */
  readonly stack?: string;
}

interface TextOptions {
  readonly example: string;
  readonly rule?: Rule;
  readonly optional?: boolean;
}
interface SecretOptions {
  readonly required?: boolean;
  readonly rule?: Rule;
  /** What is wrong with the value, where a rule is not enough; never any of it. */
  readonly problem?: (value: string) => string | undefined;
  /** The file that usually holds it. */
  readonly file?: string;
}

/** Reads keys one by one, collecting what is wrong with them. */
export class Reader {
  private readonly problems: ConfigProblem[] = [];
  private readonly read = new Set<string>(PROVIDER_KEYS);
  private readonly commands: ConfigCommands;
  /** The commands that set keys which take more than a value: secrets and lists. */
  private readonly setting = new Map<string, string>();

  constructor(private readonly source: ConfigSource) {
    this.commands = new ConfigCommands(source.stack);
  }

  /**
   * To be called when every key was read.
   * @throws ConfigError with all problems, unknown keys among them
   */
  finish(): void {
    this.refuseUnknown();
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  text(key: string, options: TextOptions): string {
    const value = this.value(key);
    const rule = options.rule ?? TEXT;
    if (value.trim() === "") {
      if (!options.optional || value !== "")
        this.refuse(key, value || undefined, rule.allowed, options.example);
    } else if (!ONE_LINE.accepts(value))
      this.refuse(key, value, `${rule.allowed}; ${ONE_LINE.allowed}`, options.example);
    else if (value !== value.trim()) {
      const trimmed = rule.accepts(value.trim()) ? value.trim() : options.example;
      this.refuse(key, value, `${rule.allowed}, without spaces around it`, trimmed);
    } else if (!rule.accepts(value)) this.refuse(key, value, rule.allowed, options.example);
    return value;
  }

  url(key: string, options: UrlOptions): string {
    const { address, problem } = judgeUrl(this.value(key), options);
    if (problem) this.refuse(key, problem.given, problem.allowed, problem.example);
    return address;
  }

  choice<T extends string>(key: string, allowed: readonly [T, ...T[]]): T {
    const value = this.value(key);
    const found = allowed.find((one) => one === value);
    if (found === undefined)
      this.refuse(key, value || undefined, `one of ${allowed.join(", ")}`, allowed[0]);
    return found ?? allowed[0];
  }

  integer(key: string, least: number, most: number, example: number): number {
    const value = this.value(key);
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (!(number >= least && number <= most))
      this.refuse(
        key,
        value || undefined,
        `a whole number from ${least} to ${most}`,
        String(example),
      );
    return number;
  }

  flag(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === "") return undefined;
    if (value !== "true" && value !== "false") this.refuse(key, value, "true or false", "true");
    return value === "true";
  }

  /** @param itemProblem what an item should be, or undefined where it is right */
  list(
    key: string,
    example: string,
    itemProblem: (item: string, index: number, items: readonly string[]) => string | undefined,
  ): readonly string[] {
    const value = this.value(key) || "[]";
    this.setting.set(key, this.commands.set(`${key}[0]`, "VALUE"));
    const items = parseList(value);
    if (!items) {
      const fix = `${this.commands.remove(key)} && ${this.commands.set(`${key}[0]`, example)}`;
      this.add(key, shown(value), "a list of texts", fix);
      return [];
    }
    // From the last to the first: each command leaves the places of those after it as they are.
    for (const [index, item] of [...items.entries()].reverse()) {
      const allowed = itemTrouble(item) ?? itemProblem(item, index, items);
      if (!allowed) continue;
      const place = `${key}[${index}]`;
      this.add(place, shown(item), allowed, this.commands.remove(place));
    }
    return items;
  }

  /** A map from names to values, unjudged but for the names. */
  map(key: string): Readonly<Record<string, unknown>> {
    const value = this.value(key) || "{}";
    this.setting.set(key, this.commands.set(`${key}.NAME`, "VALUE"));
    const entries = parseMap(value);
    if (!entries) {
      this.add(key, shown(value), "a map of names to values", this.commands.remove(key));
      return {};
    }
    for (const name of Object.keys(entries)) {
      const allowed = itemTrouble(name);
      if (allowed) this.refuseEntry(`${key}[${JSON.stringify(name)}]`, entries[name], allowed);
    }
    return entries;
  }

  /** Names a problem of an entry of a map; taking it away is the way out. */
  refuseEntry(place: string, value: unknown, allowed: string): void {
    this.add(place, shown(value), allowed, this.commands.remove(place));
  }

  scopes(key: string): readonly string[] {
    const value = this.value(key);
    if (!SCOPES.accepts(value))
      this.refuse(key, value || undefined, SCOPES.allowed, "openid email profile");
    return value.split(" ");
  }

  secret(key: string, options: SecretOptions = {}): string {
    const value = this.value(key);
    const { rule = TEXT, required, problem, file } = options;
    const fix = this.commands.setSecret(key, file);
    this.setting.set(key, fix);
    if (value === "") {
      if (required) this.add(key, undefined, rule.allowed, fix);
    } else if (this.source.isSecret?.(fullKey(key)) === false) {
      this.add(key, "[in clear in the stack's file]", "encrypted text", fix);
    } else if (!problem && !ONE_LINE.accepts(value)) {
      this.add(key, "[secret]", `${rule.allowed}; ${ONE_LINE.allowed}`, fix);
    } else if (!rule.accepts(value)) {
      this.add(key, "[secret]", rule.allowed, fix);
    } else {
      const allowed = problem?.(value);
      if (allowed) this.add(key, "[secret]", allowed, fix);
    }
    return value;
  }

  /**
   * A host name or an address alone.
   * @param prefix `ssh` or `sshJump`: `<prefix>Host`; its user and its port have keys of their own
   */
  host(prefix: string, options: { readonly example: string; readonly optional?: boolean }): string {
    const key = `${prefix}Host`;
    const value = this.value(key);
    const parts = HOST.accepts(value) ? undefined : hostParts(value);
    if (!parts) return this.text(key, { ...options, rule: HOST });
    const { host, user, port } = parts;
    const allowed = `${HOST.allowed}: the user goes into ${prefix}User, the port into ${prefix}Port`;
    const fixes = [
      this.commands.set(key, host),
      ...(user ? [this.commands.set(`${prefix}User`, user)] : []),
      ...(port ? [this.commands.set(`${prefix}Port`, port)] : []),
    ];
    this.add(key, shown(value), allowed, fixes.join(" && "));
    return value;
  }

  /**
   * Reads keys that are not used as the stack is configured now, but may be again: nothing about them is a problem.
   *
   * @returns undefined where they would not do
   */
  unused<T>(read: () => T): T | undefined {
    const count = this.problems.length;
    const value = read();
    return this.problems.splice(count).length === 0 ? value : undefined;
  }

  /** Names a problem of a secret that is fine by itself. */
  refuseSecret(key: string, allowed: string): void {
    const given = this.value(key) === "" ? undefined : "[secret]";
    this.add(key, given, allowed, this.commands.setSecret(key));
  }

  /**
   * The public key or keys of a host.
   * @param prefix `ssh` or `sshJump`: the host is in `<prefix>Host`, its port in `<prefix>Port`
   */
  hostKey(prefix: string): string {
    const key = `${prefix}HostKey`;
    const value = this.value(key);
    const configured = this.value(`${prefix}Host`);
    const host = HOST.accepts(configured) ? configured : "HOST";
    const port = this.value(`${prefix}Port`);
    const portOption = port === "22" || !/^\d+$/.test(port) ? "" : `-p ${port} `;
    const scan = `ssh-keyscan -t ed25519 ${portOption}${quote(host)} 2>/dev/null | cut -d' ' -f2-`;
    const allowed = `the public key of ${JSON.stringify(host)}, as in "ssh-ed25519 AAAA…"`;
    const fix = this.commands.setToOutput(key, scan);
    const pins = parsePins(value, key);
    if (typeof pins === "string") this.add(key, "[not shown]", `${allowed}; ${pins}`, fix);
    else if (pins.length === 0) this.add(key, undefined, allowed, fix);
    return value;
  }

  /** Names a problem of a value that is fine by itself. Without an example it is to be taken away. */
  refuse(key: string, given: string | undefined, allowed: string, example?: string): void {
    const hidden = given === undefined || /^\[[a-z ]+\]$/.test(given);
    const fix = example === undefined ? this.commands.remove(key) : this.commands.set(key, example);
    this.add(key, hidden ? given : shown(given), allowed, fix);
  }

  /** A value as it is, unjudged; empty where it is not set. */
  value(key: string): string {
    this.read.add(fullKey(key));
    return this.source.get(fullKey(key)) ?? "";
  }

  private refuseUnknown(): void {
    const known = [...this.read].map(shortKey);
    for (const full of this.source.keys?.() ?? []) {
      if (this.read.has(full) || !/^(?:immich-authentik-sso|authentik):/.test(full)) continue;
      const key = shortKey(full);
      const meant = nearest(key, known);
      const remove = this.commands.remove(full);
      if (meant === undefined)
        this.add(key, "no key of this project", "a key that Pulumi.yaml declares", remove);
      else
        this.add(
          key,
          "no key of this project",
          `a key of this project; the nearest is ${meant}`,
          `${remove} && ${this.setting.get(meant) ?? this.commands.set(meant, "VALUE")}`,
        );
    }
  }

  private add(key: string, given: string | undefined, allowed: string, fix: string): void {
    // The first says what to do; what follows from it would be noise.
    if (this.problems.some((problem) => problem.key === key)) return;
    this.problems.push({ key, given, allowed, fix });
  }
}

function fullKey(key: string): string {
  return key.includes(":") ? key : `${PROJECT}:${key}`;
}

function shortKey(key: string): string {
  return key.startsWith(`${PROJECT}:`) ? key.slice(PROJECT.length + 1) : key;
}
