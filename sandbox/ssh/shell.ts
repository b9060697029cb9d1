/**
 * The commands of an SSH session, run by a real `sh` in the sandbox's folder.
 *
 * A machine that runs Immich keeps it in `/opt/immich`; the sandbox has that folder in its own. So
 * `cd` takes a path below `/opt` to be one below the home folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { endWithUs } from "../undertaker";

/** Where and as whom commands run. */
export interface ShellOptions {
  /** Home folder and first working directory. */
  readonly home: string;
  /** The one folder of PATH. Default: this process's own PATH. */
  readonly bin?: string;
  readonly user: string;
  /** More environment: what the commands in `bin` need. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** `sh` code in front of every command. One line, so that line numbers in error texts stay. */
export const PRELUDE =
  'cd() { case ${1-} in /opt/*) command cd "$HOME$1" ;; *) command cd "$@" ;; esac; }; ';

/** The environment of a session: nothing of this process's own but where programs are. */
export function sessionEnvironment(options: ShellOptions): Record<string, string> {
  return {
    PATH: options.bin ?? process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
    HOME: options.home,
    USER: options.user,
    LOGNAME: options.user,
    SHELL: "/bin/sh",
    ...options.environment,
  };
}

/**
 * Starts `command` (undefined: a shell that reads its commands from stdin). As with sshd it goes on
 * when the connection ends; it ends with the sandbox.
 *
 * @param variables what the client set with `env` requests.
 */
export function run(
  command: string | undefined,
  options: ShellOptions,
  variables: Readonly<Record<string, string>>,
): ChildProcess {
  const child = spawn("/bin/sh", command === undefined ? ["-s"] : ["-c", PRELUDE + command], {
    cwd: options.home,
    env: { ...variables, ...sessionEnvironment(options) },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  endWithUs(child, "TERM", true);
  return child;
}

/** Sends `signal` (without "SIG", as SSH writes it) to a command and what it started. */
export function signal(child: ChildProcess, name: string): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, `SIG${name}` as NodeJS.Signals);
  } catch {
    // It ended in this moment, or the client named a signal that doesn't exist.
  }
}
