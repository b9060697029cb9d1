/**
 * A program with a defect, to see that the harness finds it: its `destroy` leaves Immich's settings as they are, and says
 * nothing.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "..");

/** What the provider and the program are made of: files that find each other by their place. */
const COPIED = [
  "register.js",
  "provider",
  "plugin",
  "immich",
  "ssh",
  "checks",
  "authentik",
  "config.ts",
];

const FILE = "provider/settings.ts";
const UNDO = "await putBack(place, state, session);";

/** Puts a copy of the provider with the defect into a project's folder, in the place of the links to the real one. */
export function plantDefect(folder: string): void {
  for (const name of COPIED) {
    rmSync(join(folder, name), { recursive: true });
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  const path = join(folder, FILE);
  const code = readFileSync(path, "utf8");
  if (code.split(UNDO).length !== 2)
    throw new Error(`${FILE} no longer has exactly one ${UNDO}: plant the defect elsewhere`);
  writeFileSync(path, code.replace(UNDO, ""));
}
