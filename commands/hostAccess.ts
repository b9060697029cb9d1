import type { HostAccess } from "../checks/host";
import type { ImmichAccess, Settings } from "../checks/types";
import type { StackConfig } from "../config";

/**
 * How the checks get at Immich's settings, as the stack's configuration says: through its API, or over SSH as the configured
 * Postgres user. What speaks SSH is loaded only where it is used.
 *
 * @param owned the settings that were deployed
 * @param stack for the commands in messages; undefined: none is named
 */
export function immichAccess(
  config: StackConfig,
  owned: Settings,
  stack: string | undefined,
): ImmichAccess {
  if (config.settingsThrough === "file") return late.file().fileCallbacks(config.immich.apiUrl);
  if (config.settingsThrough === "api") {
    const api = { url: config.immich.apiUrl, key: config.apiKey, stack };
    return late.api().apiCallbacks(api, owned);
  }
  overSsh = true;
  return late.host().hostCallbacks(hostAccess(config), owned);
}

let overSsh = false;

/** Ends what the checks have opened. */
export async function closeAccess(): Promise<void> {
  if (overSsh) await late.ssh().closeShared();
}

/**
 * How the checks reach Immich's host and its Postgres, as the configured Postgres user.
 *
 * @throws TypeError where the settings go through the API and no way over SSH is configured
 */
export function hostAccess({
  database,
  immich,
  restart,
}: Pick<StackConfig, "database" | "immich" | "restart">): HostAccess {
  if (!database) throw new TypeError("no way to Immich's database is configured");
  return {
    ssh: database.ssh,
    runtime: database.runtime,
    compose: restart,
    postgres: database,
    immichApiUrl: immich.apiUrl,
  };
}

/* eslint-disable @typescript-eslint/no-require-imports */
const late = {
  api: (): typeof import("../checks/api") => require("../checks/api"),
  file: (): typeof import("../checks/file") => require("../checks/file"),
  host: (): typeof import("../checks/host") => require("../checks/host"),
  ssh: (): typeof import("../ssh/shared") => require("../ssh/shared"),
};
