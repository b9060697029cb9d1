/** A login that may use the settings' table and nothing else; and databases that are not what was expected. */
import { apply, read, restore, snapshot } from "../../immich/settings";
import { type StoreName, STORES } from "../../immich/types";
import { GOOD } from "../support/badSettings";
import {
  contents,
  ImmichDatabases,
  type Place,
  refusal,
  VERSIONS,
} from "../support/immichDatabase";

const databases = new ImmichDatabases();
beforeAll(() => databases.start(), 60_000);
afterEach(() => databases.release());
afterAll(() => databases.stop());

const keys = Object.keys(GOOD);
const login = { user: "immich_oauth", password: "its-password" };

async function withLogin(
  store: StoreName,
  privileges = "SELECT, INSERT, UPDATE, DELETE",
): Promise<Place> {
  const place = await databases.fresh(VERSIONS[store]);
  await place.admin.query(`
    DO $$ BEGIN CREATE ROLE immich_oauth LOGIN PASSWORD 'its-password';
    EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
  if (privileges !== "") {
    await place.admin.query(`GRANT ${privileges} ON public.${store} TO immich_oauth`);
  }
  return place;
}

describe.each(STORES)("a login for %s alone", (store) => {
  const told = { store, version: VERSIONS[store] };

  test("is enough for everything", async () => {
    const { admin, connect } = await withLogin(store);
    const before = await contents(admin);
    const client = await connect(login);
    const kept = await snapshot(client, { ...told, keys });
    const done = await apply(client, { ...told, settings: GOOD, snapshot: kept });
    expect(done.written).toBe(true);
    expect(await read(client, { ...told, keys })).toEqual(GOOD);
    expect(await restore(client, { ...told, previous: kept, deployed: GOOD })).toMatchObject({
      ...{ written: true, leftAlone: [] },
    });
    expect(await contents(admin)).toEqual(before);
  });

  test("also where the version is not told: version_history is not asked, no transaction fails", async () => {
    const { connect } = await withLogin(store);
    const client = await connect(login);
    const done = await apply(client, { store, settings: GOOD });
    expect(done.written).toBe(true);
  });

  test("is refused every other table, one by one, and everything else", async () => {
    const { admin, connect } = await withLogin(store);
    const { rows } = await admin.query<{ name: string }>(
      "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v', 'm', 'p', 'S')",
    );
    const others = rows.map(({ name }) => name).filter((name) => name !== store);
    expect(others.length).toBeGreaterThan(4);
    const client = await connect(login);
    for (const table of others) {
      for (const sql of [
        `SELECT * FROM ${table}`,
        `DELETE FROM ${table}`,
        `INSERT INTO ${table} DEFAULT VALUES`,
        `LOCK TABLE ${table} IN ACCESS SHARE MODE`,
        `DROP TABLE ${table}`,
      ]) {
        await expect(client.query(sql)).rejects.toMatchObject({
          code: expect.stringMatching(/^(42501|25P01|42809)$/) as string,
        });
      }
    }
    for (const sql of [
      `ALTER TABLE ${store} ADD COLUMN x int`,
      `TRUNCATE ${store}`,
      `CREATE TRIGGER t BEFORE UPDATE ON ${store} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
      "CREATE TABLE mine (x int)",
      "CREATE ROLE other",
      "SELECT pg_read_file('/etc/passwd')",
    ]) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: "42501" });
    }
  });

  test.each([
    ["", "SELECT, INSERT, UPDATE, DELETE"],
    ["SELECT", "INSERT, UPDATE, DELETE"],
    ["SELECT, INSERT, UPDATE", "DELETE"],
  ])("granted only %j, it is told what is missing", async (privileges, missing) => {
    const { connect } = await withLogin(store, privileges);
    const error = await refusal(apply(await connect(login), { ...told, settings: GOOD }));
    expect(error.problem).toBe("permission");
    expect(error.message).toContain(`login "immich_oauth" may not ${missing} on table ${store}`);
    expect(error.message).toContain(`GRANT SELECT, INSERT, UPDATE, DELETE ON public.${store}`);
  });

  test("row level security that hides the row is no crash", async () => {
    const { admin, connect } = await withLogin(store);
    await apply(admin, { ...told, settings: GOOD });
    await admin.query(`ALTER TABLE ${store} ENABLE ROW LEVEL SECURITY`);
    const before = await contents(admin);
    const error = await refusal(apply(await connect(login), { ...told, settings: GOOD }));
    expect(["permission", "locked", "database"]).toContain(error.problem);
    expect(await contents(admin)).toEqual(before);
  });
});

describe("a database that is not what was expected", () => {
  test.each<[string, string | null, StoreName, string]>([
    ["no tables of Immich", null, "system_metadata", "set postgresDatabase NAME"],
    ["an older Immich", "1.105.1", "system_metadata", "settingsStore system_config"],
    ["a newer Immich", "1.135.3", "system_config", "settingsStore system_metadata"],
  ])("%s", async (_what, version, store, text) => {
    const { admin } = await databases.fresh(version);
    if (version === "1.105.1") {
      await admin.query(`INSERT INTO system_config VALUES ('oauth.enabled', 'true')`);
    }
    const before = await contents(admin);
    for (const work of [
      () => snapshot(admin, { store, keys }),
      () => read(admin, { store, keys }),
      () => apply(admin, { store, settings: GOOD }),
      () => restore(admin, { store, previous: {}, deployed: {} }),
    ]) {
      const error = await refusal(work());
      expect(error.problem).toBe("store");
      expect(error.message).toContain(
        `npx pulumi config ${text.replace(/^settings/, "set settings")}`,
      );
    }
    expect(await contents(admin)).toEqual(before);
  });

  test("system_config lingers, empty, beside the new table: 1.106 to 1.132 left it behind", async () => {
    const { admin } = await databases.fresh("1.120.0");
    await admin.query("CREATE TABLE system_config (key varchar PRIMARY KEY, value varchar)");
    expect((await apply(admin, { store: "system_metadata", settings: GOOD })).written).toBe(true);
    const error = await refusal(apply(admin, { store: "system_config", settings: GOOD }));
    expect(error.message).toContain("settingsStore system_metadata");
  });

  test("the version the server tells counts", async () => {
    const { admin } = await databases.fresh("1.105.1");
    const told = { version: "1.106.1", settings: GOOD };
    const error = await refusal(apply(admin, { ...told, store: "system_config" }));
    expect(error.message).toContain("Immich 1.106.1 keeps its settings in table system_metadata");
  });

  test("a version that is none counts as not told", async () => {
    const { admin } = await databases.fresh("1.135.3");
    const told = { version: "release", settings: GOOD };
    expect((await apply(admin, { ...told, store: "system_metadata" })).written).toBe(true);
  });

  test("a login whose transactions only read by default", async () => {
    const { admin, name, connect } = await databases.fresh("1.135.3");
    await admin.query(`ALTER DATABASE ${name} SET default_transaction_read_only TO on`);
    // Only a default: the transaction says that it writes.
    const done = await apply(await connect(), { store: "system_metadata", settings: GOOD });
    expect(done.written).toBe(true);
  });

  test("a schema of the login's own with the same names is not used", async () => {
    const { admin, connect } = await databases.fresh("1.135.3");
    await admin.query(`CREATE SCHEMA postgres; CREATE TABLE postgres.system_metadata (x int)`);
    const done = await apply(await connect(), { store: "system_metadata", settings: GOOD });
    expect(done.written).toBe(true);
  });
});
