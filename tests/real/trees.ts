// The root directories: of the host, with its engines, and of the one image that all containers run.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { hostKeyPair, userKeyPair } from "../../sandbox/ssh";

const SUITE = "trixie";

/** Packages of the host, all of them Debian's own. */
const HOST = [
  ...["ca-certificates", "iproute2", "iptables", "nftables", "procps", "sudo", "openssh-server"],
  ...["docker.io", "docker-cli", "docker-compose", "podman", "podman-compose", "crun"],
  ...["netavark", "aardvark-dns", "uidmap", "passt", "slirp4netns", "fuse-overlayfs"],
];

/** Who logs in to the host. */
export const USERS = [
  "member", // in the group `docker`
  "nobody-special", // may do nothing but log in
  "sudoer", // may run everything as root, without a password
  "asked", // sudo asks for a password
  "rootless", // has containers of its own, in rootless Podman
] as const;

export type User = (typeof USERS)[number];

/** Makes the two trees in `folder`, where they are not made already: some minutes. */
export function makeTrees(folder: string, say: (line: string) => void): void {
  const mirror = debianMirror();
  for (const [name, packages] of [
    ["host", HOST],
    ["image", ["postgresql"]],
  ] as const) {
    const tree = join(folder, name);
    if (existsSync(tree)) continue;
    say(`Making the ${name}'s root directory from Debian's packages …`);
    const building = `${tree}.part`;
    const include = `--include=${packages.join(",")}`;
    run("debootstrap", ["--variant=minbase", include, SUITE, building, mirror]);
    if (name === "host") furnishHost(building);
    else furnishImage(building);
    renameSync(building, tree);
  }
}

/** Gives the tree `host` of `folder` the keys of this process: they are new in every one, while the tree stays. */
export function writeKeys(folder: string): void {
  const ssh = join(folder, "host/etc/ssh");
  writeFileSync(join(ssh, "ssh_host_ed25519_key"), hostKeyPair().privateKey, { mode: 0o600 });
  writeFileSync(join(ssh, "keys"), `${userKeyPair().publicKey}\n`);
}

/** The mirror that this machine's own apt uses. */
function debianMirror(): string {
  const folder = "/etc/apt/sources.list.d";
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  for (const file of ["/etc/apt/sources.list", ...files].filter(existsSync)) {
    const address = /^(?:URIs:|deb(?: \[.*?\])?)\s+(https?:\/\/\S+\/debian)\/?(?:\s|$)/m;
    const found = address.exec(readFileSync(file, "utf8"))?.[1];
    if (found !== undefined) return found;
  }
  throw new Error("apt's sources name no mirror of Debian: this needs a Debian machine");
}

function furnishHost(tree: string): void {
  const ssh = join(tree, "etc/ssh");
  writeFileSync(
    join(ssh, "sshd_config"),
    [
      "Port 2222",
      "ListenAddress 127.0.0.1",
      "HostKey /etc/ssh/ssh_host_ed25519_key",
      "AuthorizedKeysFile /etc/ssh/keys",
      "UsePAM no",
      "PasswordAuthentication no",
      "MaxStartups 100",
    ].join("\n"),
  );
  const sudo = "sudoer ALL=(root) NOPASSWD: ALL\nasked ALL=(root) ALL\n";
  writeFileSync(join(tree, "etc/sudoers.d/lab"), sudo, { mode: 0o440 });
  // Podman writes times with the zone's letters, which differ from place to place.
  writeFileSync(join(tree, "etc/timezone"), "Europe/Berlin\n");
  run("chroot", [tree, "ln", "-sf", "/usr/share/zoneinfo/Europe/Berlin", "/etc/localtime"]);
  for (const user of USERS) {
    run("chroot", [tree, "useradd", "--create-home", "--shell", "/bin/bash", user]);
    run("chroot", [tree, "usermod", "--password", "*", user]);
  }
  run("chroot", [tree, "usermod", "-aG", "docker", "member"]);
}

/** A server with a health check, and a PostgreSQL: what Immich's Compose file has. */
function furnishImage(tree: string): void {
  const script = (name: string, text: string) => {
    const file = join(tree, "srv", name);
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  };
  script(
    "server",
    `#!/usr/bin/perl
use IO::Socket::INET;
$SIG{TERM} = sub { exit 0 };
$| = 1;
sleep($ENV{SLOW} // 0);
my $server = IO::Socket::INET->new(LocalPort => 2283, Listen => 5, ReuseAddr => 1) or die;
print "Immich Server is listening\\n";
while (my $client = $server->accept) {
  print $client "HTTP/1.0 200 OK\\r\\n\\r\\n{\\"res\\":\\"pong\\"}\\n";
  close $client;
}
`,
  );
  script(
    "health",
    `#!/usr/bin/perl
use IO::Socket::INET;
exit(IO::Socket::INET->new(PeerAddr => "127.0.0.1:2283", Timeout => 2) ? 0 : 1);
`,
  );
  script(
    "postgres",
    `#!/bin/sh
set -e
bin=$(echo /usr/lib/postgresql/*/bin)
data=/var/lib/postgresql/lab
echo "$PASSWORD" >/tmp/password
[ -d $data ] || setpriv --reuid=postgres --regid=postgres --clear-groups \\
  $bin/initdb -D $data -U postgres --pwfile=/tmp/password --auth=scram-sha-256 --no-sync
echo "host all all all scram-sha-256" >>$data/pg_hba.conf
exec setpriv --reuid=postgres --regid=postgres --clear-groups $bin/postgres -D $data -c listen_addresses='*' -c fsync=off
`,
  );
}

/** Runs a program to its end; its words when it fails. */
export function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 1 << 26,
  });
  if (error) throw error;
  if (status === 0) return stdout;
  const words = `${stderr}\n${stdout}`.trim().split("\n").slice(-15).join("\n");
  throw new Error(`${program} ${args.slice(0, 4).join(" ")} … ended with ${status}:\n${words}`);
}
