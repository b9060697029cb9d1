/** The one folder that a sandbox lives in. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { lstatSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { keepFolder, removeWithUs } from "../undertaker";

/** Names the process that owns the folder. */
const OWNER = ".sandbox-pid";
const PREFIX = "immich-sandbox-";

/** A folder that disappears with the sandbox. */
export interface SandboxFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Makes the folder: `wanted`, or a new one among the temporary ones. What sandboxes left behind that
 * nobody could clean up after (a power cut) is removed first.
 *
 * @throws Error when `wanted` has something in it that is no dead sandbox's.
 */
export function makeFolder(wanted: string | undefined): SandboxFolder {
  removeLeftovers();
  const path = wanted === undefined ? mkdtempSync(join(tmpdir(), PREFIX)) : claim(resolve(wanted));
  // Nobody else's. Where root starts the sandbox PostgreSQL runs as another user and has its data elsewhere.
  chmodSync(path, 0o700);
  removeWithUs(path);
  writeFileSync(join(path, OWNER), String(process.pid), { mode: 0o600 });
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
      keepFolder(path);
    },
  };
}

function claim(path: string): string {
  mkdirSync(path, { recursive: true });
  if (isDead(path)) rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  if (readdirSync(path).length > 0) {
    throw new Error(
      `The sandbox wants an empty folder, as it removes it when it stops; ${path} has something in it. Name another with --folder, or none.`,
    );
  }
  return path;
}

function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name);
    if (name.startsWith(PREFIX) && isDead(path)) rmSync(path, { recursive: true, force: true });
  }
}

/** Whether the folder is a sandbox's of the same user whose process is no more. */
function isDead(path: string): boolean {
  const file = join(path, OWNER);
  try {
    // Somebody else's could be swapped for a link while it is being removed.
    const { uid } = lstatSync(path);
    if (uid !== process.getuid?.()) return false;
    if (!existsSync(file)) return false;
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
