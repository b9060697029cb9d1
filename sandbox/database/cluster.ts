/**
 * A fresh PostgreSQL cluster: what `initdb` makes.
 *
 * `initdb` takes 0.6 s on an idle machine and several on a busy one, and makes the same each time. So
 * its first result is kept in .cache/ and copied (0.1 s).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { endWithUs, keepFolder, removeWithUs } from "../undertaker";
import type { Binaries } from "./binaries";
import type { Identity } from "./identity";

/** The superuser of every cluster. */
export const SUPERUSER = "postgres";
/** Password of the cluster that is kept; another one is made anew. */
export const USUAL_PASSWORD = "postgres";

const KEPT = resolve(__dirname, "../../.cache/sandbox");
const OPTIONS = [
  ...["-U", SUPERUSER, "--auth=scram-sha-256", "--locale=C", "--encoding=UTF8"],
  ...["--wal-segsize=1", "--no-sync", "--no-instructions"],
  ...["-c", "dynamic_shared_memory_type=mmap"],
];

/**
 * Makes a cluster in the folder `cluster` of `data`, which belongs to `identity`.
 *
 * @throws Error with initdb's own last words.
 */
export async function makeCluster(
  binaries: Binaries,
  identity: Identity | undefined,
  data: string,
  password: string,
): Promise<string> {
  const cluster = join(data, "cluster");
  const kept = join(KEPT, `cluster-${fingerprint(binaries)}`);
  if (password === USUAL_PASSWORD && existsSync(kept)) {
    try {
      await command("cp", ["-R", kept, cluster]);
      if (identity) await command("chown", ["-R", `${identity.uid}:${identity.gid}`, cluster]);
      return cluster;
    } catch {
      // Kept by root, for one, and this isn't root: make one then.
      rmSync(cluster, { recursive: true, force: true });
    }
  }
  await initialise(binaries, identity, data, password);
  if (password === USUAL_PASSWORD) await keep(cluster, kept);
  return cluster;
}

async function initialise(
  { initdb }: Binaries,
  identity: Identity | undefined,
  data: string,
  password: string,
): Promise<void> {
  const passwordFile = join(data, "password");
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (identity !== undefined) chownSync(passwordFile, identity.uid, identity.gid);
  const folders = ["-D", join(data, "cluster"), "--pwfile", passwordFile];
  await command(initdb, [...folders, ...OPTIONS], { ...identity, cwd: data });
  rmSync(passwordFile);
}

/** Keeps a copy, whole or not at all. That it can't be kept (a folder that is read-only) is no error. */
async function keep(cluster: string, kept: string): Promise<void> {
  const making = `${kept}.${process.pid}`;
  removeWithUs(making);
  try {
    mkdirSync(dirname(kept), { recursive: true });
    await command("cp", ["-R", cluster, making]);
    // Another sandbox may have kept its own meanwhile: then this fails, and one is as good as another.
    renameSync(making, kept);
  } catch {
    rmSync(making, { recursive: true, force: true });
  }
  keepFolder(making);
}

/** Another PostgreSQL, or other options, make another cluster. */
function fingerprint({ version }: Binaries): string {
  return createHash("sha256")
    .update(JSON.stringify([version, OPTIONS]))
    .digest("hex")
    .slice(0, 16);
}

async function command(
  program: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; cwd?: string } = {},
): Promise<void> {
  const child = spawn(program, args, {
    ...options,
    detached: true,
    env: plainEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithUs(child, "TERM");
  const output = collect(child);
  const code = await new Promise<number | null>((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
  if (code !== 0) throw new Error(`${program} failed (exit code ${code}): ${lastWords(output)}`);
}

/** English messages, and none of the PG* variables that somebody may have set for another server. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
}

const LOG_LINES = 200;

/** The last lines that `child` writes, kept up to date. */
export function collect(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = "";
  const take = (chunk: Buffer): void => {
    const pieces = (rest + chunk.toString()).split("\n");
    rest = pieces.pop() ?? "";
    lines.push(...pieces.filter((row) => row !== ""));
    if (lines.length > LOG_LINES) lines.splice(0, lines.length - LOG_LINES);
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  return lines;
}

/** What a program said last, in one line. */
export function lastWords(output: readonly string[]): string {
  return output.slice(-6).join(" | ") || "it said nothing";
}
