import { defaultIsUncertain, isKnown, isSecret, keyOf, KEYS, survives } from "./keys";
import { effective } from "./reading";
import { isSavableUrl } from "./rules";
import type { Problem, Settings, SettingsStore } from "./types";
import { atLeast, storeOf } from "./version";

export { validateStored } from "./stored";

/** What a validation may know besides the settings. */
export interface ValidateOptions {
  /** Immich's version. Unknown: only settings that every version of the store knows pass. */
  readonly version?: string;
  /** Default: the version's own, or `system_metadata`. */
  readonly store?: SettingsStore;
  /** Settings that are left out, not refused, where this version does not know them. */
  readonly whereKnown?: readonly string[];
  /**
   * What this project wrote last. While the version can't be learnt, a setting that was written before is known: it was
   * checked then.
   */
  readonly deployed?: Settings;
  /** The issuer's discovery document, when it was fetched: issuer and algorithms must fit it exactly. */
  readonly discovery?: {
    readonly issuer: string;
    readonly id_token_signing_alg_values_supported?: readonly string[];
  };
}

/**
 * Everything wrong with settings that are to be written, all at once; empty when nothing is. What other, stored settings
 * make of them is {@link validateResult}'s business.
 */
export function validateSettings(settings: Settings, options: ValidateOptions = {}): Problem[] {
  const { version, discovery } = options;
  const store = storeFor(options);
  const problems: Problem[] = [];
  const wrong = (key: string, allowed: string): void => {
    problems.push({ key, given: show(key, settings[key]), allowed });
  };
  for (const [name, value] of Object.entries(settings)) {
    const key = keyOf(name);
    if (key === undefined) wrong(name, `one of: ${Object.keys(KEYS).join(", ")}`);
    else if (!isUsable(name, options)) {
      if (!(options.whereKnown ?? []).includes(name)) {
        wrong(
          name,
          version === undefined
            ? `nothing while Immich's version is not known: it exists only since ${key.since}, and Immich logs a setting it does not know with its value`
            : `nothing: Immich ${version} does not know it (${key.since} and later do) and would log it with its value`,
        );
      }
    } else if (!key.rule.accepts(value, version)) wrong(name, key.rule.allowed);
    else if (defaultIsUncertain(name, version, store) && !wasWritten(name, options)) {
      wrong(name, "nothing while Immich's version is not known: its default changed with 1.135");
    }
  }
  const issuer = settings["oauth.issuerUrl"];
  const algorithm = settings["oauth.signingAlgorithm"];
  const supported = discovery?.id_token_signing_alg_values_supported;
  if (discovery !== undefined && issuer !== undefined && issuer !== discovery.issuer) {
    wrong("oauth.issuerUrl", `${discovery.issuer}, the issuer in the discovery document, exactly`);
  }
  if (supported !== undefined && typeof algorithm === "string" && !supported.includes(algorithm)) {
    wrong(
      "oauth.signingAlgorithm",
      `what the provider signs with, by its discovery document: ${supported.join(", ")}`,
    );
  }
  return problems;
}

/** The settings of `settings` that this version knows, and the names of those that are left out (`whereKnown`). */
export function select(
  settings: Settings,
  options: ValidateOptions,
): { readonly wanted: Settings; readonly skipped: string[] } {
  const optional = new Set(options.whereKnown ?? []);
  const skipped = Object.keys(settings).filter(
    (name) => optional.has(name) && !isUsable(name, options),
  );
  const wanted = Object.entries(settings).filter(([name]) => !skipped.includes(name));
  return { wanted: Object.fromEntries(wanted), skipped };
}

function isUsable(name: string, options: ValidateOptions): boolean {
  return isKnown(name, options.version, storeFor(options)) || wasWritten(name, options);
}

function wasWritten(name: string, { version, deployed = {} }: ValidateOptions): boolean {
  return version === undefined && Object.hasOwn(deployed, name);
}

/**
 * What is wrong with settings as Immich would have them after a write, stored ones that are not ours included: what breaks
 * the login, and nothing else.
 *
 * @param config from `asImmichReads`
 * @param owned the settings that are being written: their own rules have been checked already
 */
export function validateResult(
  config: Record<string, unknown>,
  owned: Settings,
  options: ValidateOptions = {},
): Problem[] {
  const { version } = options;
  const store = storeFor(options);
  const value = (name: string): unknown => effective(config, name);
  const on = (name: string): boolean => Boolean(value(name));
  if (!on("oauth.enabled")) return [];
  const problems: Problem[] = [];
  const wrong = (key: string, allowed: string): void => {
    problems.push({ key, given: show(key, value(key)), allowed });
  };
  for (const [name, key] of Object.entries(KEYS)) {
    if (Object.hasOwn(owned, name)) continue;
    if (version !== undefined && !isKnown(name, version, store)) continue;
    if (!survives(name, value(name), version)) wrong(name, key.rule.allowed);
  }
  if (on("oauth.mobileOverrideEnabled") && !isSavableUrl(value("oauth.mobileRedirectUri"))) {
    wrong(
      "oauth.mobileRedirectUri",
      "an http(s) URL whose host has a dot in it while oauth.mobileOverrideEnabled is on",
    );
  }
  if (
    version !== undefined &&
    atLeast(version, KEYS["oauth.allowInsecureRequests"]?.since ?? "3.0.0") &&
    /^http:/i.test(String(value("oauth.issuerUrl"))) &&
    !on("oauth.allowInsecureRequests")
  ) {
    wrong(
      "oauth.allowInsecureRequests",
      `true for an issuer that is reached by http, since Immich 3.0 (the issuer is ${show("oauth.issuerUrl", value("oauth.issuerUrl"))})`,
    );
  }
  return problems;
}

/** Whether nobody could log in: neither with a password nor by OAuth. */
export function locksOut(config: Record<string, unknown>): boolean {
  return !effective(config, "passwordLogin.enabled") && !effective(config, "oauth.enabled");
}

/** A value as it may be shown. Never a secret's, nor that of a setting that is not known, which may be one misspelled. */
export function show(name: string, value: unknown): string {
  if (isSecret(name)) return "(not shown)";
  const text = (JSON.stringify(value) ?? "nothing").replace(
    /\p{Cf}/gu,
    (invisible) => `\\u${invisible.charCodeAt(0).toString(16)}`,
  );
  // A URL may carry a password.
  const safe = text.replace(/\/\/[^/@"]*@/g, "//…@");
  return safe.length > 120 ? `${safe.slice(0, 119)}…` : safe;
}

function storeFor({ version, store }: ValidateOptions): SettingsStore {
  return store ?? (version === undefined ? "system_metadata" : storeOf(version));
}
