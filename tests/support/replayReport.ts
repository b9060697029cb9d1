/** What a replay of recorded exchanges came to: for the terminal, and for `npm run replay -- --json`. */
import { writeFileSync } from "node:fs";
import path from "node:path";

/** A replay's result. */
export interface Replayed {
  readonly compared: number;
  readonly equal: number;
  /** What differs on purpose, each with the reason. */
  readonly onPurpose: readonly string[];
  /** What is compared by likeness. */
  readonly likeness: readonly string[];
}

/** Prints a result; writes it as NAME.json to the folder $REPLAY_REPORTS too, if that is set. */
export function reportReplay(name: string, replayed: Replayed): void {
  const { compared, equal, onPurpose, likeness } = replayed;
  process.stdout.write(
    [
      `${name}: ${compared} compared, ${equal} equal`,
      "  differs on purpose:",
      ...onPurpose.map((line) => `    ${line}`),
      "  compared by likeness:",
      ...likeness.map((line) => `    ${line}`),
      "",
    ].join("\n"),
  );
  const folder = process.env["REPLAY_REPORTS"];
  if (folder) writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(replayed));
}
