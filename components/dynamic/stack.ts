import { type ConfigSource, readConfig, type StackConfig } from "../../config";
import { loginPassword } from "../../immich/login";
import type { RowContext } from "../../immich/row";
import type { StoreName } from "../../immich/types";

/** What Pulumi hands a dynamic provider once: the stack's configuration, secrets in clear. */
export interface ConfigureRequest {
  readonly config: ConfigSource;
}

let current: StackConfig | undefined;

/** Keeps the stack's configuration for this process: credentials come from here and nowhere else. */
export function configure({ config }: ConfigureRequest): void {
  current = readConfig({ get: (key) => config.get(key) });
}

/** The stack's configuration. */
export function stack(): StackConfig {
  if (!current) throw new Error("the dynamic provider was not configured");
  return current;
}

/** Loaded when it is used: a preview only asks for `diff`, and what speaks SSH and SQL takes long to load. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
export const row = (): typeof import("../../immich/row") => require("../../immich/row");

/** How to reach the settings as a certain Postgres login. */
export async function rowContext(login: string, store: string): Promise<RowContext> {
  const { database, immich, restart } = stack();
  return {
    ssh: database.ssh,
    runtime: database.runtime,
    container: database.container,
    port: database.port,
    database: database.database,
    login: { user: login, password: await passwordOf(login) },
    store: store as StoreName,
    immichApiUrl: immich.apiUrl,
    composeService: restart.service,
    composeDirectory: restart.directory,
  };
}

/** The password of a Postgres login: the configured one, or the one derived for a login of our own. */
export async function passwordOf(login: string): Promise<string> {
  const { user, password } = stack().database;
  return login === user ? password : await loginPassword(password, login);
}
