import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "pg";
import { databaseIdentity, reaches } from "../../sandbox/database/identity";
import { type Postgres, startPostgres } from "../../sandbox/postgres";

jest.setTimeout(30_000);

const ROOT = resolve(__dirname, "../..");
let folder: string;
let postgres: Postgres;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-postgres-"));
  chmodSync(folder, 0o711);
  postgres = await startPostgres({ folder });
});

afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function rows(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function until(condition: () => boolean, milliseconds = 5000): Promise<boolean> {
  for (const end = Date.now() + milliseconds; Date.now() < end;) {
    if (condition()) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return condition();
}

const columns = `SELECT table_name || '.' || column_name || ' ' || data_type ||
  CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END AS text
  FROM information_schema.columns
  WHERE table_name IN ('system_config', 'system_metadata', 'version_history')
  ORDER BY table_name, ordinal_position`;

test("is a PostgreSQL that takes the right password only, on loopback only", async () => {
  const [version] = await rows(postgres.url, "SELECT version(), inet_server_addr()::text AS at");
  expect(version).toMatchObject({
    version: expect.stringMatching(/^PostgreSQL 1[4-9]/),
    at: "127.0.0.1/32",
  });
  await expect(rows(postgres.url.replace(":postgres@", ":wrong@"), "SELECT 1")).rejects.toThrow(
    /password authentication failed/,
  );
  expect(await rows(postgres.url, "SHOW listen_addresses")).toEqual([
    { listen_addresses: "127.0.0.1" },
  ]);
  expect(await rows(postgres.url, "SELECT type, auth_method FROM pg_hba_file_rules")).toEqual(
    expect.not.arrayContaining([expect.objectContaining({ auth_method: "trust" })]),
  );
});

test("has the tables of a new Immich, and of an old one", async () => {
  const newer = (await rows(postgres.url, columns)).map(({ text }) => text);
  expect(newer).toEqual([
    "system_metadata.key character varying NOT NULL",
    "system_metadata.value jsonb NOT NULL",
    "version_history.id uuid NOT NULL",
    "version_history.createdAt timestamp with time zone NOT NULL",
    "version_history.version character varying NOT NULL",
  ]);
  expect(await rows(postgres.url, "SELECT version FROM version_history")).toEqual([
    { version: "1.135.3" },
  ]);

  const url = await postgres.createDatabase("older", "1.105.1");
  expect((await rows(url, columns)).map(({ text }) => text)).toEqual([
    "system_config.key character varying NOT NULL",
    "system_config.value character varying",
    "system_metadata.key character varying NOT NULL",
    "system_metadata.value jsonb NOT NULL",
  ]);
  await postgres.dropDatabase("older");
  await expect(rows(url, "SELECT 1")).rejects.toThrow(/does not exist/);
});

test("keeps its data over a restart", async () => {
  const before = postgres.pid;
  await postgres.shutDown();
  expect(postgres.pid).toBe(0);
  await expect(rows(postgres.url, "SELECT 1")).rejects.toThrow(/ECONNREFUSED/);
  await postgres.startAgain();
  expect(postgres.pid).not.toBe(before);
  expect(await rows(postgres.url, "SELECT version FROM version_history")).toHaveLength(1);
});

test("says what is wrong when its port is taken", async () => {
  await expect(startPostgres({ folder, port: postgres.port })).rejects.toThrow(
    /did not start on 127\.0\.0\.1:\d+ .*Address already in use/,
  );
  expect(readdirSync(folder)).toHaveLength(1);
});

test("stop leaves neither process nor data", async () => {
  const other = await startPostgres({ folder, immichVersion: null });
  const { pid } = other;
  expect(readdirSync(folder)).toHaveLength(2);
  await other.stop();
  expect(alive(pid)).toBe(false);
  expect(readdirSync(folder)).toHaveLength(1);
});

test("ends, and leaves nothing, when its owner is killed", async () => {
  const here = join(folder, "owner");
  const script = `
    const { startPostgres } = require("./sandbox/postgres.ts");
    startPostgres({ folder: ${JSON.stringify(here)} }).then(({ pid }) => console.log(pid));`;
  const owner = spawn(process.execPath, ["-r", "./register.js", "-e", script], { cwd: ROOT });
  const pid = await new Promise<number>((done) =>
    owner.stdout.once("data", (chunk: Buffer) => done(Number(chunk))),
  );
  expect(alive(pid)).toBe(true);
  owner.kill("SIGKILL");
  expect(await until(() => !alive(pid))).toBe(true);
  expect(await until(() => readdirSync(here).length === 0)).toBe(true);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot("runs as another user, from and in folders that this user may not enter", async () => {
  const identity = databaseIdentity();
  const closed = mkdtempSync(join(tmpdir(), "sandbox-closed-"));
  try {
    expect(reaches(identity, closed)).toBe(false);
    const other = await startPostgres({ folder: closed });
    expect(await rows(other.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await other.stop();
    expect(existsSync(closed) && readdirSync(closed)).toEqual([]);
  } finally {
    rmSync(closed, { recursive: true, force: true });
  }
});
