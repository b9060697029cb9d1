// A host of its own, in namespaces: sshd, Docker and Podman as Debian has them.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { connect } from "../../ssh/connection";
import type { OpenConnection } from "../../ssh/openConnection";
import type { SshTarget } from "../../ssh/target";
import { hostKeyPair, userKeyPair } from "../../sandbox/ssh";
import { run, type User, writeKeys } from "./trees";

/** The name of the one image. */
export const IMAGE = "localhost/lab:1";

/** What a command on the host came to. */
export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** The host. This process must be in a network namespace made for it: the host shares it. */
export class Homelab {
  private constructor(
    private readonly root: string,
    private readonly unshare: ChildProcess,
    private readonly cgroup: string,
    private readonly init: number,
  ) {}

  /** Starts it in the tree `host` of `folder`, with the tree `image` as the image of both engines. */
  static async start(folder: string, say: (line: string) => void): Promise<Homelab> {
    const root = join(folder, "host");
    writeKeys(folder);
    const cgroup = makeCgroup();
    const script = join(__dirname, "host.sh");
    // Its processes are counted in the child cgroup before it takes that for the root of its own hierarchy.
    const enter = `echo $$ > ${cgroup}/cgroup.procs && exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup sh ${script} ${root} sleep infinity`;
    const unshare = spawn("sh", ["-c", enter], { stdio: ["ignore", "ignore", "inherit"] });
    const init = await firstProcess(unshare);
    const homelab = new Homelab(root, unshare, cgroup, init);
    try {
      await homelab.begin(folder, say);
      return homelab;
    } catch (error) {
      homelab.stop();
      throw error;
    }
  }

  private async begin(folder: string, say: (line: string) => void): Promise<void> {
    await this.until("hostname | grep -qx homelab && ip link show lo | grep -q UP");
    this.write("etc/hosts", "127.0.0.1 localhost homelab\n");
    // A way out, which leads nowhere: rootless podman's network is made after it.
    this.must(
      "ip link add wan0 type veth peer name wan1 && ip address add 198.51.100.2/24 dev wan0 && " +
        "ip link set wan0 up && ip link set wan1 up && ip route add default via 198.51.100.1",
    );
    this.must("/usr/sbin/sshd");
    this.background("dockerd --log-level error");
    this.write("etc/containers/containers.conf", podmanConfiguration());
    this.background("podman system service --time 0");
    // Podman leaves the clock of its health checks to systemd.
    this.background(
      "sh -c 'while :; do for id in $(podman ps -q); do podman healthcheck run $id; done; sleep 0.5; done'",
    );
    await this.until("docker version && test -S /run/podman/podman.sock");
    const tar = "var/tmp/image.tar";
    const image = join(folder, "image");
    const without = [
      "./var/cache/apt",
      "./var/lib/apt/lists",
      "./usr/share/doc",
      "./usr/share/man",
    ];
    run("tar", [
      "-C",
      image,
      ...without.map((one) => `--exclude=${one}`),
      "-cf",
      join(this.root, tar),
      ".",
    ]);
    say("Importing the image into Docker, Podman and rootless Podman …");
    this.must(`docker image inspect ${IMAGE} >/dev/null 2>&1 || docker import /${tar} ${IMAGE}`);
    this.must(`podman image exists ${IMAGE} || podman import /${tar} ${IMAGE}`);
    this.must(`podman image exists ${IMAGE} || podman import /${tar} ${IMAGE}`, "rootless");
    rmSync(join(this.root, tar));
  }

  /** Runs a command in a shell on the host, not by way of SSH. */
  run(command: string, user?: User): Ran {
    const as = user === undefined ? ["sh", "-c", command] : ["su", "-", user, "-c", command];
    const { status, stdout, stderr } = spawnSync("nsenter", [...this.entry(), ...as], {
      encoding: "utf8",
      timeout: 300_000,
    });
    return { code: status, output: `${stdout}${stderr}`.trim() };
  }

  /** The same, for what has to succeed. */
  must(command: string, user?: User): string {
    const { code, output } = this.run(command, user);
    if (code !== 0) throw new Error(`${command}: ended with ${code}: ${output.slice(-2_000)}`);
    return output;
  }

  /** Starts something that goes on until the host ends. */
  background(command: string): void {
    const log = `/var/log/${command.split(" ")[0] ?? ""}.log`;
    this.must(`setsid ${command} >${log} 2>&1 </dev/null &`);
  }

  /** Writes a file of the host. */
  write(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
  }

  /** Waits for a command to succeed. */
  async until(command: string, user?: User): Promise<void> {
    for (let tries = 0; ; tries++) {
      const { code, output } = this.run(command, user);
      if (code === 0) return;
      if (tries > 100) throw new Error(`${command} never succeeded: ${output}`);
      await new Promise((done) => setTimeout(done, 200));
    }
  }

  target(user: User): SshTarget {
    return {
      host: "127.0.0.1",
      port: 2222,
      user,
      hostKey: hostKeyPair().publicKey,
      privateKey: userKeyPair().privateKey,
    };
  }

  ssh(user: User): Promise<OpenConnection> {
    return connect(this.target(user));
  }

  /** Ends it, with everything that runs in it. */
  stop(): void {
    try {
      process.kill(this.init, "SIGKILL");
    } catch {
      // It has ended already.
    }
    this.unshare.kill("SIGKILL");
    removeCgroup(this.cgroup);
  }

  private entry(): string[] {
    return ["-t", String(this.init), "-m", "-p", "-u", "-i", "-C"];
  }
}

/** The first process of the host's own process tree. */
async function firstProcess(unshare: ChildProcess): Promise<number> {
  const children = `/proc/${unshare.pid}/task/${unshare.pid}/children`;
  for (let tries = 0; tries < 100; tries++) {
    await new Promise((done) => setTimeout(done, 50));
    if (unshare.exitCode !== null) break;
    const child = Number(readFileSync(children, "utf8").trim().split(" ")[0]);
    if (child > 0) return child;
  }
  throw new Error("the host did not start: namespaces need root");
}

/** A cgroup below this process's own, in the unified hierarchy. */
function makeCgroup(): string {
  const mount = /^cgroup2? (\S+) cgroup2 /m.exec(readFileSync("/proc/mounts", "utf8"))?.[1];
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  if (mount === undefined || own === undefined) throw new Error("there is no cgroup2 mounted here");
  const cgroup = join(mount, own, `real-containers-${process.pid}`);
  mkdirSync(cgroup);
  return cgroup;
}

/** Takes it away again, children first; its processes were killed, and are gone in a moment. */
function removeCgroup(cgroup: string): void {
  for (let tries = 0; tries < 100; tries++) {
    try {
      const folders = readdirSync(cgroup, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name));
      for (const folder of [cgroup, ...folders].reverse()) rmdirSync(folder);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      spawnSync("sleep", ["0.1"]);
    }
  }
}

/** For a host without systemd, which would manage cgroups and keep logs, and with few cgroup controllers. */
export function podmanConfiguration(provider?: string): string {
  return [
    "[containers]",
    'log_driver = "k8s-file"',
    "pids_limit = 0",
    "[engine]",
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    provider === undefined ? "" : `compose_providers = ["${provider}"]`,
    "",
  ].join("\n");
}
