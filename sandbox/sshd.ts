/**
 * OpenSSH's own server, for tests: `/usr/sbin/sshd` on a high loopback port, with a configuration, a
 * host key and authorized keys of its own. The system's server, if there is one, isn't touched.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "./postgres";
import { hostKeyPair, userKeyPair } from "./ssh/keys";
import { PRELUDE, sessionEnvironment, type ShellOptions } from "./ssh/shell";
import { endWithUs } from "./undertaker";

/** How an sshd is to be started. */
export interface SshdOptions extends Omit<ShellOptions, "user"> {
  /** Folder for its configuration; made if absent, removed by `stop`. */
  readonly folder: string;
  /** OpenSSH's `AllowTcpForwarding`. Default true. */
  readonly tcpForwarding?: boolean;
  /** Public keys that open it. Default: the sandbox's user key. */
  readonly authorizedKeys?: readonly string[];
  /** More lines for its configuration. They come first, and the first of a setting counts. */
  readonly configuration?: readonly string[];
}

/** A running sshd. */
export interface Sshd {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The user that it runs as: sshd that isn't root can log in nobody else. */
  readonly user: string;
  /** As in `authorized_keys`. */
  readonly hostKey: string;
  /** OpenSSH private key. */
  readonly privateKey: string;
  /** What it logged: who connected, with which key. */
  log(): string;
  /** Ends it and its sessions. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
const PLACES = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"];

/** Where sshd is on this machine; undefined when it isn't installed. */
export function sshdProgram(): string | undefined {
  return PLACES.find((path) => existsSync(path));
}

/**
 * Starts sshd.
 *
 * @throws Error with sshd's own words.
 */
export async function startSshd(options: SshdOptions): Promise<Sshd> {
  const program = sshdProgram();
  if (program === undefined) {
    throw new Error(
      `No sshd on this machine (looked for ${PLACES.join(", ")}). Debian: apt install openssh-server`,
    );
  }
  const user = userInfo().username;
  const port = await freePort();
  const config = configure(options, user, port);
  const child = spawn(program, ["-D", "-e", "-f", config], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  endWithUs(child, "TERM");
  let log = "";
  await new Promise<void>((done, fail) => {
    child.stderr.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("Server listening on")) done();
    });
    child.once("error", fail);
    child.once("exit", (code) =>
      fail(new Error(`sshd did not start (exit code ${code}): ${log.trim()}`)),
    );
  });
  return {
    host: HOST,
    port,
    user,
    hostKey: hostKeyPair().publicKey,
    privateKey: userKeyPair().privateKey,
    log: () => log,
    stop: () => stop(child, options.folder),
  };
}

/** Writes what sshd reads; returns its configuration file. */
function configure(options: SshdOptions, user: string, port: number): string {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  // sshd that is root insists on this folder, which the system's own service makes when it starts.
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const write = (name: string, text: string, mode: number): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const authorized = options.authorizedKeys ?? [userKeyPair().publicKey];
  const rows = [
    ...(options.configuration ?? []),
    `Port ${port}`,
    `ListenAddress ${HOST}`,
    `HostKey ${write("host_key", hostKeyPair().privateKey, 0o600)}`,
    `AuthorizedKeysFile ${write("authorized_keys", `${authorized.join("\n")}\n`, 0o644)}`,
    `ForceCommand ${write("session", session(options, user), 0o755)}`,
    `AllowTcpForwarding ${options.tcpForwarding === false ? "no" : "yes"}`,
    "AuthenticationMethods publickey",
    "PermitRootLogin prohibit-password",
    "StrictModes no",
    "UsePAM no",
    "UseDNS no",
    "PrintMotd no",
    "PidFile none",
    "LogLevel VERBOSE",
  ];
  return write("sshd_config", `${rows.join("\n")}\n`, 0o644);
}

/** What runs in the place of each command: the command, in the sandbox's own surroundings. */
function session(options: SshdOptions, user: string): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const variables = Object.entries(sessionEnvironment({ ...options, user }));
  return [
    "#!/bin/sh",
    ...variables.map(([key, value]) => `export ${key}=${quoted(value)}`),
    'cd "$HOME" || exit 1',
    `exec /bin/sh -c ${quoted(PRELUDE)}"$SSH_ORIGINAL_COMMAND"`,
    "",
  ].join("\n");
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const sessions = descendants(child.pid);
    await new Promise<void>((done) => {
      child.once("exit", () => done());
      child.kill("SIGTERM");
    });
    for (const pid of sessions) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended with the server.
      }
    }
  }
  rmSync(folder, { recursive: true, force: true });
}

/** The processes that come from `pid`: sshd serves each connection in one that leaves its group. */
function descendants(pid: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/).map(Number));
  const children = (of: number): number[] =>
    rows.flatMap(([child = 0, parent]) => (parent === of ? [child, ...children(child)] : []));
  return children(pid);
}
