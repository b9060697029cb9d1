// Other versions of Immich, healthy: no false alarm, and a whole login; and what only they can have.
import { loginAs } from "../../checks/login";
import { runChecks } from "../../checks/run";
import { Lab } from "./lab";

jest.setTimeout(120_000);

/** What is not "ok" in any of so many runs. */
async function alarms(lab: Lab, runs = 1): Promise<string[]> {
  const seen: string[] = [];
  for (let run = 0; run < runs; run++) {
    const results = await runChecks(lab.input());
    const alarming = results.filter((one) => one.verdict !== "ok");
    seen.push(...alarming.map((one) => `${one.id}: ${one.seen}`));
  }
  return seen;
}

async function administrators(lab: Lab): Promise<void> {
  const admins = await lab.input().immichAdmins?.();
  expect(admins).toEqual([{ email: "admin@example.test", linked: false, oauthId: "" }]);
}

describe("1.105.1, with the old store and settings kept in the process", () => {
  const lab = new Lab("1.105.1");
  beforeAll(() => lab.start());
  afterAll(() => lab.stop());

  test("healthy: no alarm in 20 runs, and alice is in", async () => {
    expect(await alarms(lab, 20)).toEqual([]);
    const outcome = await loginAs({ immichUrl: lab.immichUrl, ...lab.alice });
    expect(outcome).toMatchObject({ ok: true, user: "alice@example.test" });
  });

  test("its administrators, by its own table of people", () => administrators(lab));

  test("on in the database, off in the process: a restart is what it needs", async () => {
    const enabled = "key = 'oauth.enabled'";
    await lab.sql(`UPDATE system_config SET value = 'false' WHERE ${enabled}`);
    await lab.control("immich/restart");
    await lab.sql(`UPDATE system_config SET value = 'true' WHERE ${enabled}`);
    const results = await runChecks(lab.input());
    const broken = results.filter((one) => one.verdict === "broken");
    expect(broken.map((one) => one.id)).toEqual(["oauth-enabled"]);
    expect(broken[0]?.fix).toMatch(/compose restart immich-server/);
    await lab.control("immich/restart");
    expect(await alarms(lab)).toEqual([]);
  });
});

describe("newer ones", () => {
  const lab = new Lab();
  beforeAll(() => lab.start());
  afterAll(() => lab.stop());

  test.each(["2.7.5", "3.0.0", "3.2.2"])(
    "%s, healthy: no alarm in 20 runs, and alice is in",
    async (version) => {
      if (version.startsWith("3.")) await lab.changeRow({ "oauth.allowInsecureRequests": true });
      await lab.control("immich/configure", { version });
      expect(await alarms(lab, 20)).toEqual([]);
      const outcome = await loginAs({ immichUrl: lab.immichUrl, ...lab.alice });
      expect(outcome).toMatchObject({ ok: true, user: "alice@example.test" });
      await administrators(lab);
    },
  );

  test("a login that may not see people sees no administrators", async () => {
    await lab.sql("CREATE ROLE blind LOGIN PASSWORD 'blind'");
    expect(await lab.input({ user: "blind", password: "blind" }).immichAdmins?.()).toBeUndefined();
  });
});
