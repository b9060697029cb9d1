/**
 * A part of the sandbox that is a process of its own (`authentik/main.ts`, `immich/main.ts`). It is told
 * everything by one JSON object, prints {"port":N} once it answers, and ends when its stdin closes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { LogLine } from "../docker/container";
import { endWithUs } from "../undertaker";

const ROOT = resolve(__dirname, "../..");
const LOG_LINES = 2000;
/** How long an orderly end may take, in milliseconds. */
const PATIENCE = 3000;

/** How a part is to be run. */
export interface PartOptions {
  /** "Authentik", for error texts. */
  readonly title: string;
  /** The program, from the project's folder: `sandbox/authentik/main.ts`. */
  readonly program: string;
  /** Environment variable that carries the JSON: a command line could be read by everybody. */
  readonly variable: string;
  /** What the process is told, asked at each start. `port` is the one it had, 0 at first. */
  readonly tell: (port: number) => object;
}

/** One process at a time; started, stopped and started again. */
export class Part {
  /** Port of the running or the last process; 0 before the first. */
  port = 0;
  startedAt = new Date(0);
  finishedAt: Date | undefined;
  exitCode = 0;
  /** Called when the process ends without having been asked to. */
  onCrash: () => void = () => undefined;
  private child: ChildProcess | undefined;
  private readonly lines: LogLine[] = [];
  private stopping = false;

  constructor(private readonly options: PartOptions) {}

  /** Process id; 0 when it doesn't run. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  get title(): string {
    return this.options.title;
  }

  logs(): readonly LogLine[] {
    return this.lines;
  }

  /**
   * Starts the process and waits until it answers.
   *
   * @throws Error with its last words when it ends before.
   */
  start(): Promise<void> {
    if (this.child !== undefined) return Promise.resolve();
    const { program, variable, tell, title } = this.options;
    const child = spawn(process.execPath, ["-r", resolve(ROOT, "register.js"), program], {
      cwd: ROOT,
      env: {
        PATH: process.env["PATH"],
        TZ: process.env["TZ"],
        HOME: process.env["HOME"],
        TMPDIR: process.env["TMPDIR"],
        [variable]: JSON.stringify(tell(this.port)),
      },
      // Ctrl-C reaches the whole foreground group; the order of the end is the sandbox's to choose.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    endWithUs(child);
    this.child = child;
    this.stopping = false;
    this.startedAt = new Date();
    child.stdin.on("error", () => undefined);
    const firstLog = this.lines.length;
    createInterface(child.stderr).on("line", (line) => this.log(line));
    return new Promise((done, fail) => {
      createInterface(child.stdout).on("line", (line) => {
        const port = portIn(line);
        if (port === undefined) return this.log(line);
        this.port = port;
        done();
      });
      child.once("error", fail);
      child.once("close", (code, signal) => {
        this.ended(code);
        const last = this.lines.slice(firstLog).slice(-8);
        const words = last.map(({ text }) => `\n  ${text}`).join("") || "nothing";
        fail(
          new Error(
            `The sandbox's ${title} ended (${signal ?? `exit code ${code}`}) before it answered. It said: ${words}`,
          ),
        );
      });
    });
  }

  /** Ends the process in an orderly way, after 3 s by force. */
  async stop(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.stopping = true;
    await new Promise<void>((done) => {
      const force = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
      child.once("close", () => {
        clearTimeout(force);
        done();
      });
      child.kill("SIGTERM");
      child.stdin?.end();
    });
  }

  /** Adds a line to the log. */
  log(text: string): void {
    this.lines.push({ at: new Date(), text });
    if (this.lines.length > LOG_LINES) this.lines.shift();
  }

  private ended(code: number | null): void {
    this.child = undefined;
    this.finishedAt = new Date();
    this.exitCode = code ?? 137;
    if (!this.stopping) this.onCrash();
  }
}

function portIn(line: string): number | undefined {
  return Number(/^\{"port":(\d+)\}$/.exec(line)?.[1] ?? NaN) || undefined;
}
