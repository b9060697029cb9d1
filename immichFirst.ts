/** What only a running Immich knows of a configuration, asked before anything is made. */
import type { StackConfig } from "./config";
import { ConfigCommands, ConfigError } from "./configProblems";
import { KEYS } from "./immich/keys";
import { askServer } from "./immich/server";
import { atLeast } from "./immich/version";

/**
 * Asks Immich for its version where the configuration depends on it. One that can't be reached refuses nothing: the
 * settings are judged again when they are written.
 *
 * @throws ConfigError for groups of administrators on an Immich without `oauth.roleClaim`
 */
export async function askImmichFirst(
  { application, immich }: Pick<StackConfig, "application" | "immich">,
  stack: string,
): Promise<void> {
  const { adminGroups } = application;
  const since = KEYS["oauth.roleClaim"]?.since;
  if (adminGroups.length === 0 || since === undefined) return;
  const { version } = await askServer(immich.apiUrl);
  if (version === undefined || atLeast(version, since)) return;
  throw new ConfigError([
    {
      key: "adminGroups",
      given: JSON.stringify(adminGroups),
      allowed: `none: Immich ${version} at ${immich.apiUrl} takes no roles from Authentik; it does since ${since}`,
      fix: new ConfigCommands(stack).remove("adminGroups"),
    },
  ]);
}
