/** What only a running Immich knows of a configuration, asked before anything is made. */
import type { StackConfig } from "./config";
import { ConfigCommands, ConfigError } from "./configProblems";
import { ImmichApi } from "./immich/api/client";
import { ApiError } from "./immich/api/errors";
import { KEYS } from "./immich/keys";
import { askVersion } from "./immich/server";
import { atLeast } from "./immich/version";

/** Where packets to it are dropped, a preview does not wait for long. */
const TIMEOUT_MS = 3_000;

type Asked = Pick<StackConfig, "application" | "immich" | "settingsThrough" | "apiKey">;

/**
 * Asks Immich for its version, and whether the API key will do, where that is to be used. An Immich that can't
 * be reached refuses nothing: the settings are judged again when they are written.
 *
 * @returns undefined where it can't be learnt
 * @throws ConfigError for groups of administrators on an Immich without `oauth.roleClaim`
 * @throws ApiError for a key that Immich does not accept, or that may not change settings
 */
export async function askImmichFirst(config: Asked, stack: string): Promise<string | undefined> {
  const { application, immich, settingsThrough } = config;
  const { adminGroups } = application;
  const since = KEYS["oauth.roleClaim"]?.since;
  const version = await askVersion(immich.apiUrl, { timeoutMs: TIMEOUT_MS });
  if (settingsThrough === "api") await checkKey(config, stack, version);
  if (version === undefined || adminGroups.length === 0 || since === undefined) return version;
  if (atLeast(version, since)) return version;
  throw new ConfigError([
    {
      key: "adminGroups",
      given: JSON.stringify(adminGroups),
      allowed: `none: Immich ${version} at ${immich.apiUrl} takes no roles from Authentik; it does since ${since}`,
      fix: new ConfigCommands(stack).remove("adminGroups"),
    },
  ]);
}

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
