/** Immich's settings as one PostgreSQL login or another, or through its API, and what to do where a login is refused. */
import { DatabaseError } from "../immich/databaseErrors";
import { loginPassword } from "../immich/login";
import type { RowContext } from "../immich/reach";
import type { Way } from "../immich/open";
import type { SettingsStore } from "../immich/types";
import type { Configuration, DatabaseConfiguration } from "./configuration";
import { databaseId } from "./identity";
import { reaching } from "./late";
import { scramVerifier } from "./scram";

/** Which settings table, and which login. Through the API neither counts. */
export interface Access {
  readonly store: SettingsStore;
  /** Name of a PostgreSQL role. Empty: the configured user. */
  readonly login: string;
}

/** How the settings are reached. */
export async function wayTo(configuration: Configuration, access: Access): Promise<Way> {
  const { api } = configuration;
  return api ? { store: "api", api } : rowContext(configuration, access);
}

async function rowContext(
  configuration: DatabaseConfiguration,
  { store, login }: Access,
): Promise<RowContext> {
  const { ssh, runtime, container, port, database, user, password } = configuration;
  const own = login !== "" && login !== user;
  return {
    ssh,
    runtime,
    container,
    port,
    database,
    login: own
      ? { user: login, password: await loginPassword(password, login) }
      : { user, password },
    store: store === "api" ? "system_metadata" : store,
    immichApiUrl: configuration.apiUrl,
    composeService: configuration.composeService,
    composeDirectory: configuration.composeDirectory,
  };
}

/** Which database a configuration leads to, asked as the configured user; of an API, its address. */
export async function databaseIdAt(
  configuration: Configuration,
  store: SettingsStore,
): Promise<string> {
  if (configuration.api) return configuration.api.url;
  const admin = await rowContext(configuration, { store, login: "" });
  return reaching().reach(admin, ({ db }) => databaseId(db));
}

/**
 * Changes something as the given login. A login of our own that is refused (its password was changed by hand, it was
 * dropped, or the database is another one) is made good first.
 *
 * @returns what `work` returned, and a sentence for the user where the login was made good
 */
export async function asLogin<T>(
  configuration: Configuration,
  access: Access,
  work: (context: Way) => Promise<T>,
): Promise<{ readonly done: T; readonly warnings: readonly string[] }> {
  const context = await wayTo(configuration, access);
  try {
    return { done: await work(context), warnings: [] };
  } catch (error) {
    if (configuration.api || !hasOwnLogin(context, configuration) || !isRefused(error)) throw error;
  }
  await makeGood(configuration, access);
  return {
    done: await work(context),
    warnings: [
      `PostgreSQL refused the login ${access.login}: it was dropped or changed by hand. It can log in again, ` +
        `with access to the table ${access.store} alone.`,
    ],
  };
}

/**
 * Looks at something as the given login, or as the configured user where that login is refused.
 *
 * @returns what `work` returned, and whether the login was refused
 */
export async function looking<T>(
  configuration: Configuration,
  access: Access,
  work: (context: Way) => Promise<T>,
): Promise<{ readonly done: T; readonly refused: boolean }> {
  const context = await wayTo(configuration, access);
  try {
    return { done: await work(context), refused: false };
  } catch (error) {
    if (configuration.api || !hasOwnLogin(context, configuration) || !isRefused(error)) throw error;
  }
  return {
    done: await work(await rowContext(configuration, { ...access, login: "" })),
    refused: true,
  };
}

/** Whether another login than the configured user's is used. */
function hasOwnLogin(context: Way, { user }: DatabaseConfiguration): boolean {
  return context.store !== "api" && context.login.user !== user;
}

function isRefused(error: unknown): boolean {
  return error instanceof DatabaseError && error.refused;
}

/** Makes the role what `@pulumi/postgresql` has made it: able to log in, with the derived password and its grant. */
async function makeGood(configuration: DatabaseConfiguration, access: Access): Promise<void> {
  const { login, store } = access;
  const admin = await rowContext(configuration, { store, login: "" });
  const verifier = scramVerifier(await loginPassword(configuration.password, login));
  await reaching().reach(admin, async ({ db }) => {
    const { rows } = await db.query(
      `SELECT format(
         CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = $1)
           THEN 'ALTER ROLE %1$I WITH LOGIN PASSWORD %2$L' ELSE 'CREATE ROLE %1$I WITH LOGIN PASSWORD %2$L' END,
         $1::text, $2::text) AS role,
       format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO %I', $3::text, $1::text) AS "grant"`,
      [login, verifier, store],
    );
    await db.query(String(rows[0]?.["role"]));
    await db.query(String(rows[0]?.["grant"]));
  });
}

/**
 * Takes what a login of our own was granted in this database away, and the login too unless it is needed in another database
 * of the same server.
 *
 * @returns a sentence for the user where the login could not be dropped
 */
export async function dropLogin(
  configuration: DatabaseConfiguration,
  access: Access,
  needed: boolean,
): Promise<readonly string[]> {
  if (access.login === "" || access.login === configuration.user) return [];
  const admin = await rowContext(configuration, { ...access, login: "" });
  return reaching().reach(admin, async ({ db, where }) => {
    const { rows } = await db.query(
      `SELECT format('DROP OWNED BY %1$I', $1::text) AS owned, format('DROP ROLE %I', $1::text) AS role
       WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`,
      [access.login],
    );
    const [drop] = rows;
    if (!drop) return [];
    try {
      await db.query(String(drop["owned"])); // its grants; a role of ours owns nothing
      if (!needed) await db.query(String(drop["role"]));
      return [];
    } catch (error) {
      return [
        `The login ${access.login} stays in database ${where}: PostgreSQL says ${(error as Error).message}. ` +
          `Take it away by hand: DROP OWNED BY "${access.login}"; DROP ROLE "${access.login}";`,
      ];
    }
  });
}
