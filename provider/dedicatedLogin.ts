/** The PostgreSQL login of a stack's own: why it can't be made, changed or dropped, and what to do about it. */
import type { Session } from "../immich/database";
import { connectError } from "../immich/databaseErrors";
import { AdvisedError } from "../ssh/errors";
import type { DatabaseConfiguration } from "./configuration";
import { describeWay, wayOf } from "./configuration";
import type { ServerError } from "./tunnel/errors";

const EXISTING = "npx pulumi config set postgresLogin existing";

/**
 * Looks whether the configured user can make the login, before anything is made. Reads only.
 *
 * @param isNew whether this stack can't have made it yet
 * @throws AdvisedError it may not, or the login is there already
 */
export async function lookAtLogin(
  db: Pick<Session, "query">,
  configuration: DatabaseConfiguration,
  login: string,
  isNew: boolean,
): Promise<void> {
  const { rows } = await db.query(
    `SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super,
       EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS there`,
    [login],
  );
  const there = rows[0]?.["there"] === true;
  if (there && isNew) throw taken(configuration, login);
  if (rows[0]?.["super"] !== true) throw noSuperuser(configuration);
}

/** What an error that PostgreSQL answers through the tunnel is to say instead: what makes the login goes that way alone. */
export function inOtherWords(
  configuration: DatabaseConfiguration,
  { code, message, loggedIn }: ServerError,
): string | undefined {
  const { user, database } = configuration;
  if (!loggedIn) {
    const where = describeWay(wayOf(configuration));
    return connectError(Object.assign(new Error(message), { code }), { user, database, where }, 0)
      .message;
  }
  const role = /^role "(.+)" already exists$/.exec(message)?.[1];
  if (code === "42710" && role) return taken(configuration, role).message;
  if (code === "42501") return `${message}. ${noSuperuser(configuration).message}`;
  if (code === "XX000" && message === "tuple concurrently updated")
    return `${message}: another deployment changes rights on the same table at this moment. Run the same command again`;
  return undefined;
}

function taken(configuration: DatabaseConfiguration, login: string): AdvisedError {
  const { runtime, container, user, database } = configuration;
  return new AdvisedError(
    `PostgreSQL, ${describeWay(wayOf(configuration))}, has a role ${login} already, which is none that this stack has made`,
    [
      `  if nobody needs it (a stack of this name was here, or an up was killed):`,
      `    ${runtime} exec -it ${container} psql -U ${user} -d ${database} -c 'DROP OWNED BY "${login}"' -c 'DROP ROLE "${login}"'`,
      `  or make none:`,
      `    ${EXISTING}`,
    ],
  );
}

function noSuperuser(configuration: DatabaseConfiguration): AdvisedError {
  const { user } = configuration;
  return new AdvisedError(
    `The PostgreSQL user ${user}, ${describeWay(wayOf(configuration))}, can't make a login for this stack: it is no superuser`,
    [
      `  use one that is:  npx pulumi config set postgresUser NAME; npx pulumi config set --secret postgresPassword`,
      `  or make none:     ${EXISTING}   (${user} then writes the settings itself)`,
    ],
  );
}
