// The stand-in for the plugin `postgresql`, over gRPC, against a real PostgreSQL.

import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Client } from "pg";

import { startPostgres, type Postgres } from "../../sandbox/postgres";
import { Plugin, messageOf, secret, UNKNOWN, type Props } from "./plugin";

const role = "postgresql:index/role:Role";
const grant = "postgresql:index/grant:Grant";
const plugin = new Plugin("postgresql");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "provider-postgresql-"));
let postgres: Postgres;
let admin: Client;

beforeAll(async () => {
  postgres = await startPostgres({ folder });
  admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  await plugin.start();
  await plugin.handshake();
  await plugin.configure("postgresql", config());
}, 60_000);
afterAll(async () => {
  await admin?.end();
  await Promise.all([plugin.stop(), postgres?.stop()]);
  fs.rmSync(folder, { recursive: true, force: true });
});

function config(change: Record<string, string> = {}): Record<string, string> {
  return {
    host: postgres.host,
    port: String(postgres.port),
    username: postgres.user,
    password: postgres.password,
    database: postgres.database,
    sslmode: "disable",
    superuser: "true",
    connectTimeout: "10",
    ...change,
  };
}

interface Made {
  type: string;
  id: string;
  inputs: Props;
  state: Props;
}

async function make(type: string, inputs: Props): Promise<Made> {
  const checked = await plugin.check(type, inputs);
  expect(checked.failures).toEqual([]);
  return { type, inputs: checked.inputs, ...(await plugin.create(type, checked.inputs)) };
}

async function rights(name: string): Promise<string[]> {
  const found = await admin.query(
    "SELECT table_name || ' ' || privilege_type AS one FROM information_schema.role_table_grants WHERE grantee = $1 ORDER BY 1",
    [name],
  );
  return (found.rows as { one: string }[]).map(({ one }) => one);
}

const drop = (made: Made): Promise<void> => plugin.delete(made.type, made.id, made);
const differs = (made: Made, inputs: Props) => plugin.diff(made.type, made.id, made, inputs);

describe("Role", () => {
  test("a role is made with the defaults of the official plugin and can log in", async () => {
    const made = await make(role, { name: "reader", login: true, password: "it's \\ secret" });
    expect(made.id).toBe("reader");
    expect(made.state).toEqual({
      assumeRole: "",
      encrypted: null,
      id: "reader",
      idleInTransactionSessionTimeout: 0,
      passwordWo: secret(null),
      passwordWoVersion: null,
      roles: null,
      searchPaths: null,
      statementTimeout: 0,
      name: "reader",
      login: true,
      password: secret("it's \\ secret"),
      bypassRowLevelSecurity: false,
      connectionLimit: -1,
      createDatabase: false,
      createRole: false,
      encryptedPassword: true,
      inherit: true,
      replication: false,
      skipDropRole: false,
      skipReassignOwned: false,
      superuser: false,
      validUntil: "infinity",
    });
    const { host, port, database } = postgres;
    const client = new Client({ host, port, database, user: "reader", password: "it's \\ secret" });
    await client.connect();
    await client.end();
    await drop(made);
    expect((await admin.query("SELECT 1 FROM pg_roles WHERE rolname = 'reader'")).rowCount).toBe(0);
  });

  test("defaults show among the inputs, a name is made up where none is given", async () => {
    const { inputs } = await plugin.check(role, {});
    expect(inputs).toMatchObject({ connectionLimit: -1, inherit: true, validUntil: "infinity" });
    expect(inputs["name"]).toMatch(/^thing-[0-9a-f]{7}$/);
    expect(inputs["__defaults"]).toEqual(expect.arrayContaining(["name", "inherit"]));
    const again = await plugin.check(role, {}, { ...inputs, name: "thing-0000000" });
    expect(again.inputs["name"]).toBe("thing-0000000");
  });

  test("everything about a role changes in place, its name too", async () => {
    const made = await make(role, { name: "changing", login: false });
    const wanted = {
      ...made.inputs,
      name: "changed",
      login: true,
      password: "pw",
      connectionLimit: 3,
      statementTimeout: 5000,
      searchPaths: ["a b", "public"],
      roles: ["pg_monitor"],
    };
    expect(await differs(made, wanted)).toMatchObject({
      detail: {
        name: "UPDATE",
        login: "UPDATE",
        connectionLimit: "UPDATE",
        password: "ADD",
        statementTimeout: "ADD",
        searchPaths: "ADD",
        roles: "ADD",
      },
      replaces: [],
    });
    const state = await plugin.update(role, made.id, made, wanted);
    expect(state).toMatchObject({
      name: "changed",
      login: true,
      connectionLimit: 3,
      statementTimeout: 5000,
      searchPaths: ["a b", "public"],
      roles: ["pg_monitor"],
      password: secret("pw"),
    });
    const now = { ...made, id: "changed", inputs: wanted, state };
    expect(await differs(now, wanted)).toMatchObject({ changes: "none" });
    const less = await plugin.update(role, "changed", now, { ...made.inputs, name: "changed" });
    expect(less).toMatchObject({ login: false });
    expect(less).toMatchObject({ statementTimeout: 0 });
    await drop({ ...now, state: less });
  });

  test("a refresh sees what somebody changed and what is gone", async () => {
    const made = await make(role, { name: "watched", login: true, password: "pw" });
    expect(await plugin.read(role, made.id, made)).toEqual({
      id: made.id,
      inputs: made.inputs,
      state: { ...made.state, roles: [], searchPaths: [] },
    });
    await admin.query("ALTER ROLE watched NOLOGIN CONNECTION LIMIT 7");
    const read = await plugin.read(role, made.id, made);
    expect(read.inputs).toMatchObject({ login: false, connectionLimit: 7 });
    expect(await differs({ ...made, state: read.state }, made.inputs)).toMatchObject({
      detail: { login: "UPDATE", connectionLimit: "UPDATE" },
    });
    await admin.query("DROP ROLE watched");
    expect((await plugin.read(role, made.id, made)).id).toBe("");
  });

  test("a role made by hand is imported by its name", async () => {
    await admin.query("CREATE ROLE handmade LOGIN CONNECTION LIMIT 2");
    const read = await plugin.read(role, "handmade");
    expect(read).toMatchObject({
      id: "handmade",
      inputs: { name: "handmade", login: true, connectionLimit: 2 },
    });
    const { inputs } = await plugin.check(role, {
      name: "handmade",
      login: true,
      connectionLimit: 2,
    });
    expect(await differs({ type: role, ...read }, inputs)).toMatchObject({ changes: "none" });
    await admin.query("DROP ROLE handmade");
  });

  test("a role that is there already is an error that names it; nothing is half made", async () => {
    const inputs = { ...(await plugin.check(role, { name: "postgres" })).inputs };
    expect(await messageOf(plugin.create(role, inputs))).toBe(
      '1 error occurred:\n\t* error creating role postgres: pq: role "postgres" already exists\n\n',
    );
    const half = (await plugin.check(role, { name: "half", roles: ["nobody"] })).inputs;
    expect(await messageOf(plugin.create(role, half))).toContain(
      "could not grant role nobody to half",
    );
    expect((await admin.query("SELECT 1 FROM pg_roles WHERE rolname = 'half'")).rowCount).toBe(0);
  });

  test("a write-only password is set when its version changes, and never kept", async () => {
    const made = await make(role, {
      name: "written",
      login: true,
      passwordWo: "one",
      passwordWoVersion: "1",
    });
    expect(JSON.stringify(made.state)).not.toContain("one");
    const login = async (password: string): Promise<boolean> => {
      const { host, port, database } = postgres;
      const client = new Client({ host, port, database, user: "written", password });
      const outcome = await client.connect().then(
        () => true,
        () => false,
      );
      await client.end();
      return outcome;
    };
    expect(await login("one")).toBe(true);
    expect(await differs(made, { ...made.inputs, passwordWo: "two" })).toMatchObject({
      changes: "none",
    });
    const wanted = { ...made.inputs, passwordWo: "two", passwordWoVersion: "2" };
    expect(await differs(made, wanted)).toMatchObject({ detail: { passwordWoVersion: "UPDATE" } });
    const state = await plugin.update(role, made.id, made, wanted);
    expect([await login("one"), await login("two")]).toEqual([false, true]);
    expect(await differs({ ...made, state }, wanted)).toMatchObject({ changes: "none" });
    await drop(made);
  });

  test("what a role owns goes to the administrator when it is deleted", async () => {
    const made = await make(role, { name: "owner" });
    await admin.query("CREATE TABLE owned (); ALTER TABLE owned OWNER TO owner");
    await drop(made);
    const found = await admin.query("SELECT tableowner FROM pg_tables WHERE tablename = 'owned'");
    expect(found.rows).toEqual([{ tableowner: "postgres" }]);
    await admin.query("DROP TABLE owned");
  });
});

describe("Grant", () => {
  let reader: Made;
  beforeAll(async () => {
    reader = await make(role, { name: "grantee", login: true });
    await admin.query("CREATE TABLE one (a int, b int); CREATE TABLE two ()");
  });
  afterAll(async () => {
    await drop(reader);
    await admin.query("DROP TABLE one, two");
  });
  const base = (change: Props = {}): Props => ({
    role: "grantee",
    database: postgres.database,
    schema: "public",
    objectType: "table",
    objects: ["one"],
    privileges: ["SELECT", "UPDATE"],
    ...change,
  });

  test("rights on one table, and on no other", async () => {
    const made = await make(grant, base());
    expect(made.id).toBe("grantee_immich_public_table_one");
    expect(made.state).toMatchObject({ withGrantOption: false, privileges: ["SELECT", "UPDATE"] });
    expect(await rights("grantee")).toEqual(["one SELECT", "one UPDATE"]);
    expect(await differs(made, { ...made.inputs, privileges: ["UPDATE", "SELECT"] })).toMatchObject(
      { changes: "none" },
    );
    const inputs = { ...made.inputs };
    delete inputs["__defaults"]; // there are none
    expect(await plugin.read(grant, made.id, made)).toEqual({
      id: made.id,
      inputs,
      state: made.state,
    });
    const order = await make(grant, base({ privileges: ["UPDATE", "SELECT"] }));
    expect(order.state["privileges"]).toEqual(["SELECT", "UPDATE"]); // a set is told sorted
    await drop(made);
    expect(await rights("grantee")).toEqual([]);
  });

  test("privileges change in place; anything else means a new grant, the old one going first", async () => {
    const made = await make(grant, base());
    const fewer = { ...made.inputs, privileges: ["SELECT", "INSERT"] };
    expect(await differs(made, fewer)).toMatchObject({ replaces: [], changes: "some" });
    const state = await plugin.update(grant, made.id, made, fewer);
    expect(await rights("grantee")).toEqual(["one INSERT", "one SELECT"]);
    const now = { ...made, inputs: fewer, state };
    expect(await differs(now, { ...fewer, objects: ["two"] })).toMatchObject({
      detail: { "objects[0]": "UPDATE_REPLACE" },
      replaces: ["objects"],
      deleteFirst: true,
    });
    await drop(now);
  });

  test("a refresh sees rights that somebody took, and a role or database that is gone", async () => {
    const made = await make(grant, base());
    await admin.query("REVOKE UPDATE ON one FROM grantee");
    const read = await plugin.read(grant, made.id, made);
    expect(read.inputs["privileges"]).toEqual(["SELECT"]);
    expect(await differs({ ...made, state: read.state }, made.inputs)).toMatchObject({
      changes: "some",
    });
    const elsewhere = { ...made, state: { ...made.state, database: "nowhere" } };
    expect((await plugin.read(grant, made.id, elsewhere)).id).toBe("");
    const nobody = { ...made, state: { ...made.state, role: "nobody" } };
    expect((await plugin.read(grant, made.id, nobody)).id).toBe("");
    await drop(made);
  });

  test.each([
    [
      "a database",
      { objectType: "database", schema: "", objects: [], privileges: ["CONNECT", "TEMPORARY"] },
    ],
    ["a schema", { objectType: "schema", objects: [], privileges: ["USAGE"] }],
    ["columns", { objectType: "column", columns: ["a", "b"], privileges: ["SELECT"] }],
    ["every table", { objects: [], privileges: ["SELECT"] }],
    ["all of a table", { privileges: ["ALL"] }],
  ])("rights on %s are given, found again and taken", async (_name, change) => {
    const made = await make(grant, base(change));
    expect(await plugin.read(grant, made.id, made)).toMatchObject({
      id: made.id,
      state: made.state,
    });
    await drop(made);
    expect(await rights("grantee")).toEqual([]);
    const granted = await admin.query(
      "SELECT 1 FROM information_schema.role_column_grants WHERE grantee = 'grantee'",
    );
    expect(granted.rowCount).toBe(0);
  });

  test("what cannot be granted is refused", async () => {
    const refusal = (change: Props) => messageOf(plugin.create(grant, { ...base(), ...change }));
    expect(await refusal({ schema: "" })).toContain("parameter 'schema' is mandatory");
    expect(await refusal({ privileges: ["FLY"] })).toBe(
      "1 error occurred:\n\t* FLY is not an allowed privilege for object type table\n\n",
    );
    expect(await refusal({ objects: ["three"] })).toContain(
      'relation "public.three" does not exist',
    );
    expect((await plugin.check(grant, base({ objectType: "moon" }))).failures.join()).toContain(
      "expected object_type to be one of",
    );
    expect(await messageOf(plugin.read(grant, "grantee_immich_public_table_one"))).toContain(
      "cannot be imported",
    );
  });

  test("two grants to one role at a time wait for each other", async () => {
    const made = await Promise.all([
      make(grant, base({ objects: ["one"] })),
      make(grant, base({ objects: ["two"] })),
      make(grant, base({ objectType: "schema", objects: [], privileges: ["USAGE"] })),
    ]);
    expect(await rights("grantee")).toEqual([
      "one SELECT",
      "one UPDATE",
      "two SELECT",
      "two UPDATE",
    ]);
    await Promise.all(made.map(drop));
  });
});

describe("the connection", () => {
  const other = new Plugin("postgresql");
  beforeAll(() => other.start());
  afterAll(() => other.stop());

  test("nothing is connected before the first statement, not for a preview either", async () => {
    await other.configure("postgresql", config({ port: "1" }));
    const { inputs } = await other.check(role, { name: "x", password: UNKNOWN });
    const preview = await other.create(role, inputs, true);
    expect(preview.state).toMatchObject({ name: "x", login: false, password: UNKNOWN });
    expect(await other.diff(role, "x", { inputs, state: preview.state }, inputs)).toBeDefined();
    expect(await messageOf(other.create(role, { ...inputs, password: "p" }))).toMatch(
      /\* error connecting to PostgreSQL server 127.0.0.1 \(scheme: postgres\): dial tcp 127.0.0.1:1: connect: connection refused\n\n$/,
    );
  });

  test("a wrong password is an error without the password", async () => {
    await other.configure("postgresql", config({ password: "canary-password" }));
    const message = await messageOf(other.create(role, { name: "x" }));
    expect(message).toContain("password authentication failed");
    expect(message).not.toContain("canary-password");
  });

  test("with superuser false no password is read back", async () => {
    await admin.query("CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'm'");
    await other.configure("postgresql", config({ username: "manager", password: "m" }));
    const { inputs } = await other.check(role, { name: "under", login: true, password: "p" });
    expect(await messageOf(other.create(role, inputs))).toContain(
      "You can set `superuser = false`",
    );
    await admin.query("DROP ROLE IF EXISTS under");
    await other.configure(
      "postgresql",
      config({ username: "manager", password: "m", superuser: "false" }),
    );
    const { id, state } = await other.create(role, inputs);
    expect(state["password"]).toEqual(secret("p"));
    await other.delete(role, id, { inputs, state });
    await admin.query("DROP ROLE manager");
  });

  test("what it cannot do is said when it is configured", async () => {
    expect(
      await messageOf(other.configure("postgresql", config({ awsRdsIamAuth: "true" }))),
    ).toContain("takes the official plugin");
  });

  test("Cancel ends what waits for a lock", async () => {
    await other.configure("postgresql", config());
    await admin.query("BEGIN; LOCK TABLE pg_authid IN ACCESS EXCLUSIVE MODE");
    const { inputs } = await other.check(role, { name: "late" });
    const going = messageOf(other.create(role, inputs));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await other.cancel();
    await admin.query("ROLLBACK");
    expect(await going).toContain("the run was cancelled");
  });
});
