/** Breaks every operation at every step, in several places at once. */
import type { RowState } from "../immich/row";
import { snapshotRow } from "../immich/row";
import type { StoreName } from "../immich/types";
import { closeShared } from "../ssh/shared";
import { attempt } from "./attempt";
import type { Trial } from "./judge";
import { Lane, startGround } from "./lane";
import {
  firstSettings,
  jobOf,
  type Operation,
  OPERATIONS,
  perform,
  realWriter,
  seed,
  secondSettings,
  STORES,
  type Writer,
} from "./operations";
import { type Fault, sshFaults, wireFaults } from "./plan";

/** One thing tried. */
export interface Case {
  /** The table of the settings; through Immich's API: `api` and Immich's version. */
  readonly store: string;
  readonly operation: Operation;
  readonly step: string;
  readonly fault: string;
  readonly outcome: string;
}

/** All of it. */
export interface Report {
  readonly tried: number;
  readonly survived: number;
  readonly cases: readonly Case[];
}

/** What to try. */
export interface HarnessOptions {
  /** The functions under test. Default: the project's own. */
  readonly writer?: Writer;
  /** Default both. */
  readonly stores?: readonly StoreName[];
  /** Default all four. */
  readonly operations?: readonly Operation[];
  /** Chooses among the faults of one operation. Default: all. */
  readonly choose?: (faults: readonly Fault[], operation: Operation) => readonly Fault[];
  /** How many are under way at once. Default 6: most of the time is waiting. */
  readonly lanes?: number;
  /** Told of each. */
  readonly onCase?: (result: Case, survived: boolean) => void;
}

/** Runs the harness. Starts its own PostgreSQL and SSH servers, and ends them. */
export async function runFaults(options: HarnessOptions = {}): Promise<Report> {
  const { writer = realWriter, stores = STORES, operations = OPERATIONS, lanes = 6 } = options;
  const ground = await startGround();
  const open: Lane[] = [];
  const cases: Case[] = [];
  let survived = 0;
  try {
    for (const store of stores) {
      const own = await Promise.all(Array.from({ length: lanes }, () => Lane.start(ground, store)));
      open.push(...own);
      const [first] = own as [Lane, ...Lane[]];
      const queue: { operation: Operation; trial: Trial; fault: Fault }[] = [];
      const alone: typeof queue = [];
      for (const operation of operations) {
        const { trial, messages } = await rehearse(first, operation);
        const faults = [...sshFaults(), ...wireFaults(messages)];
        const chosen = options.choose?.(faults, operation) ?? faults;
        for (const fault of chosen) {
          (fault.shakesAll ? alone : queue).push({ operation, trial, fault });
        }
      }
      const work = async (lane: Lane, due: typeof queue) => {
        for (let next = due.shift(); next; next = due.shift()) {
          const { operation, trial, fault } = next;
          const verdict = await attempt(lane, writer, trial, fault);
          const result = {
            ...{ store, operation, step: fault.step, fault: fault.fault },
            outcome: verdict.outcome,
          };
          cases.push(result);
          if (verdict.survived) survived += 1;
          options.onCase?.(result, verdict.survived);
        }
      };
      await Promise.all(own.map((lane) => work(lane, queue)));
      await work(first, alone);
    }
  } finally {
    await closeShared();
    await Promise.all(open.map((lane) => lane.stop()));
    await ground.stop();
  }
  return { tried: cases.length, survived, cases };
}

/** Does an operation once without a fault: what it starts from, what it leads to, and every message on the way. */
async function rehearse(lane: Lane, operation: Operation) {
  const context = lane.context("long");
  // `create` finds an Immich where nobody has saved a setting yet, the others one that was in use before.
  await lane.run(seed(lane.store, operation !== "create"));
  const keys = Object.keys({ ...firstSettings, ...secondSettings });
  const { previous } = await snapshotRow(context, keys);
  let state: RowState | undefined;
  if (operation !== "create") {
    state = (await perform(realWriter, context, jobOf("create", previous))).state;
  }
  const job = jobOf(operation, previous, state);
  lane.wire.reset();
  await lane.quiet(false);
  const old = await lane.dump();
  await perform(realWriter, context, job);
  const messages = [...lane.wire.record.messages];
  const trial: Trial = { job, old, new: await lane.dump() };
  return { trial, messages };
}
