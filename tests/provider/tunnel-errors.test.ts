/** Errors of PostgreSQL on their way through the tunnel: what they say instead, and that nothing else is touched. */
import { once } from "node:events";

import { readConfiguration, type DatabaseConfiguration } from "../../provider/configuration";
import { inOtherWords } from "../../provider/dedicatedLogin";
import { ErrorsInOtherWords, refusalPacket, type Words } from "../../provider/tunnel/errors";

function message(type: string, body: string): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`, "latin1");
  head.writeUInt32BE(Buffer.byteLength(body) + 4, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}

const failure = (code: string, text: string): Buffer =>
  message("E", `SERROR\0VERROR\0C${code}\0M${text}\0DÄ detail\0Fuser.c\0\0`);
const loggedIn = [message("R", "\0\0\0\0"), message("S", "TimeZone\0UTC\0"), message("Z", "I")];

/** What comes out, where it goes in so many bytes at a time. */
async function carried(input: Buffer, words: Words, bytes: number): Promise<string> {
  const stream = new ErrorsInOtherWords(words);
  const out: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => out.push(chunk));
  for (let at = 0; at < input.length; at += bytes) stream.write(input.subarray(at, at + bytes));
  stream.end();
  await once(stream, "end");
  return Buffer.concat(out).toString();
}

const SIZES = [1, 7, 65_536];

test.each(SIZES)(
  "%i bytes at a time: the text of an error is another one, all else the same",
  async (size) => {
    const input = (text: string): Buffer =>
      Buffer.concat([
        ...loggedIn,
        message("D", "Error"),
        failure("42710", text),
        message("Z", "I"),
      ]);
    const words: Words = ({ code, message, loggedIn }) =>
      `${code}, ${message}, ${loggedIn ? "in" : "out"}\n  next: look, Ä`;
    expect(await carried(input("there"), words, size)).toBe(
      input("42710, there, in\n  next: look, Ä").toString(),
    );
    expect(await carried(input("there"), () => undefined, size)).toBe(input("there").toString());
  },
);

test.each(SIZES)(
  "%i bytes at a time: what is no message of PostgreSQL goes through",
  async (size) => {
    for (const text of ["E\0\0\0\0", "Ehrlich währt am längsten", "E", "SSH-2.0-x\r\n", ""])
      expect(await carried(Buffer.from(text), () => "other", size)).toBe(text);
  },
);

test("a refusal is an error as PostgreSQL says it", async () => {
  const told: unknown[] = [];
  await carried(
    refusalPacket(new Error("no way\n  next: look")),
    (error) => void told.push(error),
    9,
  );
  expect(told).toEqual([{ code: "08001", message: "no way\n  next: look", loggedIn: false }]);
});

const configuration = readConfiguration({
  sshHost: "192.0.2.22",
  sshUser: "admin",
  containerRuntime: "sudo -n podman",
  postgresUser: "keeper",
  postgresPassword: "canary",
}) as DatabaseConfiguration;
const said = (code: string, message: string, loggedIn = true): string | undefined =>
  inOtherWords(configuration, { code, message, loggedIn });

test.each([
  ["28P01", 'password authentication failed for user "keeper"', "--secret postgresPassword"],
  ["28000", 'role "keeper" does not exist', "config set postgresUser NAME"],
  ["3D000", 'database "immich" does not exist', "config set postgresDatabase NAME"],
  ["53300", "sorry, too many clients already", "end idle ones or raise max_connections"],
  ["57P03", "the database system is starting up", "wait until the container is healthy"],
])("before the login, %s: why, where, and the command", (code, text, command) => {
  const words = said(code, text, false) ?? "";
  expect(words).toMatch(/^Logging in to PostgreSQL, database immich in immich_postgres at admin@/);
  expect(words).toContain(`\n  next: `);
  expect(words).toContain(command);
});

test("after the login: a role that is there, a user who may not, and what we have no words for", () => {
  const there = said("42710", 'role "immich_sso_home" already exists');
  expect(there).toContain(
    "immich_postgres at admin@192.0.2.22, has a role immich_sso_home already",
  );
  expect(there).toContain(
    `sudo -n podman exec -it immich_postgres psql -U keeper -d immich ` +
      `-c 'DROP OWNED BY "immich_sso_home"' -c 'DROP ROLE "immich_sso_home"'`,
  );
  const denied = said("42501", "permission denied to create role");
  expect(denied).toMatch(
    /^permission denied to create role\. The PostgreSQL user keeper, .* no superuser/,
  );
  expect(denied).toContain("npx pulumi config set postgresLogin existing");
  expect(said("42P01", 'relation "x" does not exist')).toBeUndefined();
});

test("two deployments that grant at once: run it again", () => {
  expect(said("XX000", "tuple concurrently updated")).toMatch(/Run the same command again$/);
  expect(said("XX000", "something else")).toBeUndefined();
});
