import { AdvisedError, SshError } from "../ssh/errors";
import type { DatabaseLogin } from "./types";

/** No session with PostgreSQL came about. */
export class DatabaseError extends AdvisedError {
  /**
   * @param transient the same attempt may well succeed a moment later
   * @param refused there is no such login, or it may not log in, or its password is another one
   */
  constructor(
    what: string,
    next: string,
    readonly transient: boolean,
    readonly refused: boolean,
  ) {
    super(what, next);
    this.name = "DatabaseError";
  }
}

/** Why a login to PostgreSQL failed, and what to do. Never holds the password. */
export function connectError(
  error: unknown,
  login: Omit<DatabaseLogin, "password">,
  timeoutMs: number,
): DatabaseError {
  const words = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  const say = (what: string, next: string, transient = false) =>
    new DatabaseError(
      `Logging in to PostgreSQL, database ${login.where}, as ${login.user}: ${what}`,
      next,
      transient,
      code === "28P01" || code === "28000",
    );
  switch (code) {
    case "28P01":
      return say(
        "the password was refused",
        `npx pulumi config set --secret postgresPassword   (DB_PASSWORD in Immich's .env; if it was changed there after the ` +
          `first start, the database still has the old one)`,
      );
    case "28000":
      return say(
        `this login is refused (${line(words)})`,
        `does the user exist (npx pulumi config set postgresUser NAME), and does pg_hba.conf let it in from the Docker host?`,
      );
    case "3D000":
      return say(
        "there is no such database",
        `npx pulumi config set postgresDatabase NAME   (DB_DATABASE_NAME in Immich's .env)`,
      );
    case "42501":
      return say(
        `this login may not connect to that database (${line(words)})`,
        `GRANT CONNECT ON DATABASE "${login.database}" TO "${login.user}";   as its owner`,
      );
    case "53300":
      return say(
        "all its connections are taken",
        `end idle ones or raise max_connections, then try again`,
        true,
      );
    case "57P03":
      return say(
        `it is not ready (${line(words)})`,
        `wait until the container is healthy, then try again`,
        true,
      );
    case "57P01":
    case "57P02":
      return say(`it is shutting down (${line(words)})`, `start it, then try again`, true);
  }
  if (/timeout expired/i.test(words)) {
    return say(
      `no answer in ${timeoutMs / 1000} s`,
      `is that PostgreSQL's port (npx pulumi config set postgresPort 5432), and is the machine under load?`,
    );
  }
  if (error instanceof SshError) return say(error.what, "try again", true);
  if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]+$/.test(code)) {
    return say(`PostgreSQL answered ${code}: ${line(words)}`, `look at the container's log`);
  }
  return say(
    `the connection was lost (${line(words)})`,
    `is that PostgreSQL's port (npx pulumi config set postgresPort 5432), and does the container stay up? Then try again`,
    true,
  );
}

/** One line, without values in quotes beyond names of users and databases. */
function line(text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > 200 ? `${flat.slice(0, 199)}…` : flat;
}
