// A $PULUMI_HOME of a test's own, with the engine of the real one.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { report } from "../../toolchain/setup.js";

/** A folder of the test's own; `afterAll(folder.remove)`. */
export interface Folder {
  readonly path: string;
  remove(): void;
}

export function temporaryFolder(): Folder {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "toolchain-test-"));
  return { path: folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

/** The version of the CLI that this project pins, and where it lies in a $PULUMI_HOME. */
export function engineIn(home: string): { version: string; bin: string; cli: string } {
  const version = report({ home }).parts[0]?.version ?? "";
  const bin = path.join(home, "versions", version, "bin");
  return { version, bin, cli: path.join(bin, "pulumi") };
}

/** Writes an executable; whatever it is asked, it prints `text`. */
export function writeExecutable(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text, { mode: 0o755 });
}

/** Remembers that the CLI could not be downloaded, so that nothing is asked of the network. */
export function forbidDownloads(home: string, at = new Date()): void {
  fs.mkdirSync(home, { recursive: true });
  const failed = { cli: { at: at.toISOString(), reason: "downloads are off in this test" } };
  fs.writeFileSync(path.join(home, ".toolchain.json"), JSON.stringify({ failed }));
}

/** Puts the real engine, and nothing else, into `home`; a hard link where that can be. */
export function linkEngine(home: string): string {
  const real = report().parts[0]?.path ?? "";
  const { cli, bin } = engineIn(home);
  fs.mkdirSync(bin, { recursive: true });
  try {
    fs.linkSync(real, cli);
  } catch {
    fs.copyFileSync(real, cli);
  }
  return cli;
}
