/** Breaks one operation once, and judges what is left: the settings, the words, and what the next run makes of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import type { RowState } from "../immich/row";
import { keyPair } from "../sandbox/ssh";
import type { Lane } from "./lane";
import { type Done, type Job, canaries, perform, type Writer } from "./operations";
import type { Fault } from "./plan";

/** An operation with what it starts from and what it leads to. */
export interface Trial {
  readonly job: Job;
  /** What is stored before, exactly. */
  readonly old: string;
  /** What is stored when it has been done. */
  readonly new: string;
}

/** What came of breaking it. */
export interface Verdict {
  readonly survived: boolean;
  readonly outcome: string;
}

type Ended = { done: Done } | { error: string } | { killed: true };

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
  if (fault.kill) return inChild(lane, { context: target, job: trial.job }, fault);
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

async function inChild(lane: Lane, order: object, fault: Fault): Promise<Ended> {
  const child = spawnChild();
  child.stdin?.end(JSON.stringify(order));
  const answer = Promise.all([text(child.stdout!), text(child.stderr!)]);
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  const struck = fault.wire ? lane.wire.struck() : lane.ssh.faultStruck();
  await Promise.race([struck, exited]);
  child.kill("SIGKILL");
  await exited;
  const [out, err] = await answer;
  if (err !== "") return { error: err };
  return out === "" ? { killed: true } : (JSON.parse(out) as Ended);
}

function spawnChild(): ChildProcess {
  const root = join(__dirname, "..");
  const register = join(root, "register.js");
  return spawn(process.execPath, ["-r", register, join(__dirname, "child.ts")], { cwd: root });
}

/** The next run: it finishes the job, tells of exactly one change, and the one after it of none. */
async function recover(
  lane: Lane,
  writer: Writer,
  trial: Trial,
  ended: Ended,
): Promise<string | undefined> {
  const { job } = trial;
  const context = lane.context("long");
  const before = job.state?.settingsChangedAt;
  const times: (string | undefined)[] = [];
  let done: Done;
  if ("done" in ended) done = ended.done;
  else done = await perform(writer, context, job);
  times.push(done.state?.settingsChangedAt);
  if (done.warnings.length > 0) return `it warns: ${done.warnings.join(" ")}`;
  if ((await lane.dump()) !== trial.new) return "the next run did not finish the job";

  if (done.state && job.operation !== "read") {
    const next: Job = { operation: "update", wanted: job.wanted, state: done.state };
    const again = await perform(writer, context, next);
    times.push(again.state?.settingsChangedAt);
    if ((await lane.dump()) !== trial.new) return "the run after that changed something";
  }
  const due = job.operation === "create" || job.operation === "update" ? 1 : 0;
  const restarts = new Set(times.filter((at) => at !== undefined && at !== before)).size;
  if (restarts !== due) return `${restarts} restarts, ${due} due`;
  return wrongState(done.state, job);
}

/** What Pulumi's state would say, compared with what was asked for. */
function wrongState(state: RowState | undefined, { operation, wanted }: Job): string | undefined {
  if (operation === "delete") return state ? "there is a state after delete" : undefined;
  const same = Object.entries(wanted.settings).every(
    ([key, value]) => state?.settings[key] === value,
  );
  return same ? undefined : "the state does not say what was asked for";
}

/** What is wrong with an error text. */
function badError(message: string): string | undefined {
  if (Object.values(canaries).some((secret) => message.includes(secret))) {
    return "the error holds a secret";
  }
  if (/BEGIN [A-Z ]*PRIVATE|^\s+at .+:\d+/m.test(message))
    return "the error holds a key or a stack";
  if (message.length < 40 || !/127\.0\.0\.1/.test(message)) {
    return `the error does not say where: ${message}`;
  }
  if (!/next:|again|Look|Check|Wait|config set/.test(message)) {
    return `the error does not say what to do: ${message}`;
  }
  return undefined;
}

function lostBecause(why: string, more = ""): Verdict {
  return { survived: false, outcome: `LOST: ${why}${more ? ` (${more.length} characters)` : ""}` };
}

function inWords(ended: Ended): string {
  if ("killed" in ended) return "killed; the next run finished";
  if ("done" in ended) return "done all the same";
  return `told: ${ended.error.split("\n")[0]?.slice(0, 300)}; the next run finished`;
}
