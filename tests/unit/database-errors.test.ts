// Why a login to PostgreSQL failed, in words.
import { connectError } from "../../immich/databaseErrors";
import { SshError } from "../../ssh/errors";

const login = { database: "immich", user: "immich-sso", where: "immich in container pg at a@h" };
const pgError = (code: string, message: string) =>
  Object.assign(new Error(message), { code, severity: "FATAL" });

test.each<[string, Error, string[], boolean]>([
  [
    "wrong password",
    pgError("28P01", 'password authentication failed for user "immich-sso"'),
    ["the password was refused", "npx pulumi config set --secret postgresPassword"],
    false,
  ],
  [
    "not let in",
    pgError("28000", 'no pg_hba.conf entry for host "172.18.0.1"'),
    ["no pg_hba.conf entry", "postgresUser"],
    false,
  ],
  [
    "no such database",
    pgError("3D000", 'database "immich" does not exist'),
    ["there is no such database", "postgresDatabase"],
    false,
  ],
  [
    "may not connect",
    pgError("42501", "permission denied for database"),
    ['GRANT CONNECT ON DATABASE "immich" TO "immich-sso"'],
    false,
  ],
  [
    "too many connections",
    pgError("53300", "sorry, too many clients already"),
    ["all its connections are taken", "max_connections"],
    true,
  ],
  [
    "starting",
    pgError("57P03", "the database system is starting up"),
    ["it is not ready (the database system is starting up)"],
    true,
  ],
  [
    "stopping",
    pgError("57P01", "terminating connection"),
    ["it is shutting down", "start it"],
    true,
  ],
  ["anything else", pgError("XX000", "internal error"), ["PostgreSQL answered XX000"], false],
  ["no answer", new Error("timeout expired"), ["no answer in 15 s", "postgresPort"], false],
  [
    "cut off",
    Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
    ["the connection was lost (read ECONNRESET)"],
    true,
  ],
  [
    "SSH went down",
    new SshError("lost", "SSH to a@h:22: the connection was lost: no sign of life", "x"),
    ["as immich-sso: SSH to a@h:22: the connection was lost: no sign of life.\n  next: try again"],
    true,
  ],
])("%s", (_, error, texts, transient) => {
  const told = connectError(error, login, 15_000);
  for (const text of ["immich in container pg at a@h", "as immich-sso", "next:", ...texts]) {
    expect(told.message).toContain(text);
  }
  expect(told.transient).toBe(transient);
});
