/** Looks for texts that must not be anywhere in clear. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Name and text of each secret. */
export type Canaries = Readonly<Record<string, string>>;

/** Names of the secrets that are in a text: as they are, in base64, or escaped for a URL. */
export function found(canaries: Canaries, text: string): string[] {
  return Object.entries(canaries)
    .filter(([, secret]) =>
      [secret, Buffer.from(secret).toString("base64"), encodeURIComponent(secret)].some((form) =>
        text.includes(form.replace(/=+$/, "")),
      ),
    )
    .map(([name]) => name);
}

/** Looks at every command line on this machine and at every file of a folder, again and again. */
export class Watch {
  private readonly timer: NodeJS.Timeout;
  /** What was seen, as `secret: place`. */
  readonly sightings = new Set<string>();
  /** How many command lines and files were looked at. */
  looked = 0;

  constructor(
    private readonly canaries: Canaries,
    private readonly folder: string,
  ) {
    this.timer = setInterval(() => this.look(), 100);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      this.compare(`command line of ${pid}`, readIfThere(`/proc/${pid}/cmdline`));
    for (const file of filesBelow(this.folder)) this.compare(file, readIfThere(file));
  }

  private compare(place: string, text: string): void {
    this.looked += 1;
    for (const name of found(this.canaries, text)) this.sightings.add(`${name}: ${place}`);
  }
}

/** Secrets in files below a folder, as `secret: file`. Files in gzip form are looked into. */
export function inFiles(canaries: Canaries, folder: string, since = 0): string[] {
  return filesBelow(folder)
    .filter((file) => modified(file) >= since)
    .flatMap((file) => found(canaries, readIfThere(file)).map((name) => `${name}: ${file}`));
}

/** Where the CLI keeps its logs. */
export const PULUMI_LOGS = join(process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "logs");

/** Regular files below a folder; links are not followed. */
function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return []; // gone while it was read
  }
}

function modified(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function readIfThere(file: string): string {
  try {
    const bytes = readFileSync(file);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (isGzip ? gunzipSync(bytes) : bytes).toString("latin1");
  } catch {
    return "";
  }
}
