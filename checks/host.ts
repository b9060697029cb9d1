// What the checks learn from Immich's own host, over SSH: its settings and its container's last start.
import { readAdmins, type Admin } from "../immich/admins";
import { runsFromConfigFile } from "../immich/configFile";
import { KEYS } from "../immich/keys";
import { reach } from "../immich/reach";
import type { RowContext } from "../immich/reach";
import { read } from "../immich/settings";
import type { StoreName } from "../immich/types";
import { serviceStartedAt } from "../ssh/composeService";
import { shared } from "../ssh/shared";
import type { SshTarget } from "../ssh/target";
import type { ImmichAccess, ImmichHost, Settings } from "./types";

/** How Immich's host and its Postgres are reached. */
export interface HostAccess {
  readonly ssh: SshTarget;
  /** `docker`, `podman`, or one of them behind `sudo -n`. */
  readonly runtime: string;
  readonly compose: { readonly directory: string; readonly service: string };
  readonly postgres: {
    readonly container: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    /** Secret. */
    readonly password: string;
    readonly store: StoreName;
  };
  /** Where Immich's public API tells its version. Default: what the database tells. */
  readonly immichApiUrl?: string;
}

/** The callbacks of a {@link CheckInput}: each opens SSH only when it is called, and only reads. */
export function hostCallbacks(access: HostAccess, owned: Settings): ImmichAccess {
  return {
    reachHost: async () => void (await shared(access.ssh)),
    readSettings: () => readSettings(access, owned),
    containerStartedAt: async () =>
      serviceStartedAt(await shared(access.ssh), { runtime: access.runtime, ...access.compose }),
    configFileInUse: () => configFileInUse(access),
    immichAdmins: () => immichAdmins(access),
    host: immichHost(access),
  };
}

/** How immich/ reaches the database. */
function rowContext({ postgres, ssh, runtime, immichApiUrl }: HostAccess): RowContext {
  return {
    ssh,
    runtime,
    container: postgres.container,
    port: postgres.port,
    database: postgres.database,
    login: { user: postgres.user, password: postgres.password },
    store: postgres.store,
    immichApiUrl,
  };
}

/** Whether Immich's container has IMMICH_CONFIG_FILE, as the writer of settings looks at it. */
async function configFileInUse({
  ssh,
  runtime,
  compose,
}: HostAccess): Promise<boolean | undefined> {
  return runsFromConfigFile({ reachable: false }, await shared(ssh), { runtime, ...compose });
}

/**
 * Immich's administrators, as the configured Postgres user sees them.
 *
 * @returns undefined where that user may not
 * @throws SshError, DatabaseError, SettingsError
 */
export function immichAdmins(access: HostAccess): Promise<readonly Admin[] | undefined> {
  return reach(rowContext(access), ({ db }) =>
    readAdmins((text, values) => db.query(text, values)),
  );
}

function readSettings(access: HostAccess, owned: Settings): Promise<Settings> {
  const { postgres, runtime } = access;
  return reach(rowContext(access), ({ db, server, where }) =>
    read(db, {
      store: postgres.store,
      keys: [...new Set([...Object.keys(KEYS), ...Object.keys(owned)])],
      where: `database ${where}`,
      psql: `${runtime} exec -it ${postgres.container} psql -U ${postgres.user} -d ${postgres.database}`,
      ...(server.version === undefined ? {} : { version: server.version }),
    }),
  );
}

/** The host as the fixes' commands name it. */
export function immichHost({ ssh, runtime, compose, postgres }: HostAccess): ImmichHost {
  const port = ssh.port === 22 ? "" : `-p ${ssh.port} `;
  const jump =
    ssh.jump === undefined ? "" : `-J ${ssh.jump.user}@${ssh.jump.host}:${ssh.jump.port} `;
  return {
    ssh: `${port}${jump}${ssh.user}@${ssh.host}`,
    composeDirectory: compose.directory,
    composeService: compose.service,
    containerRuntime: runtime,
    postgres: {
      container: postgres.container,
      database: postgres.database,
      user: postgres.user,
      store: postgres.store,
    },
  };
}
