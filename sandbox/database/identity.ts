/**
 * PostgreSQL refuses to run as root. A sandbox started by root runs it as another user, which must
 * be able to reach the binaries and the data: a clone in a folder made by `mktemp -d` is closed to
 * everybody but its owner.
 */
import { statSync } from "node:fs";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";

/** The user that runs PostgreSQL. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user to become, or `undefined` when this process isn't root and can stay what it is.
 *
 * `postgres` where the system has one, else an account of Debian that nothing runs as, else `nobody`, as which all
 * kinds of things run that have no business in the data; else the first ordinary user. `initdb` wants a user with a
 * name (its `get_id`), so a made-up number would not do.
 *
 * @throws Error when root finds no other user in /etc/passwd.
 */
export function databaseIdentity(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((row) => row.split(":"))
    .filter((row) => row.length >= 4 && Number(row[2]) > 0);
  const chosen =
    ["postgres", "games", "news", "uucp", "nobody"]
      .map((wanted) => users.find(([name]) => name === wanted))
      .find((user) => user !== undefined) ?? users[0];
  if (chosen === undefined) {
    throw new Error(
      "The sandbox runs as root, PostgreSQL refuses to, and /etc/passwd has no other user to run it as. Start the sandbox as an ordinary user.",
    );
  }
  return { uid: Number(chosen[2]), gid: Number(chosen[3]) };
}

/** Whether `identity` (undefined: this process itself) may walk down to `path`. */
export function reaches(identity: Identity | undefined, path: string): boolean {
  if (identity === undefined) return true;
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const shift = uid === identity.uid ? 6 : gid === identity.gid ? 3 : 0;
    if (((mode >> shift) & 0o1) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
