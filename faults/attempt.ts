/** Breaks one operation once, and judges what is left: the settings, the words, and what the next run makes of it. */
import { inChild } from "./inChild";
import { keyPair } from "../sandbox/ssh";
import type { Lane } from "./lane";
import {
  badError,
  type Ended,
  inWords,
  lostBecause,
  recover,
  type Trial,
  type Verdict,
} from "./judge";
import { perform, type Writer } from "./operations";
import type { Fault } from "./plan";

/** Runs the trial with the fault, then without. */
export async function attempt(
  lane: Lane,
  writer: Writer,
  trial: Trial,
  fault: Fault,
): Promise<Verdict> {
  try {
    // On a busy machine an impatient operation may give up before it gets to the fault: then with more patience.
    for (const factor of [1, 2, 4]) {
      const verdict = await once(lane, writer, trial, fault, factor);
      if (verdict) return verdict;
    }
    return { survived: false, outcome: "the fault never struck" };
  } catch (error) {
    return { survived: false, outcome: error instanceof Error ? error.message : String(error) };
  } finally {
    lane.ssh.setPolicies({ fault: null });
    lane.wire.reset();
    lane.ssh.dropConnections();
  }
}

async function once(
  lane: Lane,
  writer: Writer,
  trial: Trial,
  fault: Fault,
  factor: number,
): Promise<Verdict | undefined> {
  lane.wire.reset(fault.wire);
  await lane.load(trial.old);
  lane.ssh.resetCounters();
  lane.ssh.setPolicies({ fault: fault.ssh ?? null });

  const ended = await broken(lane, writer, trial, fault, factor);
  await lane.wire.settled();
  await lane.quiet();
  const struck =
    fault.otherHostKey || (fault.wire ? lane.wire.record.struck : lane.ssh.faultsStruck()) > 0;
  if (!struck) return undefined;
  const left = await lane.dump();
  const { commitPassedOn, commitDone } = lane.wire.record;
  lane.wire.disarm();
  lane.ssh.setPolicies({ fault: null });

  const isOld = left === trial.old;
  const isNew = left === trial.new;
  const changes = trial.old !== trial.new;
  if (!isOld && !isNew) return lostBecause("the settings are neither old nor new", left);
  if (changes && isNew && !commitPassedOn) return lostBecause("new without a COMMIT");
  if (changes && isOld && commitDone) return lostBecause("old in spite of a COMMIT");
  if ("done" in ended && !isNew) return lostBecause("it said that it was done, and was not");
  if ("error" in ended && fault.heals) return lostBecause(`not healed: ${ended.error}`);
  if ("error" in ended && fault.noticed && /no answer|timeout/i.test(ended.error)) {
    return lostBecause(`not noticed: ${ended.error}`);
  }
  if (fault.otherHostKey && lane.ssh.counters.authentications > 0) {
    return lostBecause("a login was offered to another host key");
  }
  const badWords = "error" in ended ? badError(ended.error) : undefined;
  if (badWords) return lostBecause(badWords);

  const after = await recover(lane, writer, trial, ended);
  if (after) return lostBecause(after);
  const settings = changes ? (isNew ? "new" : "old") : "untouched";
  return { survived: true, outcome: `settings ${settings}; ${inWords(ended)}` };
}

/** Runs the operation with the fault in its way. */
async function broken(
  lane: Lane,
  writer: Writer,
  trial: Trial,
  fault: Fault,
  factor: number,
): Promise<Ended> {
  // Only what waits for an answer that never comes need be impatient; being so, it may give up on a busy machine.
  const patient = fault.kill || fault.heals || fault.noticed;
  const context = lane.context(patient ? "long" : "short", factor);
  const other = keyPair("somebody in the middle", "other").publicKey;
  const target = fault.otherHostKey
    ? { ...context, ssh: { ...context.ssh, hostKey: other } }
    : context;
  if (fault.kill)
    return inChild(
      { context: target, job: trial.job },
      fault.wire ? lane.wire.struck() : lane.ssh.faultStruck(),
    );
  const watch = fault.cutSsh
    ? lane.wire.struck().then(() => lane.ssh.dropConnections())
    : undefined;
  void watch;
  try {
    return { done: await perform(writer, target, trial.job) };
  } catch (error) {
    if (!(error instanceof Error)) return { error: String(error) };
    // What a user would be shown.
    return { error: error.message };
  }
}
