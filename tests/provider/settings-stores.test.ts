/** Immich's settings in a real PostgreSQL, both stores: owned, seen to drift, put back. */
import fc from "fast-check";
import type { Client } from "pg";
import { apply, read, restore, snapshot } from "../../immich/settings";
import { type Settings, type StoreName, STORES } from "../../immich/types";
import { BAD_ROWS, CANARY, GOOD, ODD_ROWS } from "../support/badSettings";
import { configRows, documentText, ownedSettings } from "../support/immichArbitraries";
import {
  contents,
  ImmichDatabases,
  type Place,
  put,
  refusal,
  VERSIONS,
} from "../support/immichDatabase";

const databases = new ImmichDatabases();
beforeAll(() => databases.start(), 60_000);
afterEach(() => databases.release());
afterAll(() => databases.stop());

const keys = Object.keys(GOOD);

/** Something of somebody else's in both tables. */
async function furnished(store: StoreName): Promise<Place> {
  const place = await databases.fresh(VERSIONS[store]);
  await place.admin.query(
    `INSERT INTO system_metadata VALUES ('license', '{"licenseKey": "IM-X", "n": 1.10}'), ('system-flags', '{}')`,
  );
  return place;
}

/** The owned settings' own words in the database. */
async function stored({ admin }: Place, store: StoreName): Promise<unknown> {
  const all = await contents(admin);
  if (store === "system_config") return all;
  return JSON.parse(all["system_metadata system-config"] ?? "null");
}

describe.each(STORES)("%s", (store) => {
  const common = { store, version: VERSIONS[store] };

  test("from nothing to owned and back to nothing", async () => {
    const place = await furnished(store);
    const { admin } = place;
    const before = await contents(admin);
    const kept = await snapshot(admin, { ...common, keys });
    expect(Object.values(kept).map(({ present }) => present)).toEqual(keys.map(() => false));
    expect(await contents(admin)).toEqual(before);

    const first = await apply(admin, { ...common, settings: GOOD, snapshot: kept });
    expect(first).toMatchObject({ written: true, skipped: [], previous: kept });
    expect([...first.changed].sort()).toEqual([...keys].sort());
    expect(first.changedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(Math.abs(Date.parse(first.changedAt ?? "") - Date.now())).toBeLessThan(60_000);
    expect(await read(admin, { ...common, keys })).toEqual(GOOD);

    const done = await contents(admin);
    const told = { ...common, settings: GOOD, snapshot: first.previous, deployed: GOOD };
    expect(await apply(admin, told)).toMatchObject({
      ...{ written: false, changed: [], changedAt: undefined, previous: kept },
    });
    expect(await contents(admin)).toEqual(done);

    const back = await restore(admin, { ...common, previous: kept, deployed: GOOD });
    expect(back).toMatchObject({ written: true, leftAlone: [] });
    expect(back.restored).toEqual(keys);
    expect(await contents(admin)).toEqual(before);
    const again = await restore(admin, { ...common, previous: kept, deployed: GOOD });
    expect(again).toMatchObject({ written: false, leftAlone: [] });
  });

  test("the row is absent while its default is wanted, and is not made for it", async () => {
    const { admin } = await furnished(store);
    const before = await contents(admin);
    const settings = { "oauth.buttonText": "Login with OAuth", "oauth.autoLaunch": false };
    expect(await apply(admin, { ...common, settings })).toMatchObject({ written: false });
    expect(await contents(admin)).toEqual(before);
  });

  test("drift is seen setting by setting, and healed by one write", async () => {
    const { admin } = await furnished(store);
    const { previous } = await apply(admin, { ...common, settings: GOOD });
    if (store === "system_metadata") {
      await admin.query(
        `UPDATE system_metadata SET value = jsonb_set(value, '{oauth,clientId}', '"theirs"') WHERE key = 'system-config'`,
      );
    } else {
      await admin.query(`UPDATE system_config SET value = '"theirs"' WHERE key = 'oauth.clientId'`);
    }
    const seen = await read(admin, { ...common, keys });
    expect(seen).toEqual({ ...GOOD, "oauth.clientId": "theirs" });
    const healed = await apply(admin, {
      ...{ ...common, settings: GOOD, deployed: GOOD, snapshot: previous },
    });
    expect(healed).toMatchObject({ written: true, changed: ["oauth.clientId"], previous });
    expect(await read(admin, { ...common, keys })).toEqual(GOOD);
  });

  test("somebody deletes the rows: seen as defaults, healed, and nothing to put back", async () => {
    const { admin } = await furnished(store);
    const before = await contents(admin);
    const { previous } = await apply(admin, { ...common, settings: GOOD });
    const remove =
      store === "system_metadata"
        ? "DELETE FROM system_metadata WHERE key = 'system-config'"
        : "DELETE FROM system_config";
    await admin.query(remove);
    expect(await read(admin, { ...common, keys })).toMatchObject({
      ...{ "oauth.enabled": false, "oauth.clientId": "" },
    });
    const told = { ...common, settings: GOOD, deployed: GOOD, snapshot: previous };
    expect(await apply(admin, told)).toMatchObject({ written: true, previous });
    await admin.query(remove);
    const back = await restore(admin, { ...common, previous, deployed: GOOD });
    expect(back).toMatchObject({ written: false, leftAlone: [] });
    expect(await contents(admin)).toEqual(before);
  });

  test("a setting changed by somebody is left alone and named", async () => {
    const place = await furnished(store);
    const { admin } = place;
    const { previous } = await apply(admin, { ...common, settings: GOOD });
    const theirs = { "oauth.clientId": "theirs" };
    await apply(admin, { ...common, settings: theirs });
    const back = await restore(admin, { ...common, previous, deployed: GOOD });
    expect(back.leftAlone).toEqual(["oauth.clientId"]);
    expect(await stored(place, store)).toEqual(
      store === "system_metadata"
        ? { oauth: { clientId: "theirs" } }
        : expect.objectContaining({ "system_config oauth.clientId": '"theirs"' }),
    );
  });

  test("another client set up by somebody, another stack for one: all of OAuth is left to them", async () => {
    const place = await furnished(store);
    const { admin } = place;
    const { previous } = await apply(admin, { ...common, settings: GOOD });
    const theirs = { "oauth.clientId": "theirs", "oauth.clientSecret": "a-secret-of-theirs" };
    await apply(admin, { ...common, settings: theirs });
    const before = await contents(admin);
    const back = await restore(admin, { ...common, previous, deployed: GOOD });
    expect([...back.leftAlone].sort()).toEqual(Object.keys(GOOD).sort());
    expect(await contents(admin)).toEqual(before);
  });

  test("settings given up go back in the same write, others join", async () => {
    const { admin } = await furnished(store);
    const before = await contents(admin);
    const { previous } = await apply(admin, { ...common, settings: GOOD });
    const { "oauth.clientSecret": secret = "", ...rest } = GOOD;
    const settings: Settings = { ...rest, "oauth.buttonText": "Hello" };
    const { "oauth.clientSecret": gone, ...kept } = previous;
    const done = await apply(admin, {
      ...{ ...common, settings: { ...settings, "oauth.clientSecret": secret } },
      ...{ deployed: GOOD, snapshot: previous },
    });
    expect(done.changed).toEqual(["oauth.buttonText"]);
    const offSettings = { ...settings, "oauth.enabled": false };
    const off = await apply(admin, {
      ...{ ...common, settings: offSettings, deployed: { ...GOOD, ...settings } },
      snapshot: { ...kept, "oauth.buttonText": done.previous["oauth.buttonText"] ?? gone! },
      restore: { "oauth.clientSecret": gone! },
    });
    expect(off).toMatchObject({ restored: ["oauth.clientSecret"], leftAlone: [] });
    expect([...off.changed].sort()).toEqual(["oauth.clientSecret", "oauth.enabled"]);
    const told = { ...common, previous: off.previous, deployed: offSettings };
    expect(await restore(admin, told)).toMatchObject({ leftAlone: [] });
    expect(await contents(admin)).toEqual(before);
  });

  test("a run killed after its COMMIT is finished by the next, with a time to restart for", async () => {
    const { admin } = await furnished(store);
    const kept = await snapshot(admin, { ...common, keys });
    await apply(admin, { ...common, settings: GOOD, snapshot: kept });
    const next = await apply(admin, { ...common, settings: GOOD, snapshot: kept });
    expect(next).toMatchObject({ written: false, previous: kept });
    expect(next.changedAt).toBeDefined();
    const other = { ...GOOD, "oauth.buttonText": "Hello" };
    const joined = await snapshot(admin, { ...common, keys: ["oauth.buttonText"] });
    const told = {
      ...{ ...common, settings: other, deployed: GOOD },
      snapshot: { ...kept, ...joined },
    };
    await apply(admin, told);
    expect((await apply(admin, told)).changedAt).toBeDefined();
    const last = await apply(admin, { ...told, deployed: other });
    expect(last).toMatchObject({ written: false, changedAt: undefined });
  });

  test("changed by somebody between the snapshot and the write: that is what to go back to", async () => {
    const { admin } = await furnished(store);
    const kept = await snapshot(admin, { ...common, keys });
    await apply(admin, { ...common, settings: { "oauth.clientId": "theirs" } });
    const done = await apply(admin, { ...common, settings: GOOD, snapshot: kept });
    expect(done.previous["oauth.clientId"]).toMatchObject({ present: true, value: "theirs" });
    expect(done.previous["oauth.enabled"]).toEqual(kept["oauth.enabled"]);
  });

  test("what this Immich does not know is left out and named", async () => {
    const { admin } = await furnished(store);
    const settings = { ...GOOD, "oauth.allowInsecureRequests": true, "oauth.roleClaim": "role" };
    const whereKnown = ["oauth.allowInsecureRequests", "oauth.roleClaim"];
    const done = await apply(admin, { ...common, settings, whereKnown });
    expect(done.skipped).toEqual(whereKnown);
    expect(JSON.stringify(await contents(admin))).not.toMatch(/allowInsecure|roleClaim/);
    expect(await read(admin, { ...common, keys: Object.keys(settings) })).toEqual(GOOD);
    const error = await refusal(apply(admin, { ...common, settings }));
    expect(error.message).toMatch(/oauth\.roleClaim is "role"; allowed is nothing: Immich 1\.\d+/);
  });

  test("while the version can't be learnt, what was written before stays owned", async () => {
    const { admin } = await furnished(store);
    if (store === "system_config") return; // all of its versions that matter know the same
    await admin.query("DROP TABLE version_history");
    const settings = { ...GOOD, "oauth.timeout": 5000, "oauth.allowInsecureRequests": true };
    const whereKnown = ["oauth.allowInsecureRequests"];
    const first = await apply(admin, { ...common, version: "3.0.0", settings, whereKnown });
    expect(first.skipped).toEqual([]);
    const told = { store, settings, whereKnown, snapshot: first.previous };
    const again = await apply(admin, { ...told, deployed: settings });
    expect(again).toMatchObject({ written: false, skipped: [], previous: first.previous });
    expect((await refusal(apply(admin, told))).message).toContain("version is not known");
    // An older Immich that does not know it: given up.
    const older = await apply(admin, { ...told, version: "1.138.1", deployed: settings });
    expect(older).toMatchObject({ skipped: whereKnown, restored: whereKnown });
    expect(JSON.stringify(await contents(admin))).not.toContain("allowInsecureRequests");
  });

  test("any contents, any settings: written, written again, put back", async () => {
    const { admin } = await furnished(store);
    const version = VERSIONS[store];
    const all: fc.Arbitrary<string | Record<string, string | null>> =
      store === "system_metadata" ? documentText(version) : configRows(version);
    await fc.assert(
      fc.asyncProperty(all, ownedSettings(version, store), async (text, settings) => {
        await admin.query(
          store === "system_metadata"
            ? "DELETE FROM system_metadata WHERE key = 'system-config'"
            : "DELETE FROM system_config",
        );
        await put(admin, text);
        const before = await contents(admin);
        const applied = await apply(admin, { ...common, settings }).catch((error: unknown) => {
          fc.pre(!/login would not work|hides/.test(String(error)));
          throw error;
        });
        const { previous } = applied;
        expect(await read(admin, { ...common, keys: Object.keys(settings) })).toEqual(settings);
        const told = { ...common, settings, deployed: settings, snapshot: previous };
        expect(await apply(admin, told)).toMatchObject({ written: false, changedAt: undefined });
        await restore(admin, { ...common, previous, deployed: settings });
        expect(await contents(admin)).toEqual(before);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe("what is stored already", () => {
  const places = new Map<StoreName, Place>();

  /** One database for all cases, emptied. */
  async function emptied(store: StoreName): Promise<Client> {
    const place = places.get(store) ?? (await databases.fresh(VERSIONS[store]));
    places.set(store, place);
    const admin = await place.connect();
    await admin.query(`DELETE FROM ${store}`);
    return admin;
  }

  test.each(BAD_ROWS)("$store has $stored: refused, and stays as it is", async (bad) => {
    const admin = await emptied(bad.store);
    await put(admin, bad.stored);
    const before = await contents(admin);
    const error = await refusal(apply(admin, { store: bad.store, settings: GOOD }));
    expect(error.problem).toBe("stored");
    expect(error.message).not.toContain(CANARY);
    expect(await contents(admin)).toEqual(before);
    const mend = /-c "((?:[^"\\]|\\.)*)"/.exec(error.message)?.[1];
    if (mend === undefined) return;
    // The command in the message does mend it.
    await admin.query(mend.replace(/\\(.)/g, "$1"));
    expect(await apply(admin, { store: bad.store, settings: GOOD })).toMatchObject({
      written: true,
    });
  });

  test.each(ODD_ROWS)("$store may have $stored, which comes back", async ({ store, stored }) => {
    const admin = await emptied(store);
    await put(admin, stored);
    const before = await contents(admin);
    const { previous } = await apply(admin, { store, settings: GOOD });
    await restore(admin, { store, previous, deployed: GOOD });
    expect(await contents(admin)).toEqual(before);
  });

  test("the document's other values survive to the digit", async () => {
    const { admin } = await databases.fresh("1.135.3");
    const others = `{"trash":{"days":123456789012345678901234567890,"x":1.10,"y":1e400},"oauth":{"foo":[null,{"a":0.1000}]}}`;
    await put(admin, others);
    await apply(admin, { store: "system_metadata", settings: GOOD });
    const { rows } = await admin.query<{ same: boolean }>(
      "SELECT (value - 'oauth') = ($1::jsonb - 'oauth') AND value::text LIKE '%123456789012345678901234567890%' AND value::text LIKE '%\"x\": 1.10%' AND value #> '{oauth,foo}' = $1::jsonb #> '{oauth,foo}' AS same FROM system_metadata WHERE key = 'system-config'",
      [others],
    );
    expect(rows).toEqual([{ same: true }]);
  });
});

test("Immich is upgraded between: the old store is refused by name, the new one put back", async () => {
  const place = await databases.fresh("1.105.1");
  const { admin } = place;
  await put(admin, { "oauth.clientId": ' "before"', "trash.days": "7" });
  const { previous } = await apply(admin, { store: "system_config", settings: GOOD });
  // As the upgrade does it: every row nested into the document, the table left behind, empty.
  const { rows } = await admin.query<{ key: string; value: string }>("SELECT * FROM system_config");
  const document: Record<string, Record<string, unknown>> = {};
  for (const { key, value } of rows) {
    const [group = "", leaf = ""] = key.split(".");
    (document[group] ??= {})[leaf] = JSON.parse(value);
  }
  await put(admin, JSON.stringify(document));
  await admin.query("DELETE FROM system_config");
  await admin.query(
    `CREATE TABLE version_history (id uuid, "createdAt" timestamptz DEFAULT now(), version varchar);
     INSERT INTO version_history (version) VALUES ('1.117.0')`,
  );
  const old = await refusal(read(admin, { store: "system_config", keys }));
  expect(old.problem).toBe("store");
  expect(old.message).toContain("npx pulumi config set settingsStore system_metadata");
  expect(await read(admin, { store: "system_metadata", keys })).toEqual(GOOD);
  const told = { store: "system_metadata", settings: GOOD, deployed: GOOD } as const;
  expect(await apply(admin, { ...told, snapshot: previous })).toMatchObject({
    ...{ written: false, changedAt: undefined, previous },
  });
  await restore(admin, { store: "system_metadata", previous, deployed: GOOD });
  expect(await stored(place, "system_metadata")).toEqual({
    ...{ oauth: { clientId: "before" }, trash: { days: 7 } },
  });
});

test("turning both logins off is refused, and so is putting back to that", async () => {
  const { admin } = await databases.fresh("1.135.3");
  const store = "system_metadata" as const;
  const off = { "oauth.enabled": false, "passwordLogin.enabled": false };
  expect(await refusal(apply(admin, { store, settings: off }))).toMatchObject({
    problem: "lockout",
  });
  const settings = { ...GOOD };
  const { previous } = await apply(admin, { store, settings });
  await apply(admin, { store, settings: { "passwordLogin.enabled": false } });
  const error = await refusal(restore(admin, { store, previous, deployed: settings }));
  expect(error.problem).toBe("lockout");
  expect(error.message).toContain("immich-admin enable-password-login");
  expect(await read(admin, { store, keys })).toEqual(GOOD);
});

test("a trigger that changes what is written: refused, and nothing changed", async () => {
  const { admin } = await databases.fresh("1.135.3");
  await admin.query(`
    CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN NEW.value := NEW.value || '{"meddled": true}'; RETURN NEW; END $$;
    CREATE TRIGGER meddle BEFORE UPDATE ON system_metadata FOR EACH ROW EXECUTE FUNCTION meddle();`);
  const error = await refusal(apply(admin, { store: "system_metadata", settings: GOOD }));
  expect(error.problem).toBe("read-back");
  expect(await contents(admin)).toEqual({});
});
