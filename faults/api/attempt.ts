/** Breaks one operation through Immich's API once, and judges what is left. */
import { inChild } from "../inChild";
import {
  badError,
  type Ended,
  inWords,
  lostBecause,
  recover,
  type Trial,
  type Verdict,
} from "../judge";
import { type Done, perform, type Writer } from "../operations";
import type { ApiLane } from "./lane";
import type { ApiFault } from "./plan";

/** What an administrator saves meanwhile: nothing that any stack owns. */
const SAVED = { theme: { customCss: "/* saved meanwhile */" } };

/** Runs the trial with the fault, then without. */
export async function attemptApi(
  lane: ApiLane,
  writer: Writer,
  trial: Trial,
  fault: ApiFault,
): Promise<Verdict> {
  try {
    // On a busy machine an impatient operation may give up before it gets to the fault: then with more patience.
    for (const factor of [1, 3, 9]) {
      const verdict = await once(lane, writer, trial, fault, factor);
      if (verdict) return verdict;
    }
    return lostBecause("the fault never struck");
  } catch (error) {
    return lostBecause(error instanceof Error ? error.message : String(error));
  } finally {
    await lane.breaks();
  }
}

async function once(
  lane: ApiLane,
  writer: Writer,
  trial: Trial,
  fault: ApiFault,
  factor: number,
): Promise<Verdict | undefined> {
  await lane.breaks();
  await lane.load(trial.old);
  await lane.asked();
  await lane.breaks(fault.breaks);
  const { ended, struck } = await broken(lane, writer, trial, fault, factor);
  await lane.breaks();
  if (struck === 0) return undefined;

  const saved = fault.somebodySaves ? SAVED : {};
  const old = withSaved(trial.old, saved);
  const wanted = { ...trial, new: withSaved(trial.new, saved) };
  const left = await lane.dump();
  const puts = (await lane.asked()).filter(({ method }) => method === "PUT");
  const isOld = sameJson(left, old);
  const isNew = sameJson(left, wanted.new);
  const changes = trial.old !== trial.new;
  if (!isOld && !isNew) return lostBecause("the settings are neither old nor new", left);
  if (changes && isOld && puts.some(({ outcome }) => outcome === 200) && !fault.somebodySaves)
    return lostBecause("old in spite of a save");
  if ("done" in ended && !isNew) return lostBecause("it said that it was done, and was not");
  if ("error" in ended && fault.heals) return lostBecause(`not healed: ${ended.error}`);
  const badWords = "error" in ended ? badError(ended.error) : undefined;
  if (badWords) return lostBecause(badWords);

  const after = await recover(
    withDumps(lane),
    writer,
    { ...wanted, new: normal(wanted.new) },
    ended,
  );
  if (after) return lostBecause(after);
  const settings = changes ? (isNew ? "new" : "old") : "untouched";
  return { survived: true, outcome: `settings ${settings}; ${inWords(ended)}` };
}

/** Runs the operation with the fault in its way, and tells how often it struck. */
async function broken(
  lane: ApiLane,
  writer: Writer,
  trial: Trial,
  fault: ApiFault,
  factor: number,
): Promise<{ ended: Ended; struck: number }> {
  const patient = fault.kill || fault.heals;
  const context = lane.context(patient ? "long" : "short", factor);
  let isOver = false;
  const waiting = lane.untilStruck(() => isOver);
  const work = fault.kill
    ? inChild({ context, job: trial.job }, waiting)
    : ended(perform(writer, context, trial.job));
  let strikes: number | undefined;
  if (fault.somebodySaves) {
    await Promise.race([waiting, work]);
    strikes = await lane.struck();
    // Where nothing is held, the fault would strike the administrator.
    if (strikes > 0) await lane.save("theme", SAVED.theme);
    await lane.breaks(); // what was held goes on
  }
  const result = await work;
  isOver = true;
  await waiting;
  return { ended: result, struck: strikes ?? (await lane.struck()) };
}

async function ended(work: Promise<Done>): Promise<Ended> {
  try {
    return { done: await work };
  } catch (error) {
    // What a user would be shown.
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** A lane whose dumps can be compared as texts. */
function withDumps(lane: ApiLane) {
  return {
    context: lane.context.bind(lane),
    dump: async () => normal(await lane.dump()),
  };
}

function withSaved(dump: string, saved: object): string {
  return Object.keys(saved).length === 0
    ? dump
    : JSON.stringify({ ...(JSON.parse(dump || "{}") as object), ...saved });
}

const sameJson = (a: string, b: string): boolean => normal(a) === normal(b);

/** The order of keys means nothing: PostgreSQL has its own. */
function normal(dump: string): string {
  const sorted = (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, sorted(inner)]),
        )
      : value;
  return dump === "" ? "" : JSON.stringify(sorted(JSON.parse(dump)));
}
