/** What only a running Immich knows of a configuration, asked before anything is made. */
import type { StackConfig } from "./config";
import { claimSettings } from "./components/claims";
import { unknownSettings } from "./configOauth";
import { ConfigCommands, ConfigError, type ConfigProblem, shown } from "./configProblems";
import { ImmichApi } from "./immich/api/client";
import { ApiError } from "./immich/api/errors";
import { askVersion } from "./immich/server";

/** Where packets to it are dropped, a preview does not wait for long. */
const TIMEOUT_MS = 3_000;

type Asked = Pick<StackConfig, "application" | "immich" | "settingsThrough" | "apiKey">;

/**
 * Asks Immich for its version, and whether the API key will do, where that is to be used. An Immich that can't
 * be reached refuses nothing: the settings are judged again when they are written.
 *
 * @returns undefined where it can't be learnt
 * @throws ConfigError for settings that this Immich does not know
 * @throws ApiError for a key that Immich does not accept, or that may not change settings
 */
export async function askImmichFirst(config: Asked, stack: string): Promise<string | undefined> {
  const { application, immich, settingsThrough } = config;
  const version = await askVersion(immich.apiUrl, { timeoutMs: TIMEOUT_MS });
  if (settingsThrough === "api") await checkKey(config, stack, version);
  if (version === undefined) return undefined;
  const { grants } = application;
  const given: Readonly<Record<string, unknown>> = { ...grants, ...immich };
  const byGrants = claimSettings(grants);
  const wanted = { ...immich.oauthSettings, ...byGrants };
  const problems = unknownSettings(wanted, version).map(({ name, since }): ConfigProblem => {
    const key = Object.hasOwn(byGrants, name) ? OF_CLAIM[name] : undefined;
    const place = key ?? `oauthSettings.${name}`;
    return {
      key: place,
      given: shown(key === undefined ? wanted[name] : given[key]),
      allowed: `none: Immich ${version} at ${immich.apiUrl} does not know oauth.${name}; it does since ${since}`,
      fix: new ConfigCommands(stack).remove(place),
    };
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return version;
}

/** The key of the configuration that a claim is told for. */
const OF_CLAIM: Readonly<Record<string, string>> = {
  roleClaim: "adminGroups",
  storageQuotaClaim: "storageQuotas",
  storageLabelClaim: "storageLabelAttribute",
};

async function checkKey(
  { immich, apiKey }: Asked,
  stack: string,
  version: string | undefined,
): Promise<void> {
  const api = new ImmichApi({ url: immich.apiUrl, key: apiKey, stack }, version, { tries: 1 });
  try {
    await api.check();
  } catch (error) {
    if (error instanceof ApiError && error.problem === "permission") throw error;
  }
}

/** A sentence for the user where the API key is sent in clear over a network that others may share; else undefined. */
export function keyInClear({ immich, settingsThrough }: Asked): string | undefined {
  const { protocol, hostname } = new URL(immich.apiUrl);
  if (settingsThrough !== "api" || protocol === "https:" || isPrivate(hostname)) return undefined;
  return (
    `Immich's API key goes to ${immich.apiUrl} in clear: whoever is on the way can read it, and with it change Immich's ` +
    `settings. Name an https address, or one in your own network: npx pulumi config set immichApiUrl https://ADDRESS`
  );
}

/** Whether a host is this machine or in a network of one's own: loopback, private and link-local addresses, local names. */
function isPrivate(hostname: string): boolean {
  return (
    /^(127|10)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^169\.254\./.test(hostname) ||
    /^\[(::1|f[cd][0-9a-f]{2}:|fe80:)/i.test(hostname) ||
    /^[^.[\]]+$|\.(local|lan|internal|home\.arpa|localhost)$/i.test(hostname)
  );
}
