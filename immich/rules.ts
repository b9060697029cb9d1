/**
 * What each setting may hold. Stricter than Immich, which only logs most of these and then fails at the login, in the
 * callback or at its next start; every rule stands for a row that was tried on a real server.
 */

/** A rule for one setting. */
export interface Rule {
  /** What is allowed, as an end to the sentence "allowed is …". */
  readonly allowed: string;
  /**
   * @param value what is given
   * @param version Immich's version, where it is known
   */
  accepts(value: unknown, version: string | undefined): boolean;
}

function rule(allowed: string, accepts: Rule["accepts"]): Rule {
  return { allowed, accepts };
}

/** Text without control characters and half surrogate pairs, which PostgreSQL or the wire would refuse or change. */
function isText(value: unknown): value is string {
  return typeof value === "string" && !/[\p{Cc}\p{Cs}]/u.test(value);
}

/** Without blanks at the ends, and without the invisible characters that come along when text is copied from a page. */
const isTrimmed = (value: unknown): value is string =>
  isText(value) && value.trim() === value && !/\p{Cf}/u.test(value);

function httpUrl(value: unknown): URL | undefined {
  if (!isTrimmed(value) || !/^https?:\/\/[^\s\\]+$/i.test(value)) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && url.username === "" && url.password === "" ? url : undefined;
}

export const boolean = rule("true or false", (value) => typeof value === "boolean");

export const text = rule(
  "text, not empty (Immich forgets an empty one at its next Save)",
  (value) => isText(value) && value.trim() !== "",
);

export const trimmed = rule(
  "text, not empty, without a blank or newline at either end or invisible characters",
  (value) => isTrimmed(value) && value !== "",
);

export const claim = rule(
  "the name of a claim, not empty, without blanks",
  (value) => isTrimmed(value) && /^\S+$/.test(value),
);

export const issuerUrl = rule(
  "the http(s) URL of the issuer exactly as its discovery document gives it: no blanks, no user name, no query, not the address of the discovery document",
  (value) => {
    const url = httpUrl(value);
    return (
      url !== undefined &&
      !/[?#]/.test(value as string) &&
      !url.pathname.includes("/.well-known/openid-configuration")
    );
  },
);

export const scope = rule(
  "scopes with one space between them, `openid` and `email` among them",
  (value) => {
    if (typeof value !== "string") return false;
    const scopes = value.split(" ");
    return (
      scopes.every((item) => /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/.test(item)) &&
      scopes.includes("openid") &&
      scopes.includes("email")
    );
  },
);

const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA"],
];

export const signingAlgorithm = rule(
  `the algorithm the provider signs ID tokens with: ${ALGORITHMS.join(", ")} (HS256, which Authentik uses without a signing key, is refused by Immich)`,
  (value) => ALGORITHMS.includes(value as string),
);

export const profileSigningAlgorithm = rule(
  "none (Authentik does not sign what it tells of a user)",
  (value) => value === "none",
);

export const authMethod = rule(
  "client_secret_post or client_secret_basic",
  (value) => value === "client_secret_post" || value === "client_secret_basic",
);

export const timeout = rule(
  "a whole number from 1 to 2147483647",
  (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) <= 2_147_483_647,
);

/** Immich multiplies it by 2^30 into a column of whole 64-bit numbers. */
export const quota: Rule = {
  allowed:
    "a number of GiB from 0 to 8589934591 that comes to whole bytes (0.5 does, 0.1 does not); null (no quota) since Immich 1.135",
  accepts: (value, version) =>
    value === null ? version !== undefined && nullQuota(version) : isQuota(value),
};

function isQuota(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && fitsBytes(value);
}

/** Whether a number of GiB comes to whole bytes that Immich can store. */
export function fitsBytes(value: number): boolean {
  return Number.isInteger(value * 2 ** 30) && Math.abs(value) < 2 ** 33;
}

function nullQuota(version: string): boolean {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return (major ?? 0) > 1 || (minor ?? 0) >= 135;
}

/** Immich's own form refuses to save a URL without a dot in its host, and with it the whole form. */
export const optionalUrl = rule(
  "an http(s) URL whose host has a dot in it, or empty",
  (value) => value === "" || isSavableUrl(value),
);

/** Whether a value is an http(s) URL that Immich's form accepts. */
export function isSavableUrl(value: unknown): boolean {
  return /[.:]/.test(httpUrl(value)?.hostname ?? "");
}

export const prompt = rule(
  "empty, or `login`, `consent` and `select_account` with one space between them",
  (value) =>
    value === "" ||
    (typeof value === "string" &&
      value.split(" ").every((item) => ["login", "consent", "select_account"].includes(item))),
);

export const externalDomain = rule(
  "an http(s) URL, or empty (anything else keeps Immich from starting)",
  (value) => value === "" || httpUrl(value) !== undefined,
);
