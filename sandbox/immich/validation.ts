/**
 * Immich's checks of a complete configuration. A PUT that fails them is refused; a stored document
 * that fails them is only complained about in the log, and used. Here are those before 3.0; later ones
 * are in schema.ts.
 */
import { getPath, isObject, type Json, type JsonObject } from "./merge";
import { issuesOf } from "./schema";
import { atLeast, type Version } from "./versions";

/** One setting that failed, and the checks it failed, in Immich's order. */
interface Failure {
  readonly property: string;
  readonly checks: readonly Check[];
}

/** A check: its name as the log has it, and what the API's answer says of the setting. */
interface Check {
  readonly name: string;
  readonly text: string;
  readonly holds: (value: Json | undefined) => boolean;
}

const STRING: Check = {
  name: "isString",
  text: "must be a string",
  holds: (value) => typeof value === "string",
};
const NOT_EMPTY: Check = {
  name: "isNotEmpty",
  text: "should not be empty",
  holds: (value) => value !== "" && value !== null && value !== undefined,
};
const BOOLEAN: Check = {
  name: "isBoolean",
  text: "must be a boolean value",
  holds: (value) => typeof value === "boolean",
};
const NUMBER: Check = {
  name: "isNumber",
  text: "must be a number conforming to the specified constraints",
  holds: (value) => typeof value === "number" && Number.isFinite(value),
};
const AT_LEAST_ZERO: Check = {
  name: "min",
  text: "must not be less than 0",
  holds: (value) => typeof value === "number" && value >= 0,
};
const POSITIVE: Check = {
  name: "isPositive",
  text: "must be a positive number",
  holds: (value) => typeof value === "number" && value > 0,
};
const INTEGER: Check = {
  name: "isInt",
  text: "must be an integer number",
  holds: (value) => Number.isInteger(value),
};
const URL_ADDRESS: Check = {
  name: "isUrl",
  text: "must be a URL address",
  holds: (value) => typeof value === "string" && isUrl(value),
};
const AUTH_METHOD: Check = {
  name: "isEnum",
  text: "must be one of the following values: client_secret_post, client_secret_basic",
  holds: (value) => value === "client_secret_post" || value === "client_secret_basic",
};
const OBJECT: Check = { name: "isObject", text: "must be an object", holds: isObject };
const ARRAY: Check = { name: "isArray", text: "must be an array", holds: Array.isArray };

/** What is wrong with a configuration. */
export interface Complaint {
  /** What the API answers. */
  readonly answer: { readonly message: string | readonly string[]; readonly errors?: object };
  /** What the log says. */
  readonly report: string;
}

/** What is wrong with `config`, in the words of `version`; undefined when nothing is. */
export function complaintOf(
  version: Version,
  defaults: JsonObject,
  config: JsonObject,
): Complaint | undefined {
  if (atLeast(version, "3.0.0")) {
    const errors = issuesOf(defaults, config);
    if (errors.length === 0) return undefined;
    const report = errors.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n");
    return { answer: { message: "Validation failed", errors }, report };
  }
  const failures = validate(version, defaults, config);
  if (failures.length === 0) return undefined;
  return { answer: { message: sentences(failures) }, report: report(failures) };
}

/** Every failure of `config`, in the order of the settings. */
function validate(version: Version, defaults: JsonObject, config: JsonObject): Failure[] {
  return Object.entries(defaults).flatMap(([section, standard]) =>
    check(section, standard, config[section], (path) => oauthChecks(version, path, config)),
  );
}

function check(
  property: string,
  standard: Json,
  value: Json | undefined,
  special: (path: string) => readonly Check[] | undefined,
): Failure[] {
  if (isObject(standard)) {
    if (!isObject(value)) return [{ property, checks: [OBJECT] }];
    return Object.entries(standard).flatMap(([key, inner]) =>
      check(`${property}.${key}`, inner, value[key], special),
    );
  }
  const failed = (special(property) ?? byDefault(standard)).filter(({ holds }) => !holds(value));
  return failed.length === 0 ? [] : [{ property, checks: failed }];
}

function byDefault(standard: Json): readonly Check[] {
  if (Array.isArray(standard)) return [ARRAY];
  if (typeof standard === "boolean") return [BOOLEAN];
  if (typeof standard === "number") return [NUMBER];
  return typeof standard === "string" ? [STRING] : [];
}

function oauthChecks(
  version: Version,
  path: string,
  config: JsonObject,
): readonly Check[] | undefined {
  const value = getPath(config, path);
  const unless = (skip: boolean, ...checks: Check[]): readonly Check[] => (skip ? [] : checks);
  const off = !getPath(config, "oauth.enabled");
  switch (path) {
    case "oauth.clientId":
    case "oauth.issuerUrl":
      return unless(off, STRING, NOT_EMPTY);
    case "oauth.clientSecret":
      // A public client has no secret (since 1.133).
      return atLeast(version, "1.133.0") ? unless(off, STRING) : unless(off, STRING, NOT_EMPTY);
    case "oauth.signingAlgorithm":
    case "oauth.profileSigningAlgorithm":
      return [NOT_EMPTY, STRING];
    case "oauth.tokenEndpointAuthMethod":
      return [AUTH_METHOD];
    case "oauth.timeout":
      return unless(value === undefined, POSITIVE, INTEGER);
    case "oauth.defaultStorageQuota":
      return unless(
        atLeast(version, "1.135.0") && (value === null || value === undefined),
        AT_LEAST_ZERO,
        NUMBER,
      );
    case "oauth.mobileRedirectUri":
      return unless(!getPath(config, "oauth.mobileOverrideEnabled"), URL_ADDRESS);
    default:
      return undefined;
  }
}

/** What the API answers: one sentence a failed check. */
function sentences(failures: readonly Failure[]): string[] {
  return failures.flatMap(({ property, checks }) =>
    checks.map(({ text }) => `${property} ${text}`),
  );
}

/** What the log says: one paragraph a section. */
function report(failures: readonly Failure[]): string {
  const sections = new Map<string, string[]>();
  for (const { property, checks } of failures) {
    const section = property.split(".")[0] ?? property;
    const names = checks.map(({ name }) => name).join(", ");
    const row = ` - property ${property} has failed the following constraints: ${names} \n`;
    sections.set(section, [...(sections.get(section) ?? []), row]);
  }
  return [...sections.values()]
    .map((rows) => `An instance of SystemConfigDto has failed the validation:\n${rows.join("")}`)
    .join(",");
}

/** Web addresses as the `validator` library takes them: a host needs a top-level domain or to be an IP. */
function isUrl(text: string): boolean {
  const match = /^(?:(?:https?|ftp):\/\/)?([^\s/?#:@]+)(?::\d{1,5})?(?:[/?#]\S*)?$/i.exec(text);
  const host = match?.[1];
  if (host === undefined) return false;
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return host.split(".").every((part) => +part < 256);
  return /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i.test(host);
}
