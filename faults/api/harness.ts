/** Breaks every operation through Immich's API at every request, on several versions of Immich at once. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { RowState } from "../../immich/row";
import { snapshotRow } from "../../immich/row";
import { startPostgres } from "../../sandbox/postgres";
import type { Case, Report } from "../harness";
import type { Trial } from "../judge";
import {
  firstSettings,
  jobOf,
  type Operation,
  OPERATIONS,
  perform,
  realWriter,
  secondSettings,
  type Writer,
} from "../operations";
import { attemptApi } from "./attempt";
import { ApiLane } from "./lane";
import { type ApiFault, apiFaults } from "./plan";

/** Versions that answer differently: NestJS's refusals, Zod's, and `/api/admin/config`. */
export const VERSIONS: readonly string[] = ["1.135.3", "3.1.0", "3.2.2"];

/** What to try. */
export interface ApiHarnessOptions {
  /** The functions under test. Default: the project's own. */
  readonly writer?: Writer;
  /** Default: {@link VERSIONS}. */
  readonly versions?: readonly string[];
  /** Default all four. */
  readonly operations?: readonly Operation[];
  /** Chooses among the faults of one operation. Default: all. */
  readonly choose?: (faults: readonly ApiFault[], operation: Operation) => readonly ApiFault[];
  /** How many are under way at once on each version. Default 2. */
  readonly lanes?: number;
  /** Told of each. */
  readonly onCase?: (result: Case, survived: boolean) => void;
}

/** Runs the harness. Starts its own PostgreSQL and Immichs, and ends them. */
export async function runApiFaults(options: ApiHarnessOptions = {}): Promise<Report> {
  const { writer = realWriter, versions = VERSIONS, operations = OPERATIONS, lanes = 2 } = options;
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  chmodSync(folder, 0o755);
  const cases: Case[] = [];
  let survived = 0;
  const open: ApiLane[] = [];
  const postgres = await startPostgres({ folder, immichVersion: null });
  try {
    await Promise.all(
      versions.map(async (version) => {
        const starting = Array.from({ length: lanes }, () => ApiLane.start(postgres, version));
        const own = await Promise.all(starting);
        open.push(...own);
        const [first] = own as [ApiLane, ...ApiLane[]];
        const due: { operation: Operation; trial: Trial; fault: ApiFault }[] = [];
        for (const operation of operations) {
          const { trial, faults } = await rehearse(first, operation);
          for (const fault of options.choose?.(faults, operation) ?? faults)
            due.push({ operation, trial, fault });
        }
        const work = async (lane: ApiLane) => {
          for (let next = due.shift(); next; next = due.shift()) {
            const { operation, trial, fault } = next;
            const verdict = await attemptApi(lane, writer, trial, fault);
            const result = {
              ...{ store: `api ${version}`, operation, step: fault.step, fault: fault.fault },
              outcome: verdict.outcome,
            };
            cases.push(result);
            if (verdict.survived) survived += 1;
            options.onCase?.(result, verdict.survived);
          }
        };
        await Promise.all(own.map(work));
      }),
    );
  } finally {
    await Promise.all(open.map((lane) => lane.stop()));
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return { tried: cases.length, survived, cases };
}

/** Does an operation once without a fault: what it starts from, what it leads to, and every request on the way. */
async function rehearse(
  lane: ApiLane,
  operation: Operation,
): Promise<{ trial: Trial; faults: ApiFault[] }> {
  const context = lane.context("long");
  // `create` finds an Immich where nobody has saved a setting yet, the others one that was in use before.
  await lane.reset(operation !== "create");
  const keys = Object.keys({ ...firstSettings, ...secondSettings });
  const { previous } = await snapshotRow(context, keys);
  let state: RowState | undefined;
  if (operation !== "create") {
    state = (await perform(realWriter, context, jobOf("create", previous))).state;
  }
  const job = jobOf(operation, previous, state);
  const old = await lane.dump();
  await lane.asked();
  await perform(realWriter, context, job);
  const faults = apiFaults(await lane.asked());
  return { trial: { job, old, new: await lane.dump() }, faults };
}
