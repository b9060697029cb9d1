/** Counts what was compared, and tells what was not equal. */
import { isDeepStrictEqual } from "node:util";

import { reportReplay } from "../../support/replayReport";

/** Something that is not as recorded. */
export interface Difference {
  readonly name: string;
  readonly got: unknown;
  readonly recorded: unknown;
}

/** A run's comparisons. */
export class Comparison {
  private compared = 0;
  private unequal: Difference[] = [];
  private equalCount = 0;

  /** @param onPurpose reason why this one differs and is not counted. */
  constructor(private readonly onPurpose: Readonly<Record<string, string>>) {}

  /** Compares two JSON values, leaving out fields that are undefined. */
  equal(name: string, got: unknown, recorded: unknown): void {
    if (name in this.onPurpose) return;
    this.compared += 1;
    if (!isDeepStrictEqual(plain(got), plain(recorded))) {
      this.unequal.push({ name, got: plain(got), recorded: plain(recorded) });
    } else {
      this.equalCount += 1;
    }
  }

  /** What was not equal since the last call. */
  differences(): Difference[] {
    return this.unequal.splice(0);
  }

  /** Tells what it came to, and what differs on purpose. */
  report(): void {
    const { compared, equalCount: equal } = this;
    const onPurpose = Object.entries(this.onPurpose).map(([name, why]) => `${name}: ${why}`);
    reportReplay("immich", { compared, equal, onPurpose, likeness: [] });
  }
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
