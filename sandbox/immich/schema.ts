/**
 * Immich's checks of a complete configuration since 3.0.0, which are a Zod schema's: what the API answers as `errors`
 * are Zod's issues. Enabled or not makes no difference to them: an empty client ID is taken.
 */
import { isObject, type Json, type JsonObject } from "./merge";

/** An issue as Zod writes it. */
export interface Issue {
  readonly code: "invalid_type" | "invalid_value" | "too_small" | "custom";
  /** Steps: ["oauth", "issuerUrl"]. */
  readonly path: readonly string[];
  readonly message: string;
  readonly [more: string]: unknown;
}

type Finding = Omit<Issue, "path"> | undefined;

/** Every issue of `config`, in the order of the settings. */
export function issuesOf(defaults: JsonObject, config: JsonObject): Issue[] {
  const issues = inside(defaults, config, []);
  const oauth = config["oauth"];
  if (!isObject(oauth) || issues.some(({ path }) => path[0] === "oauth")) return issues;
  // Compared only once each setting has its type.
  const { mobileOverrideEnabled: on, mobileRedirectUri: uri } = oauth;
  const message = "Mobile redirect URI must be an empty string or a valid URL";
  return on && uri !== "" && !isUrl(uri)
    ? [...issues, { code: "custom", path: ["oauth"], message }]
    : issues;
}

function inside(standard: Json, value: Json | undefined, path: readonly string[]): Issue[] {
  if (isObject(standard)) {
    if (!isObject(value)) return [{ ...wrongType("object", value), path }];
    return Object.entries(standard).flatMap(([key, inner]) =>
      OPTIONAL.has(key) && value[key] === undefined
        ? []
        : inside(inner, value[key], [...path, key]),
    );
  }
  const finding = (SPECIAL[path.join(".")] ?? ((given) => byDefault(standard, given)))(value);
  return finding === undefined ? [] : [{ ...finding, path } as Issue];
}

/** Settings that may be left out. */
const OPTIONAL: ReadonlySet<string> = new Set(["accountManagementUrl", "progressive"]);

function byDefault(standard: Json, value: Json | undefined): Finding {
  if (Array.isArray(standard)) {
    return Array.isArray(value) ? undefined : wrongType("array", value);
  }
  return typeof value === typeof standard ? undefined : wrongType(typeof standard, value);
}

function wrongType(expected: string, value: Json | undefined) {
  const message = `Invalid input: expected ${expected}, received ${typeOf(value)}`;
  return { expected, code: "invalid_type", message } as const;
}

function typeOf(value: Json | undefined): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const SPECIAL: Readonly<Record<string, (value: Json | undefined) => Finding>> = {
  "oauth.issuerUrl": emptyOrUrl("Issuer URL must be an empty string or a valid URL"),
  "oauth.accountManagementUrl": emptyOrUrl(
    "Account management URL must be an empty string or a valid URL",
  ),
  "oauth.endSessionEndpoint": emptyOrUrl(
    "endSessionEndpoint must be an empty string or a valid URL",
  ),
  "server.externalDomain": emptyOrUrl("External domain must be an empty string or a valid URL"),
  "oauth.timeout": (value) => integer(value, 1),
  "oauth.defaultStorageQuota": (value) => (value === null ? undefined : integer(value, 0)),
  "oauth.tokenEndpointAuthMethod": (value) => {
    const values = ["client_secret_post", "client_secret_basic"];
    if (values.includes(value as string)) return undefined;
    const shown = values.map((one) => `"${one}"`).join("|");
    return { code: "invalid_value", values, message: `Invalid option: expected one of ${shown}` };
  },
};

function emptyOrUrl(message: string): (value: Json | undefined) => Finding {
  return (value) => {
    if (typeof value !== "string") return wrongType("string", value);
    return value === "" || isUrl(value) ? undefined : { code: "custom", message };
  };
}

function integer(value: Json | undefined, minimum: number): Finding {
  if (typeof value !== "number") return wrongType("number", value);
  if (!Number.isInteger(value)) {
    const message = "Invalid input: expected int, received number";
    return { expected: "int", format: "safeint", code: "invalid_type", message };
  }
  if (value >= minimum) return undefined;
  const message = `Too small: expected number to be >=${minimum}`;
  return { origin: "number", code: "too_small", minimum, inclusive: true, message };
}

const isUrl = (value: unknown): boolean => typeof value === "string" && URL.canParse(value.trim());
