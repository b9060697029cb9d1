// OpenSSH's own server on a high port of loopback, with keys and configuration of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";

import { freePort } from "../../../sandbox/postgres";
import { keyPair } from "../../../sandbox/ssh";
import { command } from "./machine";

const program = "/usr/sbin/sshd";

/** Whether this machine has it. */
export const hasSshd = existsSync(program);

/** The key that opens it. */
export const user = keyPair("sshd test user", "user");

export interface Sshd {
  readonly port: number;
  readonly user: string;
  readonly pid: number;
  /** Public host keys by type: ed25519, ecdsa, rsa. */
  readonly hostKeys: Readonly<Record<"ed25519" | "ecdsa" | "rsa", string>>;
  /** Everything it logged. */
  log(): string;
  stop(): Promise<void>;
}

/** Where sshd, run by root, wants an empty folder; systems make it when they start theirs. */
const privileges = "/run/sshd";
let madePrivileges = false;

/**
 * Starts it.
 *
 * @param settings further lines of sshd_config
 */
export async function startSshd(folder: string, settings: readonly string[] = []): Promise<Sshd> {
  if (userInfo().uid === 0 && !existsSync(privileges)) {
    mkdirSync(privileges, { mode: 0o755 });
    madePrivileges = true;
  }
  const port = await freePort();
  const own = join(folder, `sshd-${port}`);
  mkdirSync(own);
  const hostKeys = await makeHostKeys(folder);
  writeFileSync(join(own, "authorized_keys"), `${user.publicKey}\n`);
  // bash, when sshd starts it, reads the user's own .bashrc: slow, and left half done when it is killed.
  const surroundings = `SetEnv HOME=${own} SHLVL=2`;
  const config = [
    // Of each setting the first line counts.
    ...settings.map((line) => line.replace(/^SetEnv /, `${surroundings} `)),
    surroundings,
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    ...Object.keys(hostKeys).map((type) => `HostKey ${join(folder, `host-${type}`)}`),
    `AuthorizedKeysFile ${join(own, "authorized_keys")}`,
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PermitRootLogin yes",
    "LogLevel DEBUG2",
  ];
  writeFileSync(join(own, "config"), `${config.join("\n")}\n`);
  const child = spawn(program, ["-D", "-e", "-f", join(own, "config")], { stdio: "pipe" });
  let log = "";
  child.stderr.on("data", (data: Buffer) => (log += data.toString()));
  await listening(child, () => log);
  return {
    port,
    user: userInfo().username,
    pid: child.pid ?? 0,
    hostKeys,
    log: () => log,
    stop: async () => {
      const ended = new Promise<void>((done) => child.once("exit", () => done()));
      for (const pid of childrenOf(child.pid ?? 0)) kill(pid, "SIGKILL");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** The same three for every server of a test file: making them takes longer than starting it. */
async function makeHostKeys(folder: string): Promise<Sshd["hostKeys"]> {
  const keys = { ed25519: "", ecdsa: "", rsa: "" };
  for (const type of ["ed25519", "ecdsa", "rsa"] as const) {
    const file = join(folder, `host-${type}`);
    if (!existsSync(file)) {
      const bits = type === "rsa" ? ["-b", "2048"] : [];
      await command("ssh-keygen", ["-q", "-t", type, ...bits, "-N", "", "-f", file]);
    }
    keys[type] = readFileSync(`${file}.pub`, "utf8").trim();
  }
  return keys;
}

/** Takes away what had to be made for all of them. */
export function cleanUp(): void {
  if (!madePrivileges) return;
  madePrivileges = false;
  try {
    rmdirSync(privileges);
  } catch {
    // Somebody else's sshd needs it now.
  }
}

/** The processes below a process, deepest last. */
export function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [];
  const own = readFileSync(file, "utf8").trim().split(/\s+/).filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}

/** Sends a signal to a process of ours that may have ended. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

function listening(child: ChildProcess, log: () => string): Promise<void> {
  return new Promise((done, fail) => {
    child.once("exit", () => fail(new Error(`sshd did not start: ${log()}`)));
    child.stderr?.on("data", () => /Server listening on/.test(log()) && done());
  });
}

/** A real ssh-agent with these keys in it. */
export async function startAgent(
  folder: string,
  privateKeys: readonly string[],
): Promise<{ socket: string; stop(): Promise<void> }> {
  const socket = join(folder, `agent-${Math.random().toString(36).slice(2, 8)}`);
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  while (!existsSync(socket)) await new Promise((done) => setTimeout(done, 10));
  for (const key of privateKeys) {
    const added = await command("ssh-add", ["-q", "-"], { SSH_AUTH_SOCK: socket }, key);
    if (added.code !== 0) throw new Error(`ssh-add: ${added.output}`);
  }
  return {
    socket,
    stop: () =>
      new Promise((done) => {
        child.once("exit", () => done());
        child.kill("SIGKILL");
      }),
  };
}
