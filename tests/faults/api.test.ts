// The fault harness through Immich's API, shortened, and the proof that it finds writers with a defect.
import { runApiFaults } from "../../faults/api/harness";
import { blindWriter, forgetfulWriter } from "../../faults/api/planted";

jest.setTimeout(600_000);

test("broken anywhere, the settings are all old or all new, and the next run finishes", async () => {
  const lost: string[] = [];
  const report = await runApiFaults({
    versions: ["1.135.3", "3.2.2"],
    // Every request of every operation, each with some kinds of faults; and all that can happen to a save.
    choose: (faults, operation) =>
      faults.filter(
        ({ step, kill, somebodySaves }, index) =>
          (operation === "update" && (/PUT/.test(step) || somebodySaves)) ||
          (index + operation.length) % (kill ? 5 : 12) === 0,
      ),
    onCase: (result, survived) => {
      if (!survived) lost.push(JSON.stringify(result));
    },
  });
  expect(lost).toEqual([]);
  expect(report.survived).toBe(report.tried);
  expect(report.tried).toBeGreaterThanOrEqual(60);
  const own = (wanted: Partial<(typeof report.cases)[number]>) =>
    report.cases.filter((one) =>
      Object.entries(wanted).every(([key, value]) => one[key as keyof typeof one] === value),
    ).length;
  for (const store of ["api 1.135.3", "api 3.2.2"]) {
    for (const operation of ["create", "update", "read", "delete"] as const)
      expect(own({ store, operation })).toBeGreaterThan(3);
    for (const fault of ["answer lost", "killed when saved", "somebody saves", "401 in the middle"])
      expect(own({ store, fault })).toBeGreaterThan(0);
  }
});

test("a writer that sends only what it knows is found out", async () => {
  const report = await runApiFaults({
    writer: forgetfulWriter,
    versions: ["1.135.3"],
    operations: ["update"],
    choose: () => [
      { ...SAVE, fault: "cut in the answer", breaks: { method: "PUT", connection: "cut-within" } },
    ],
  });
  expect(report).toMatchObject({ tried: 1, survived: 0 });
  expect(report.cases[0]?.outcome).toMatch(/neither old nor new/);
});

test("a writer that does not read again is found out", async () => {
  const hold = { path: "/api/system-config/defaults", hold: true, times: 1 };
  const report = await runApiFaults({
    writer: blindWriter,
    versions: ["1.135.3"],
    operations: ["update"],
    choose: () => [
      { ...SAVE, fault: "502", breaks: { method: "PUT", status: 502 } },
      { step: "it has read", fault: "somebody saves", breaks: hold, somebodySaves: true },
    ],
  });
  expect(report).toMatchObject({ tried: 2, survived: 0 });
  const outcomes = report.cases.map((c) => c.outcome).join("\n");
  expect(outcomes).toMatch(/said that it was done, and was not/);
  expect(outcomes).toMatch(/neither old nor new/);
});

/** The request that these writers send last. */
const SAVE = { step: "its save" };
