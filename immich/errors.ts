import { AdvisedError } from "../ssh/errors";

/** What went wrong, for code that has to decide; people read the message. */
export type SettingsProblem =
  | "invalid" // a setting given is not allowed
  | "stored" // what is already stored keeps Immich from starting, or is ignored, or breaks the login
  | "store" // the settings are not in the table that `settingsStore` names
  | "lockout" // nobody could log in any more
  | "locked" // somebody else holds the settings
  | "slow" // the database took too long
  | "cut" // the connection was lost before COMMIT: nothing has changed
  | "commit-unknown" // it was lost at COMMIT: all old or all new, not known which
  | "permission" // the login may not
  | "read-only" // the database takes no writes
  | "read-back" // what was read back is not what was written: nothing has changed
  | "database" // anything else that PostgreSQL said
  | "api" // anything else about Immich's API
  | "defect"; // this project made a mistake: nothing has changed

/**
 * A failure around Immich's settings, as a person should read it: what was being done, where, what came back, what to do.
 * Never holds a stored or given secret.
 */
export class SettingsError extends AdvisedError {
  /**
   * @param problem what went wrong
   * @param what the text for the user, all of it where there is no `next`
   * @param connectionLost the connection is of no more use: end it
   * @param next what to do now, where that is not in `what`
   */
  constructor(
    readonly problem: SettingsProblem,
    what: string,
    readonly connectionLost = false,
    next?: string,
  ) {
    super(what, next);
    this.name = "SettingsError";
  }
}

/** The connection was lost, or did not answer in time. */
export class Cut extends Error {}

interface PgError {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
}

/**
 * For what should not happen. Of the error only its kind is told: its words could quote a value.
 *
 * @param doing what was being done
 * @param where to what
 */
export function defect(error: unknown, doing: string, where: string): SettingsError {
  const kind = String((error as Partial<Error> | null | undefined)?.name ?? typeof error);
  return new SettingsError(
    "defect",
    `${doing} in ${where}: this project made a mistake (${kind}). Nothing has been changed. Please report it with the versions of Immich and of this project.`,
  );
}

/** PostgreSQL's own error answer, or undefined when the error is not one (a lost connection, a defect of ours). */
function pgError(error: unknown): PgError | undefined {
  if (error === null || typeof error !== "object") return undefined;
  const { code, severity, message } = error as Partial<Record<keyof PgError, unknown>>;
  if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  if (typeof severity !== "string") return undefined;
  return { code, severity, message: String(message) };
}

// The word for the severity is in the server's language, so the codes that end a connection count as well.
const ENDS_CONNECTION = /^(57P0[1-5]|25P0[34]|08...|28...|3D000|53300)$/;

function endsConnection({ code, severity }: PgError): boolean {
  return ENDS_CONNECTION.test(code) || /^(FATAL|PANI[CK])$/.test(severity);
}

/** Whether the server itself refused (and so did not commit), rather than the connection going away. */
export function refusedByServer(error: unknown): boolean {
  const answer = pgError(error);
  return answer !== undefined && !endsConnection(answer);
}

/** Whether the error leaves the connection of no use. */
export function isCut(error: unknown): boolean {
  return !refusedByServer(error);
}

/**
 * Turns anything a query throws into a {@link SettingsError}. Of PostgreSQL's answer only the code and its words are
 * used, with everything in quotes left out: `detail`, `where` and quoted values can carry a row, and so a secret.
 *
 * @param doing what was being done: "Reading Immich's settings"
 * @param where to what: `table system_metadata of database "immich"`
 */
export function explain(error: unknown, doing: string, where: string): SettingsError {
  if (error instanceof SettingsError) return error;
  const answer = pgError(error);
  const start = `${doing} in ${where}: `;
  if (answer === undefined) {
    return new SettingsError(
      "cut",
      `${start}the connection was lost (${said(String((error as Partial<Error> | undefined)?.message ?? error))}). Nothing has been changed. Check that the PostgreSQL container is up, then run the same command again.`,
      true,
    );
  }
  const lost = endsConnection(answer);
  const say = (problem: SettingsError["problem"], text: string): SettingsError =>
    new SettingsError(problem, `${start}${text}`, lost);
  switch (answer.code) {
    case "55P03":
    case "40P01":
    case "40001":
      return say(
        "locked",
        "somebody else is changing Immich's settings and has not finished (a Save in Immich, another `pulumi up`, an open psql session). Nothing has been changed. Wait for it to end, then run the same command again.",
      );
    case "57014":
      return say(
        "slow",
        "the database took too long and the statement was cancelled. Nothing has been changed. Look at the load of the Immich host, then run the same command again.",
      );
    case "42501":
      return say(
        "permission",
        "the login may not do this. Nothing has been changed. With `npx pulumi config set postgresLogin existing` and a login that owns Immich's tables it works; a dedicated login is granted what it needs by `npx pulumi up`.",
      );
    case "42P01":
    case "3F000":
      return say(
        "store",
        "there is no such table. Is this Immich's database? `npx pulumi config set postgresDatabase NAME` names another one.",
      );
    case "25006":
      return say(
        "read-only",
        "the database takes no writes (a standby, or default_transaction_read_only). Nothing has been changed. Connect to the primary server.",
      );
    case "25P03":
    case "25P04":
    case "57P01":
    case "57P02":
    case "57P03":
    case "57P05":
      return say(
        "cut",
        `PostgreSQL ended the connection (${answer.code}: ${said(answer.message)}). Nothing has been changed. Check that its container is up and stays up, then run the same command again.`,
      );
    default:
      return say(
        "database",
        `PostgreSQL answered ${answer.code}: ${said(answer.message)}. Nothing has been changed.`,
      );
  }
}

/** A server's words, fit for a message: one line, and nothing that was in quotes, which may be a value. */
export function said(text: string): string {
  const line = text.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, "…").replace(/\s+/g, " ");
  return line.length > 200 ? `${line.slice(0, 199)}…` : line.trim();
}
