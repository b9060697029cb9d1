/** What an address in the configuration may be. */
import { isLoopback, LAUNCH_URL, ONE_LINE } from "./configRules";

export interface UrlOptions {
  readonly example: string;
  readonly required?: boolean;
  /** No path. */
  readonly origin?: boolean;
  /** A page for Authentik to lead to, which may have a query. */
  readonly page?: boolean;
  /** Plain http for loopback only: the redirect URI is made from it. */
  readonly secure?: boolean;
}

/** An address as it is used, and what is wrong with the one that is set. */
export interface JudgedUrl {
  /** Without a slash at the end; empty where none is set. */
  readonly address: string;
  readonly problem?: {
    /** As it may be shown; undefined: none is set. */
    readonly given: string | undefined;
    readonly allowed: string;
    /** What it could be. */
    readonly example: string;
  };
}

/** Judges an address. */
export function judgeUrl(value: string, options: UrlOptions): JudgedUrl {
  const kind = options.origin ? "an http(s) origin without a path" : "an http(s) address";
  if (value === "") {
    const problem = { given: undefined, allowed: kind, example: options.example };
    return { address: "", ...(options.required ? { problem } : {}) };
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const whole =
    !/[\s\\]/.test(value) && ONE_LINE.accepts(value) && /^https?:\/\/[^*]*$/i.test(value);
  if (!url || !whole) {
    const given = value.includes("@") ? "[may contain a password]" : value;
    return { address: value, problem: { given, allowed: kind, example: options.example } };
  }
  const query = options.page ? url.search : "";
  const address = `${`${url.origin}${url.pathname}`.replace(/\/+$/, "")}${query}`;
  const secure = !options.secure || url.protocol === "https:" || isLoopback(url.hostname);
  const origin = secure ? url.origin : url.origin.replace(/^http:/, "https:");
  const example = options.origin ? origin : address;
  const wrong = (allowed: string, given = value) => ({
    address,
    problem: { given, allowed, example },
  });
  if (url.username || url.password)
    return wrong(`${kind}, without user and password`, "[contains a password]");
  if (options.page && value.includes("#")) return wrong(`${kind}, without fragment (#…)`);
  if ((!options.page && /[?#]/.test(value)) || (options.origin && url.pathname !== "/"))
    return wrong(`${kind}, without query (?…) and fragment (#…)`);
  if (!secure)
    return wrong(
      "https: Authentik sends login codes to this address (plain http is for loopback only)",
    );
  if (options.page && !LAUNCH_URL.accepts(address))
    return {
      address,
      problem: { given: value, allowed: LAUNCH_URL.allowed, example: options.example },
    };
  return { address };
}
