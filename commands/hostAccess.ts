import type { HostAccess } from "../checks/host";
import type { StackConfig } from "../config";

/** How the checks reach Immich's host and its Postgres, as the configured Postgres user. */
export function hostAccess({
  database,
  immich,
  restart,
}: Pick<StackConfig, "database" | "immich" | "restart">): HostAccess {
  return {
    ssh: database.ssh,
    runtime: database.runtime,
    compose: restart,
    postgres: database,
    immichApiUrl: immich.apiUrl,
  };
}
