/**
 * Replays recorded exchanges. What a real server made up (IDs, secrets, times) stands in the record as
 * a label, `<kind:number>`: the first answer that has it binds it, later requests send what it is bound
 * to, and later answers must have the same there.
 */
import type { Answer, Ask } from "./authentik";

/** One recorded exchange. Values that repeat are kept apart, as `@number`. */
export interface Exchange {
  readonly name: string;
  /** `METHOD path`. */
  readonly ask?: string;
  /** Sent with akadmin's token. */
  readonly as?: "admin";
  readonly authorization?: string;
  readonly host?: string;
  readonly forwardedProto?: string;
  /** Exchanges of one browser share its cookies. */
  readonly browser?: string;
  /** JSON, or text that is sent as it is. */
  readonly body?: unknown;
  readonly form?: Record<string, string>;
  readonly status?: number;
  readonly type?: string;
  readonly location?: string;
  readonly authenticate?: string;
  readonly answer?: unknown;
  /** Only needed for what comes after; the record lacks it. */
  readonly setup?: boolean;
  /** In the place of an exchange: a JWT that was answered before, and what must be in it. */
  readonly jwt?: string;
  readonly header?: unknown;
  readonly payload?: unknown;
}

/** The file of exchanges. */
export interface Recording {
  readonly shared: Readonly<Record<string, unknown>>;
  readonly exchanges: readonly unknown[];
}

/** Puts repeated values back into their places. */
export function unfold({ shared, exchanges }: Recording): Exchange[] {
  const fill = (value: unknown): unknown => {
    if (typeof value === "string" && /^@\d+$/.test(value)) return fill(shared[value]);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fill(one)]));
  };
  return exchanges.map((exchange) => fill(exchange) as Exchange);
}

const LABEL = /<[a-z]+\d*:\w+>/g;

/** What each kind of made-up value looks like. */
const SHAPES: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  fingerprint: /^([0-9a-f]{2}:){19}([0-9a-f]{2}:){0,12}[0-9a-f]{2}$/,
  hex64: /^[0-9a-f]{64}$/,
  hex32: /^[\w-]{32,}$/,
  kid: /^[\w-]{86}$/,
  text128: /^[A-Za-z0-9]{128}$/,
  text60: /^[A-Za-z0-9]{60}$/,
  jwt: /^[\w-]+\.[\w-]+\.[\w-]+$/,
  provider: /^\d+$/,
  user: /^\d+$/,
  number: /^\d{5}$/,
};

/** What is bound so far. */
export class Bindings {
  private readonly bound = new Map<string, unknown>();

  /** The recorded value with everything bound put in. */
  apply(recorded: unknown): unknown {
    if (Array.isArray(recorded)) return recorded.map((one) => this.apply(one));
    if (typeof recorded === "object" && recorded !== null) {
      return Object.fromEntries(Object.entries(recorded).map(([k, v]) => [k, this.apply(v)]));
    }
    if (typeof recorded !== "string") return recorded;
    if (this.bound.has(recorded)) return this.bound.get(recorded);
    return recorded.replace(LABEL, (label) => String(this.bound.get(label) ?? label));
  }

  /** Where an answer differs from the record: `path: what`. */
  compare(recorded: unknown, actual: unknown, at = ""): string[] {
    if (typeof recorded === "string") return this.compareText(recorded, actual, at);
    if (Array.isArray(recorded)) {
      if (!Array.isArray(actual)) return [`${at}: a list expected, got ${show(actual)}`];
      const long = Math.max(recorded.length, actual.length);
      return Array.from({ length: long }, (_, i) =>
        this.compare(recorded[i], actual[i] as unknown, `${at}[${i}]`),
      ).flat();
    }
    if (typeof recorded === "object" && recorded !== null) {
      if (typeof actual !== "object" || actual === null) {
        return [`${at}: an object expected, got ${show(actual)}`];
      }
      const given = actual as Record<string, unknown>;
      const names = new Set([...Object.keys(recorded), ...Object.keys(given)]);
      return [...names].flatMap((name) =>
        this.compare((recorded as Record<string, unknown>)[name], given[name], `${at}.${name}`),
      );
    }
    return recorded === actual ? [] : [`${at}: ${show(recorded)} expected, got ${show(actual)}`];
  }

  private compareText(recorded: string, actual: unknown, at: string): string[] {
    const differs = [`${at}: ${show(this.apply(recorded))} expected, got ${show(actual)}`];
    const loose = LOOSE.find(([pattern]) => pattern.test(recorded));
    if (loose) return loose[1](recorded, actual) ? [] : differs;
    if (at.endsWith(".scope") && typeof actual === "string" && recorded !== actual) {
      const words = (text: string): string => text.split(" ").sort().join(" ");
      if (words(recorded) === words(actual)) return [`${at} (order): ${show(actual)}`];
    }
    const labels: readonly string[] = recorded.match(LABEL) ?? [];
    if (labels.length === 0) return recorded === actual ? [] : differs;
    // The recorded text as a pattern, its unbound labels as what is to be found out.
    const open: string[] = [];
    const source = recorded.split(/(<[a-z]+\d*:\w+>)/).map((part) => {
      if (!labels.includes(part)) return escape(part);
      if (this.bound.has(part)) return escape(String(this.bound.get(part)));
      open.push(part);
      return "([\\s\\S]+?)";
    });
    const found = new RegExp(`^${source.join("")}$`).exec(String(actual));
    if (!found) return differs;
    for (const [i, label] of open.entries()) {
      const value = found[i + 1] ?? "";
      const kind = label.slice(1, label.indexOf(":"));
      if (!SHAPES[kind]?.test(value)) return [`${at}: ${show(value)} is no ${kind}`];
      if (kind !== "jwt" && [...this.bound.values()].map(String).includes(value)) {
        if (!NUMBERS.has(kind)) return [`${at}: ${show(value)} was seen elsewhere`];
      }
      this.bound.set(label, recorded === label ? actual : value);
    }
    return [];
  }
}

const NUMBERS = new Set(["provider", "user", "number"]);
const now = (): number => Date.now() / 1000;

/** Values that are only like the recorded ones. */
const LOOSE: readonly [RegExp, (recorded: string, actual: unknown) => boolean][] = [
  [/^<time>$/, (_, actual) => typeof actual === "string" && !Number.isNaN(Date.parse(actual))],
  [/^<text40>$/, (_, actual) => typeof actual === "string" && /^\w{40}$/.test(actual)],
  [/^<base64>$/, (_, actual) => typeof actual === "string" && /^[\w+/=-]+$/.test(actual)],
  [
    /^<epoch(\+\d+)?>$/,
    (recorded, actual) =>
      typeof actual === "number" &&
      Math.abs(actual - now() - Number(recorded.slice(6, -1) || "0")) < 120,
  ],
  [
    /^<avatar \w+>$/,
    (recorded, actual) =>
      typeof actual === "string" &&
      Buffer.from(actual.split(",")[1] ?? "", "base64")
        .toString()
        .includes(`>${recorded.slice(8, -1)}</text>`),
  ],
];

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** The request of an exchange. */
export function toAsk(exchange: Exchange, bindings: Bindings, token: string, cookie: string): Ask {
  const [method = "GET", target = "/"] = String(bindings.apply(exchange.ask)).split(" ");
  const { authorization, host, forwardedProto } = exchange;
  const body = bindings.apply(exchange.body);
  const form = bindings.apply(exchange.form) as Record<string, string> | undefined;
  return {
    method,
    path: target,
    headers: {
      host: host ?? "127.0.0.1:9000",
      ...(forwardedProto ? { "x-forwarded-proto": forwardedProto } : {}),
      ...(exchange.as ? { authorization: `Bearer ${token}` } : {}),
      ...(authorization ? { authorization: String(bindings.apply(authorization)) } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(form ? { "content-type": "application/x-www-form-urlencoded" } : {}),
      ...(cookie ? { cookie } : {}),
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...(form ? { body: new URLSearchParams(form).toString() } : {}),
  };
}

/** Where an answer differs from the recorded one. */
export function differences(exchange: Exchange, answer: Answer, bindings: Bindings): string[] {
  const html = exchange.answer === "(an HTML page)";
  const found = [
    ...bindings.compare(exchange.status, answer.status, "status"),
    ...bindings.compare(exchange.type, answer.headers["content-type"]?.split(";")[0], "type"),
    ...bindings.compare(exchange.location, answer.headers.location, "location"),
    ...bindings.compare(exchange.authenticate, answer.headers["www-authenticate"], "authenticate"),
  ];
  if (html) return answer.body.includes("<html") ? found : [...found, "body: a page expected"];
  if (exchange.answer === null) {
    return answer.body === "" ? found : [...found, `body: none expected, got ${show(answer.body)}`];
  }
  return [
    ...found,
    ...bindings.compare(exchange.answer, JSON.parse(answer.body || "null"), "body"),
  ];
}
