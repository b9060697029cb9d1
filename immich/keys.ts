import type { SettingValue, SettingsStore } from "./types";
import { atLeast, compareVersions } from "./version";
import * as rules from "./rules";

/** What is known of one of Immich's settings. */
export interface Key {
  /** First version that knows it ("1.42.0" stands for that or before). None was removed up to 3.2.2. */
  readonly since: string;
  /** Immich's default, newest first: from `since` on it is `value`. */
  readonly defaults: readonly { readonly since: string; readonly value: SettingValue }[];
  /** The value is never shown. */
  readonly secret?: true;
  /** What this project writes. */
  readonly rule: rules.Rule;
  /**
   * What a login survives, where that is wider than `rule`: somebody else's odd value is then left alone. Absent: the
   * same as `rule`.
   */
  readonly survives?: (value: unknown, version: string | undefined) => boolean;
}

const anything = (): boolean => true;

function key(
  since: string,
  value: SettingValue,
  rule: rules.Rule,
  more: Pick<Key, "secret" | "survives"> = {},
): Key {
  return { since, defaults: [{ since, value }], rule, ...more };
}

/**
 * The settings this project may own, by Immich's name. Versions, defaults and rules: read off Immich's sources up to
 * 1.135.3 and measured on 1.105.1 and 1.135.3; from 1.138.1 on read off the published `@immich/sdk` (first seen there
 * or a little before). What breaks a login was measured too, row by row.
 */
export const KEYS: Readonly<Record<string, Key>> = {
  "oauth.enabled": key("1.42.0", false, rules.boolean, { survives: anything }),
  "oauth.issuerUrl": key("1.42.0", "", rules.issuerUrl),
  "oauth.clientId": key("1.42.0", "", rules.trimmed),
  "oauth.clientSecret": key("1.42.0", "", rules.trimmed, {
    secret: true,
    // Since 1.133 a client may have no secret.
    survives: (value) => typeof value === "string" && value.trim() === value,
  }),
  "oauth.scope": key("1.42.0", "openid email profile", rules.scope),
  "oauth.buttonText": key("1.42.0", "Login with OAuth", rules.text, { survives: anything }),
  "oauth.autoRegister": key("1.42.0", true, rules.boolean, { survives: anything }),
  "oauth.autoLaunch": key("1.42.0", false, rules.boolean, { survives: anything }),
  "oauth.mobileOverrideEnabled": key("1.42.0", false, rules.boolean, { survives: anything }),
  "oauth.mobileRedirectUri": key("1.42.0", "", rules.optionalUrl, { survives: anything }),
  "oauth.storageLabelClaim": key("1.68.0", "preferred_username", rules.claim, {
    survives: anything,
  }),
  "oauth.signingAlgorithm": key("1.95.0", "RS256", rules.signingAlgorithm),
  "oauth.storageQuotaClaim": key("1.98.0", "immich_quota", rules.claim, { survives: anything }),
  "oauth.defaultStorageQuota": {
    since: "1.98.0",
    defaults: [
      { since: "1.135.0", value: null },
      { since: "1.98.0", value: 0 },
    ],
    rule: rules.quota,
    survives: (value) => value === null || (Number(value) >= 0 && rules.fitsBytes(Number(value))),
  },
  "oauth.profileSigningAlgorithm": key("1.109.0", "none", rules.profileSigningAlgorithm, {
    // Since 3.0 whoever has an e-mail address in the ID token, as here, is not asked for at the provider again.
    survives: (value, version) =>
      value === "none" ||
      value === "" ||
      value === null ||
      (version !== undefined && atLeast(version, "3.0.0")),
  }),
  "oauth.timeout": key("1.133.0", 30_000, rules.timeout, {
    survives: (value) => Number(value) > 0,
  }),
  "oauth.tokenEndpointAuthMethod": key("1.133.0", "client_secret_post", rules.authMethod),
  "oauth.roleClaim": key("1.138.1", "immich_role", rules.claim, { survives: anything }),
  "oauth.prompt": key("3.0.0", "", rules.prompt, {
    // What it does not know Authentik ignores; with `none` it refuses whoever is not logged in there.
    survives: (value) => !String(value).split(" ").includes("none"),
  }),
  "oauth.endSessionEndpoint": key("3.0.0", "", rules.optionalUrl, { survives: anything }),
  "oauth.allowInsecureRequests": key("3.0.0", false, rules.boolean, { survives: anything }),
  "oauth.accountManagementUrl": key("3.2.2", "", rules.optionalUrl, { survives: anything }),
  "passwordLogin.enabled": key("1.42.0", true, rules.boolean, { survives: anything }),
  "server.externalDomain": key("1.95.0", "", rules.externalDomain, { survives: anything }),
};

/** What this project knows of a setting; undefined for one it does not know. */
export function keyOf(name: string): Key | undefined {
  return Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
}

/** Whether a login survives this value of a setting that is known. */
export function survives(name: string, value: unknown, version: string | undefined): boolean {
  const key = keyOf(name);
  return key?.survives?.(value, version) ?? key?.rule.accepts(value, version) ?? true;
}

/** Whether a setting's value must never be shown. A setting that is not known counts as secret. */
export function isSecret(name: string): boolean {
  return keyOf(name)?.secret ?? keyOf(name) === undefined;
}

/** The oldest version that reads each store: what is known there is known to all of its versions. */
const OLDEST: Readonly<Record<SettingsStore, string>> = {
  system_metadata: "1.106.0",
  system_config: "1.42.0",
  api: "1.42.0",
};

/**
 * Whether an Immich of this version knows the setting. Unknown version: whether every version that reads the store does.
 */
export function isKnown(name: string, version: string | undefined, store: SettingsStore): boolean {
  const known = keyOf(name);
  return known !== undefined && atLeast(version ?? OLDEST[store], known.since);
}

/**
 * Immich's default. Unknown version: the newest default of the store's versions (only `oauth.defaultStorageQuota` ever
 * changed: 0, and null since 1.135). Undefined for a setting that is not known.
 */
export function defaultOf(
  name: string,
  version: string | undefined,
  store: SettingsStore,
): SettingValue | undefined {
  const newest = version ?? (store === "system_config" ? "1.105.1" : "999.0.0");
  const defaults = keyOf(name)?.defaults ?? [];
  return (defaults.find(({ since }) => atLeast(newest, since)) ?? defaults.at(-1))?.value;
}

/** Whether the setting's default is not the same in all versions that read the store, and the version is not known. */
export function defaultIsUncertain(
  name: string,
  version: string | undefined,
  store: SettingsStore,
): boolean {
  if (version !== undefined || store === "system_config") return false;
  return (keyOf(name)?.defaults ?? []).some(
    ({ since }) => compareVersions(since, OLDEST[store]) > 0 && keyOf(name)?.since !== since,
  );
}
