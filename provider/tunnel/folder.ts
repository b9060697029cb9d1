/**
 * Where the tunnel's certificate lies: at a path that is the same in every run, as it is part of the PostgreSQL
 * provider's state, in a folder that nobody else can write to.
 */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";

/** In the project's folder, where the engine starts every plugin. */
export const FOLDER = ".immich-tunnel";

/** The file that PostgreSQL's clients are pointed at. */
export const certificateFile = (port: number): string => `${FOLDER}/${port}.pem`;

const holderFile = (port: number): string => `${FOLDER}/${port}.json`;
const requestFile = (port: number): string => `${FOLDER}/${port}.wanted`;

/** Who listens on a port. */
export interface Holder {
  readonly certificate: string;
  /** Address of the engine that started it. */
  readonly engine: string;
  /** Where the tunnel leads, in words. */
  readonly target: string;
}

/** Tells everybody who may know that this process listens. */
export function announce(port: number, holder: Holder): void {
  ownFolder();
  write(holderFile(port), JSON.stringify(holder));
  write(certificateFile(port), holder.certificate);
  rmSync(requestFile(port), { force: true });
}

/** Who announced last that they listen on the port; undefined where nobody did, or it can't be trusted. */
export function holderOf(port: number): Holder | undefined {
  try {
    ownFolder();
    return JSON.parse(readFileSync(holderFile(port), "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

/** Asks an earlier process of the same engine to let go of the port. */
export function askFor(port: number): void {
  write(requestFile(port), "");
}

/** Whether somebody asks for the port. */
export function isWanted(port: number): boolean {
  try {
    return lstatSync(requestFile(port)).isFile();
  } catch {
    return false;
  }
}

/** Takes the announcement away, if it is still ours. */
export function withdraw(port: number, certificate: string): void {
  if (holderOf(port)?.certificate !== certificate) return;
  for (const file of [certificateFile(port), holderFile(port), requestFile(port)])
    rmSync(file, { force: true });
  try {
    rmdirSync(FOLDER);
  } catch {
    // Another tunnel's files are in it.
  }
}

/**
 * Makes the folder, or looks at the one that is there.
 *
 * @throws Error when somebody else owns it or could write to it
 */
function ownFolder(): void {
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const { mode, uid } = lstatSync(FOLDER);
  const mine = process.getuid === undefined || uid === process.getuid();
  const isFolder = (mode & 0o170000) === 0o040000;
  if (mine && isFolder && (process.platform === "win32" || (mode & 0o077) === 0)) return;
  throw new Error(
    `The folder ${FOLDER} in the project's folder must be a folder of yours that nobody else can use: the certificate ` +
      `of the tunnel to Immich's Postgres lies in it.\n  fix: remove it (rm -r ${FOLDER}) and run the command again`,
  );
}

function write(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text, { mode: 0o600 });
  renameSync(unfinished, file);
}
