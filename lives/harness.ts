/** Lives many lives in one sandbox, one after the other. */
import { Homelab } from "./homelab";
import { live, type LifeOptions, type Outcome } from "./life";
import { type Life, lifeOf } from "./plan";

/** A life that was lost: all that it takes to look into it. */
export interface Failure {
  readonly seed: number;
  /** Its number: `--seed S --only N` lives it again. */
  readonly life: number;
  readonly lost: string;
  readonly diary: readonly string[];
  readonly plan: Life;
}

/** What came of all of them. */
export interface Report {
  readonly tried: number;
  readonly survived: number;
  /** `up`s that failed or were killed; healed by the next good `up`, or followed by `destroy`. */
  readonly failedUps: number;
  readonly healed: number;
  readonly destroyed: number;
  /** Lives of which something stayed, with a message that says so. */
  readonly told: number;
  readonly seed: number;
  readonly failures: readonly Failure[];
}

/** Which lives, and what is told of them. */
export interface HarnessOptions {
  readonly seed: number;
  /** Numbers of the lives, from 0. */
  readonly lives: readonly number[];
  /** Default: `lifeOf`. */
  readonly plan?: (seed: number, life: number) => Life;
  /** Changes a project's folder before it is used. */
  readonly prepare?: LifeOptions["prepare"];
  readonly onStep?: (life: number, line: string) => void;
  readonly onLife?: (life: number, outcome: Outcome) => void;
}

export async function runLives(options: HarnessOptions): Promise<Report> {
  const { seed, lives, plan = lifeOf } = options;
  const homelab = await Homelab.start();
  const failures: Failure[] = [];
  const sums = { survived: 0, failedUps: 0, healed: 0, destroyed: 0, told: 0 };
  try {
    for (const number of lives) {
      const life = plan(seed, number);
      const outcome = await live(homelab, life, {
        ...(options.prepare ? { prepare: options.prepare } : {}),
        onStep: (line) => options.onStep?.(number, line),
      });
      const { lost, diary } = outcome;
      if (lost === undefined) sums.survived += 1;
      else failures.push({ seed, life: number, lost, diary, plan: life });
      sums.failedUps += outcome.failedUps;
      sums.healed += outcome.healed;
      sums.destroyed += outcome.destroyed;
      if (outcome.told.length > 0) sums.told += 1;
      options.onLife?.(number, outcome);
    }
  } finally {
    await homelab.stop();
  }
  return { tried: lives.length, ...sums, seed, failures };
}
