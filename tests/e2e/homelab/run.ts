/**
 * A run of `npm run e2e`: what its tests share, in a file that only its owner can read. It stays where a run was cut off,
 * so that the homelab can still be made as it was.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { PROJECT_FOLDER } from "../../../commands/cli";
import type { Description } from "./description";
import type { Person } from "./homelab";
import type { Inventory } from "./inventory";

export interface Run {
  /** What the names of everything that the run makes begin with. Letters, digits and underscores. */
  readonly prefix: string;
  readonly description: Description;
  /** "1.135.3" */
  readonly immichVersion: string;
  /** What was there before the run made anything. */
  readonly before: Inventory;
  /** The same with the run's own people and groups, who stay from test to test. Undefined until they are made. */
  readonly prepared?: Inventory;
  /** Alice and Bob, of this run. */
  readonly people: readonly Person[];
}

/** Names the file of the run to a test. Unset: the tests have sandboxes of their own. */
export const RUN_VARIABLE = "E2E_RUN";

const FILE = "run.json";
const RUNS = join(PROJECT_FOLDER, ".cache", "e2e");

/** The run that this test is part of; undefined where it has a sandbox. */
export function thisRun(): Run | undefined {
  const file = process.env[RUN_VARIABLE];
  return file === undefined ? undefined : (JSON.parse(readFileSync(file, "utf8")) as Run);
}

/** Folder of a run; its file; what its tests have among temporary files. */
export function placesOf(prefix: string): { folder: string; file: string; temporary: string } {
  const folder = join(RUNS, prefix);
  return { folder, file: join(folder, FILE), temporary: join(folder, "tmp") };
}

/** Writes a run down. */
export function keep(run: Run): void {
  const { folder, file, temporary } = placesOf(run.prefix);
  mkdirSync(temporary, { recursive: true });
  chmodSync(folder, 0o700);
  writeFileSync(file, JSON.stringify(run), { mode: 0o600 });
}

/** The runs at this homelab that did not come to their end. */
export function unfinished({ immich }: Description): Run[] {
  if (!existsSync(RUNS)) return [];
  return readdirSync(RUNS)
    .map((name) => placesOf(name).file)
    .filter(existsSync)
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as Run)
    .filter(({ description }) => description.immich.url === immich.url);
}
