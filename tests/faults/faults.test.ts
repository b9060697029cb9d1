// The fault harness (`npm run faults`), shortened, and the proof that it finds a writer with a defect.
import { plantedWriter } from "../../faults/planted";
import type { Fault } from "../../faults/plan";
import { runFaults } from "../../faults/harness";

jest.setTimeout(300_000);

/** Every message of the protocol cut once, and of the rest each kind of fault at some step. */
function some(faults: readonly Fault[], seed: number, share: number): Fault[] {
  return faults.filter((fault, index) => fault.otherHostKey || (index * 7 + seed) % share === 0);
}

test("broken anywhere, the settings are all old or all new, and the next run finishes", async () => {
  const lost: string[] = [];
  const report = await runFaults({
    choose: (faults, operation) => some(faults, operation.length, 11),
    onCase: (result, survived) => {
      if (!survived) lost.push(JSON.stringify(result));
    },
  });
  expect(lost).toEqual([]);
  expect(report.survived).toBe(report.tried);
  expect(report.tried).toBeGreaterThanOrEqual(120);
  for (const store of ["system_metadata", "system_config"]) {
    for (const operation of ["create", "update", "read", "delete"]) {
      const own = report.cases.filter((c) => c.store === store && c.operation === operation);
      expect(own.length).toBeGreaterThan(8);
    }
    for (const fault of ["backend killed", "PostgreSQL restarted"]) {
      const own = report.cases.filter((c) => c.store === store && c.fault === fault);
      expect(own.length).toBeGreaterThan(0);
    }
  }
});

test.each(["system_metadata", "system_config"] as const)(
  "%s: a writer without the transaction is found out",
  async (store) => {
    const report = await runFaults({
      writer: plantedWriter,
      stores: [store],
      operations: ["create", "update"],
      lanes: 3,
      choose: (faults) =>
        faults.filter(({ fault, wire }) => fault === "cut" && wire?.from === "client").slice(3, 15),
    });
    expect(report.tried).toBeGreaterThan(10);
    expect(report.survived).toBeLessThan(report.tried);
    expect(report.cases.map((c) => c.outcome).join("\n")).toMatch(/neither old nor new/);
  },
);
