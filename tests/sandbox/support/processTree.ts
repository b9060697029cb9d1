/** What a process and all that it started hold open, read from /proc: Linux, and root for other users' processes. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** `root` and everything that descends from it. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const stat = read(`/proc/${name}/stat`);
    // proc_pid_stat(5): the name in parentheses may hold anything.
    const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    parents.set(Number(name), Number(parent));
  }
  const tree = new Set([root]);
  for (let before = 0; before !== tree.size;) {
    before = tree.size;
    for (const [pid, parent] of parents) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** The environment of a process. */
export function environmentOf(pid: number): Record<string, string> {
  const pairs = read(`/proc/${pid}/environ`).split("\0").filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

/** Where processes can be spoken to. */
export interface Listeners {
  /** `127.0.0.1` and its port; any other address as the kernel writes it. */
  readonly tcp: readonly { readonly address: string; readonly port: number }[];
  /** Names of unix sockets, and ports of UDP. */
  readonly others: readonly string[];
}

const TCP_LISTEN = "0A";
const UNIX_ACCEPTS = "00010000";

/** What the processes listen on. */
export function listeners(pids: readonly number[]): Listeners {
  const inodes = new Set(pids.flatMap(socketInodes));
  const rows = (name: string): string[][] =>
    read(`/proc/net/${name}`)
      .split("\n")
      .slice(1)
      .map((row) => row.trim().split(/\s+/));
  const own = (name: string, inode: number): string[][] =>
    rows(name).filter((row) => inodes.has(row[inode] ?? ""));
  const tcp = ["tcp", "tcp6"].flatMap((name) =>
    own(name, 9)
      .filter(([, , , state]) => state === TCP_LISTEN)
      .map(([, local = ""]) => {
        const [address = "", port = ""] = local.split(":");
        return {
          address: address === "0100007F" ? "127.0.0.1" : address,
          port: Number.parseInt(port, 16),
        };
      }),
  );
  const unix = own("unix", 6).filter(([, , , flags]) => flags === UNIX_ACCEPTS);
  const udp = ["udp", "udp6"].flatMap((name) => own(name, 9).map(([, local]) => `udp ${local}`));
  return { tcp, others: [...unix.map((row) => `unix ${row[7] ?? ""}`), ...udp] };
}

function socketInodes(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // ended meanwhile
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
