/** Judges what a broken operation has left: the words, the state, and what the next run makes of it. */
import type { Way } from "../immich/open";
import type { RowState } from "../immich/row";
import { type Done, type Job, canaries, perform, type Writer } from "./operations";

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

/** How an operation ended. */
export type Ended = { done: Done } | { error: string } | { killed: true };

/** Where settings are kept and broken. */
export interface Place {
  /** How they are reached, with the patience that a user has, or a harness. */
  context(patience: "short" | "long", factor?: number): Way;
  /** Everything that is stored, exactly. */
  dump(): Promise<string>;
}

/** The next run: it finishes the job, tells of exactly one change, and the one after it of none. */
export async function recover(
  lane: Place,
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
export function badError(message: string): string | undefined {
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

export function lostBecause(why: string, more = ""): Verdict {
  return { survived: false, outcome: `LOST: ${why}${more ? ` (${more.length} characters)` : ""}` };
}

export function inWords(ended: Ended): string {
  if ("killed" in ended) return "killed; the next run finished";
  if ("done" in ended) return "done all the same";
  return `told: ${ended.error.split("\n")[0]?.slice(0, 300)}; the next run finished`;
}
