/** What goes wrong around a transaction, on a database that is made up; the real one is in tests/provider. */
import { Cut, explain, SettingsError } from "../../immich/errors";
import { apply, read, restore } from "../../immich/settings";
import { checkStore, rightStore, type Survey } from "../../immich/survey";
import { TIMEOUTS, transaction, type Purpose } from "../../immich/transaction";
import type { Database, Rows } from "../../immich/types";
import { CANARY, GOOD } from "../support/badSettings";

const purpose: Purpose = {
  doing: "Writing Immich's settings",
  where: 'table system_metadata of database "immich"',
  readOnly: false,
  timeouts: { ...TIMEOUTS, answer: 50 },
};

const pgError = (code: string, message = "no", severity = "ERROR"): Error =>
  Object.assign(new Error(message), {
    ...{ code, severity, detail: `Failing row contains (system-config, {"x": "${CANARY}"}).` },
    ...{ where: `JSON data, line 1: ${CANARY}`, hint: CANARY, query: CANARY },
  });

/** Answers by the first word of what it is asked, and remembers it. */
function fake(answers: Record<string, () => Promise<Rows>>): Database & { asked: string[] } {
  const asked: string[] = [];
  const query = (text: string): Promise<Rows> => {
    const word = text.split(/[\s;]/)[0] ?? "";
    asked.push(word);
    return (answers[word] ?? (() => Promise.resolve({ rows: [], command: word })))();
  };
  return { query, asked };
}

const never = (): Promise<Rows> => new Promise(() => undefined);
const refusal = async (promise: Promise<unknown>): Promise<SettingsError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SettingsError) return error;
  throw new Error(`not a SettingsError: ${String(error)}`);
};
const commit = (): Promise<{ result: number; commit: boolean }> =>
  Promise.resolve({ result: 1, commit: true });

describe("a transaction", () => {
  test("commits, once", async () => {
    const db = fake({});
    expect(await transaction(db, purpose, commit)).toBe(1);
    expect(db.asked).toEqual(["BEGIN", "COMMIT"]);
  });

  test("that wrote nothing is rolled back", async () => {
    const db = fake({});
    await transaction(db, purpose, () => Promise.resolve({ result: 1, commit: false }));
    expect(db.asked).toEqual(["BEGIN", "ROLLBACK"]);
  });

  test("rolls back when the server refuses something in it", async () => {
    const db = fake({ UPDATE: () => Promise.reject(pgError("55P03")) });
    const error = await refusal(
      transaction(db, purpose, async (query) => {
        await query("UPDATE x");
        return commit();
      }),
    );
    expect(error).toMatchObject({ problem: "locked", connectionLost: false });
    expect(db.asked).toEqual(["BEGIN", "UPDATE", "ROLLBACK"]);
  });

  test.each([
    ["the connection is lost at BEGIN", { BEGIN: () => Promise.reject(new Error("ECONNRESET")) }],
    ["BEGIN is never answered", { BEGIN: never }],
    [
      "the server ends the connection at BEGIN",
      { BEGIN: () => Promise.reject(pgError("57P01", "terminating connection", "FATAL")) },
    ],
  ])("%s: nothing is asked on that connection any more", async (_what, answers) => {
    const db = fake(answers);
    const error = await refusal(transaction(db, purpose, commit));
    expect(error).toMatchObject({ problem: "cut", connectionLost: true });
    expect(error.message).toContain("Nothing has been changed.");
    expect(db.asked).toEqual(["BEGIN"]);
  });

  test.each([
    ["lost", () => Promise.reject(new Error("Connection terminated unexpectedly"))],
    ["silent", never],
    ["ended by the server", () => Promise.reject(pgError("57P02", "crash", "SCHWERWIEGEND"))],
  ])(
    "the connection is %s after COMMIT: all old or all new, and says so",
    async (_what, COMMIT) => {
      const error = await refusal(transaction(fake({ COMMIT }), purpose, commit));
      expect(error).toMatchObject({ problem: "commit-unknown", connectionLost: true });
      expect(error.message).toContain("either all old or all new");
      expect(error.message).not.toContain("Nothing has been changed");
    },
  );

  test("COMMIT is refused: nothing is changed", async () => {
    const COMMIT = (): Promise<Rows> => Promise.reject(pgError("23505", 'duplicate key "x"'));
    const error = await refusal(transaction(fake({ COMMIT }), purpose, commit));
    expect(error.problem).toBe("database");
    expect(error.message).toContain("Nothing has been changed.");
  });

  test("COMMIT is answered by ROLLBACK", async () => {
    const COMMIT = (): Promise<Rows> => Promise.resolve({ rows: [], command: "ROLLBACK" });
    const error = await refusal(transaction(fake({ COMMIT }), purpose, commit));
    expect(error.message).toContain("answered ROLLBACK to COMMIT");
  });
});

test("a mistake of ours is rolled back, and tells nothing but its kind", async () => {
  const db = fake({});
  const error = await refusal(
    transaction(db, purpose, () => {
      JSON.parse(CANARY);
      return commit();
    }),
  );
  expect(error).toMatchObject({ problem: "defect", connectionLost: false });
  expect(error.message).toContain("(SyntaxError)");
  expect(error.message).not.toContain(CANARY);
  expect(db.asked).toEqual(["BEGIN", "ROLLBACK"]);
});

describe("what PostgreSQL says", () => {
  test.each([
    ["55P03", "locked"],
    ["40P01", "locked"],
    ["57014", "slow"],
    ["42501", "permission"],
    ["42P01", "store"],
    ["25006", "read-only"],
    ["25P03", "cut"],
    ["57P01", "cut"],
    ["23502", "database"],
    ["53100", "database"],
  ])("%s is %s, without the row's contents", (code, problem) => {
    const error = explain(
      pgError(code, `null value in column "value" violates '${CANARY}' "${CANARY}"`),
      purpose.doing,
      purpose.where,
    );
    expect(error.problem).toBe(problem);
    expect(error.message).toMatch(/^Writing Immich's settings in table system_metadata of/);
    expect(`${error.message} ${error.stack ?? ""} ${JSON.stringify(error)}`).not.toContain(CANARY);
  });

  test("nothing else of the error is kept", () => {
    const error = explain(pgError("XX000"), "a", "b");
    expect(Object.keys(error).sort()).toEqual([
      "connectionLost",
      "name",
      "next",
      "problem",
      "what",
    ]);
    expect(error.cause).toBeUndefined();
  });

  test("a time-out says how long", () => {
    expect(explain(new Cut("no answer within 20 s"), "a", "b").message).toContain("within 20 s");
  });
});

describe("which store is the right one", () => {
  const seen = (more: Partial<Survey>): Survey => ({
    ...{ database: "immich", login: "postgres", hasHistory: false, refused: [] },
    tables: ["system_metadata", "system_config"],
    ...more,
  });

  test.each<[string, Partial<Survey>, string | undefined]>([
    ["the version says so (new)", { version: "1.135.3" }, "system_metadata"],
    ["the version says so (old)", { version: "1.105.1" }, "system_config"],
    [
      "the version counts more than rows left behind",
      { version: "1.106.1", configHasRows: true },
      "system_metadata",
    ],
    ["only the new table", { tables: ["system_metadata"] }, "system_metadata"],
    ["only the old table", { tables: ["system_config"] }, "system_config"],
    ["both, rows in the old one", { configHasRows: true }, "system_config"],
    ["both, a version history", { hasHistory: true, configHasRows: false }, "system_metadata"],
    ["both, both empty, no history", { configHasRows: false }, undefined],
    ["both, the old one unreadable", {}, undefined],
  ])("%s", (_what, survey, store) => expect(rightStore(seen(survey))).toBe(store));

  test.each<[string, Partial<Survey>, "system_metadata" | "system_config", string]>([
    [
      "new one asked, old server",
      { version: "1.105.1" },
      "system_metadata",
      "npx pulumi config set settingsStore system_config",
    ],
    [
      "old one asked, new server",
      { version: "1.135.3" },
      "system_config",
      "npx pulumi config set settingsStore system_metadata",
    ],
    [
      "old one asked, table gone",
      { tables: ["system_metadata"] },
      "system_config",
      "npx pulumi config set settingsStore system_metadata",
    ],
    [
      "new one asked, rows in the old one",
      { configHasRows: true },
      "system_metadata",
      "npx pulumi config set settingsStore system_config",
    ],
    ["not Immich's database", { tables: [] }, "system_metadata", "set postgresDatabase NAME"],
    [
      "the server is newer than its tables",
      { tables: ["system_config"], version: "1.135.3" },
      "system_metadata",
      "Has this Immich started with this database",
    ],
    [
      "no privileges",
      { version: "1.135.3", refused: ["UPDATE", "DELETE"] },
      "system_metadata",
      'login "postgres" may not UPDATE, DELETE on table system_metadata',
    ],
  ])("%s", (_what, survey, store, text) => {
    const check = (): void => checkStore(seen(survey), store, "Reading Immich's settings");
    expect(check).toThrow(SettingsError);
    expect(check).toThrow(text);
  });
});

test("bad settings are refused before anything is locked", async () => {
  const survey = {
    ...{ database: "immich", login: "l", system_metadata: true, system_config: false },
    ...{ SELECT: true, INSERT: true, UPDATE: true, DELETE: true },
  };
  const db = fake({ SELECT: () => Promise.resolve({ rows: [survey] }) });
  const settings = { ...GOOD, "oauth.timeout": 0 };
  const error = await refusal(
    apply(db, { store: "system_metadata", settings, version: "1.135.3" }),
  );
  expect(error.problem).toBe("invalid");
  expect(db.asked).toEqual(["BEGIN", "SELECT", "ROLLBACK"]);
});

test.each([
  ["read", (db: Database) => read(db, { store: "system_config", keys: [] })],
  [
    "restore",
    (db: Database) => restore(db, { store: "system_config", previous: {}, deployed: {} }),
  ],
])("%s says where it was when the connection went", async (_what, run) => {
  const error = await refusal(run(fake({ BEGIN: () => Promise.reject(new Error("EPIPE")) })));
  expect(error.message).toContain("table system_config");
});
