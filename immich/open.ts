/** The two ways to Immich's settings, its database and its API, opened for one operation. */
import { type ApiAccess, ImmichApi } from "./api/client";
import { CONFIG_FILE } from "./api/errors";
import type { Patience } from "./api/request";
import { SettingsError } from "./errors";
import type { Common } from "./options";
import type { Reached, RowContext } from "./reach";
import { askServer } from "./server";
import type { Place } from "./settings";

/** The way through Immich's API. */
export interface ApiContext {
  readonly store: "api";
  readonly api: ApiAccess;
  readonly timeouts?: Partial<Patience>;
}

/** Either way: over SSH to the database, or through the API. */
export type Way = RowContext | ApiContext;

/** Settings that can be worked on now. */
export interface Open {
  readonly place: Place;
  readonly common: Common;
  /** Immich's version, empty where it is not known. */
  readonly version: string;
  /** The database or the API in words. */
  readonly where: string;
  /** Whether Immich takes its settings from a file. Undefined: can't be told. */
  configFile(): Promise<boolean | undefined>;
  /** What the way over SSH has besides. Undefined: through the API. */
  readonly reached?: Reached;
}

/**
 * Opens the way to the settings for `work`, and closes it afterwards.
 *
 * @throws SshError, DatabaseError, SettingsError
 */
export function open<T>(context: Way, work: (open: Open) => Promise<T>): Promise<T> {
  return context.store === "api" ? throughApi(context, work) : overSsh(context, work);
}

async function throughApi<T>(
  { api: access, timeouts }: ApiContext,
  work: (open: Open) => Promise<T>,
): Promise<T> {
  const { version = "", configFile, trouble } = await askServer(access.url);
  const api = new ImmichApi(access, version || undefined, timeouts);
  const where = `Immich's API at ${access.url}`;
  if (version === "") {
    await api.config(); // says it better, where nothing else answers either
    throw new SettingsError(
      "api",
      `${where} does not tell its version: ${trouble ?? "it answered something else"}. Nothing has been changed.`,
    );
  }
  const common: Common = { store: "api", where, version };
  return work({ place: api, common, version, where, configFile: async () => configFile });
}

function overSsh<T>(context: RowContext, work: (open: Open) => Promise<T>): Promise<T> {
  return late.reach().reach(context, (reached) => {
    const version = reached.server.version ?? "";
    const where = `database ${reached.where}`;
    const { runtime, container, login, database, timeouts } = context;
    const common: Common = {
      store: context.store,
      where,
      psql: `${runtime} exec -it ${container} psql -U ${login.user} -d ${database}`,
      ...(version ? { version } : {}),
      ...(timeouts?.settings ? { timeouts: timeouts.settings } : {}),
    };
    const { composeService: service, composeDirectory: directory } = context;
    const server = service ? { runtime, service, directory } : undefined;
    const configFile = () =>
      late.configFile().runsFromConfigFile(reached.server, reached.ssh, server);
    return work({ place: reached.db, common, version, where, configFile, reached });
  });
}

/** What speaks SSH and SQL is loaded only where it is used: Immich's API needs neither. */
/* eslint-disable @typescript-eslint/no-require-imports */
const late = {
  reach: (): typeof import("./reach") => require("./reach"),
  configFile: (): typeof import("./configFile") => require("./configFile"),
};
/* eslint-enable @typescript-eslint/no-require-imports */

/**
 * Refuses an Immich that takes its settings from a file: it ignores its database then, and takes none through its API.
 *
 * @throws SettingsError
 */
export async function refuseConfigFile({ configFile, where }: Open): Promise<void> {
  if (!(await configFile())) return;
  throw new SettingsError(
    "store",
    `Writing Immich's settings: the Immich of ${where} runs from a configuration file (IMMICH_CONFIG_FILE), and takes no ` +
      `others. Nothing has been changed`,
    false,
    CONFIG_FILE,
  );
}
