/** What a value of the configuration may be. What goes into Immich is judged by Immich's own rules, immich/rules.ts. */
import { isIP } from "node:net";

import * as immich from "./immich/rules";

/** A rule for a text. */
export interface Rule {
  /** What is allowed, as an end to the sentence "allowed is …". */
  readonly allowed: string;
  accepts(value: string): boolean;
}

const matching = (test: RegExp, allowed: string): Rule => ({
  allowed,
  accepts: (value) => test.test(value),
});

/** A rule of Immich's settings, whatever the version. */
const immichRule = (rule: immich.Rule): Rule => ({
  allowed: rule.allowed,
  accepts: (value) => rule.accepts(value, undefined),
});

export const TEXT = matching(/\S/, "text");
export const BUTTON_TEXT = immichRule(immich.text);
export const SCOPES = immichRule(immich.scope);
export const SLUG = matching(/^[-a-zA-Z0-9_]+$/, "letters, digits, - and _");
/** Paths of Authentik's own below /application/o/; newer versions refuse such a slug, older ones never lead to it. */
const RESERVED = ["authorize", "token", "device", "userinfo", "introspect", "revoke"];
export const APPLICATION_SLUG: Rule = {
  allowed: `${SLUG.allowed}, and none of ${RESERVED.join(", ")}`,
  accepts: (value) => SLUG.accepts(value) && !RESERVED.includes(value),
};
export const CONTAINER = matching(/^[a-zA-Z0-9][\w.-]*$/, "letters, digits, _ . and -");
export const ABSOLUTE_PATH = matching(/^\//, "an absolute path");
/** What an HTTP header can carry after `Bearer` (RFC 6750). */
export const TOKEN = matching(/^[\x21-\x7e]+$/, "printable ASCII without spaces");

/** Authentik's limit for client ID and client secret; printable ASCII is RFC 6749's. */
export const CREDENTIAL = matching(
  /^(?=.{1,255}$)[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/,
  "printable ASCII without a space at either end, 255 characters at most",
);

export const HOST: Rule = {
  allowed: "a host name or an address, without ssh://, user@ and :port",
  accepts: (value) => isIP(value) !== 0 || /^[\p{L}\p{N}_]([\p{L}\p{N}_.-]*)$/u.test(value),
};

/** What people write where a host alone is wanted: `ssh://user:password@host:port/`, all but the host left out at will. */
export function hostParts(
  value: string,
): { readonly host: string; readonly user?: string; readonly port?: string } | undefined {
  const match =
    /^(?:\w+:\/\/)?(?:([^@:/]*)(?::[^@/]*)?@)?(?:\[([^\]]+)\]|([^:/@]+))(?::(\d+))?\/?$/.exec(
      value,
    );
  const host = match?.[2] ?? match?.[3] ?? "";
  return match && HOST.accepts(host) ? { host, user: match[1], port: match[4] } : undefined;
}

export const SSH_USER = matching(
  /^[^-\s@:/][^\s:/@]*(@[^\s:/@]+)?$/,
  "a login name, without spaces, ssh:// and a host",
);

/** PostgreSQL cuts longer names off. */
export const POSTGRES_NAME: Rule = {
  allowed: "a name of 63 bytes at most",
  accepts: (value) => value.trim() !== "" && Buffer.byteLength(value) <= 63,
};

/** Authentik's limits for a launch URL. A host name with an underscore is fine for browsers, not for it. */
export const LAUNCH_URL: Rule = {
  allowed:
    "an address that Authentik takes for a launch URL: its host name without _ and without a dot at the end, 2048 characters in all",
  accepts: (value) => {
    if (value.length > 2048) return false;
    const { hostname } = new URL(value);
    const labels = hostname.split(".");
    return (
      hostname.startsWith("[") ||
      (hostname.length <= 253 &&
        labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label)))
    );
  },
};

/** No line of configuration holds control characters; half surrogate pairs are changed on the wire. */
export const ONE_LINE: Rule = {
  allowed: "one line without control characters",
  accepts: (value) => !/[\p{Cc}\p{Cs}]/u.test(value),
};

/** Reads a list of texts, as Pulumi hands it over: JSON. Undefined for anything else. */
export function parseList(value: string): string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    if (Array.isArray(parsed) && parsed.every((item) => typeof item === "string")) return parsed;
  } catch {
    // Not JSON: reported by the caller like any other value that is no list.
  }
  return undefined;
}

/** Reads a map, as Pulumi hands it over: JSON. Undefined for anything else. */
export function parseMap(value: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    const isMap = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    if (isMap) return parsed as Record<string, unknown>;
  } catch {
    // Not JSON: reported by the caller like any other value that is no map.
  }
  return undefined;
}

/** What any item of a list should be, or undefined where it is right. */
export function itemTrouble(item: string): string | undefined {
  if (item.trim() === "") return TEXT.allowed;
  if (item !== item.trim()) return "text without spaces around it";
  return ONE_LINE.accepts(item) ? undefined : ONE_LINE.allowed;
}

/** Whether a URL's host name is this machine's own. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The redirect URI of Immich's mobile app, since Immich 1.113. */
export const MOBILE_REDIRECT_URI = "app.immich:///oauth-callback";

/**
 * What a redirect URI should be, or undefined where it is right. Stricter than Authentik, which takes anything: what no
 * browser ever sends can't match, plain http is for loopback only, and `javascript:`, `data:` and their like are refused.
 */
export function redirectUriProblem(uri: string): string | undefined {
  if (/[\s\\]/.test(uri) || !ONE_LINE.accepts(uri) || !URL.canParse(uri))
    return "an absolute URI without spaces, as in https://host/path";
  const url = new URL(uri);
  if (uri.includes("#")) return "a URI without a fragment (#…)";
  if (/^(javascript|data|file|blob|vbscript|about):$/.test(url.protocol))
    return `an https URI or an app's own scheme, not ${url.protocol}`;
  if (uri.includes("*")) return "a whole URI: it is compared letter by letter, * stands for itself";
  if (!/^https?:$/.test(url.protocol)) return undefined;
  if (!/^https?:\/\/[^/]/i.test(uri)) return "an absolute URI, as in https://host/path";
  if (url.username || url.password || /^[^/]*\/\/[^/?]*@/.test(uri))
    return "a URI without user and password: browsers leave them out";
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    return "an https URI (plain http is for loopback addresses only)";
  // Compared letter by letter with what a browser sends; an empty path may stay empty.
  return [uri, `${uri}/`, uri.replace("?", "/?")].includes(url.href)
    ? undefined
    : `the URI as browsers write it: ${url.href}`;
}
