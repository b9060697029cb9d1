// From a container's name to its port, through docker and podman as they answer.
import { once } from "node:events";

import { connect } from "../../ssh/connection";
import type { OpenConnection } from "../../ssh/openConnection";
import { containerAddresses, openContainerPort } from "../../ssh/container";
import { addressesIn } from "../../ssh/inspect";
import { failure, folder, machine, script, short, targetOf, tcp } from "./support/machine";

const home = folder();
let server: Awaited<ReturnType<typeof machine>>;
let ssh: OpenConnection;

beforeAll(async () => {
  server = await machine(home.path);
});

beforeEach(async () => {
  server.resetCounters();
  ssh = await connect(targetOf(server), { ...short, keepAliveMs: 10_000 });
});

afterEach(() => ssh.close());

afterAll(async () => {
  await server.stop();
  home.remove();
});

/** A `docker` that answers `inspect` with this. */
function inspected(state: object, mode: string, settings: object): void {
  const json = JSON.stringify([state, mode, settings]);
  script(server.bin, "docker", `cat <<'END'\n${json}\nEND`);
}

const running = { Status: "running", Running: true };
const wanted = (port: number, runtime = "docker") => ({
  runtime,
  container: "immich_postgres",
  port,
});

/** A `docker` or podman that fails. */
function fails(program: string, code: number, stderr: string, more = ""): void {
  script(server.bin, program, `${more}\ncat >&2 <<'END'\n${stderr}\nEND\nexit ${code}`);
}

describe("addresses", () => {
  test.each([
    [
      "one network",
      "immich_default",
      { Networks: { immich_default: { IPAddress: "172.18.0.3", GlobalIPv6Address: "" } } },
      [["172.18.0.3", 5432]],
    ],
    [
      "two networks, IPv6 last",
      "front",
      {
        Networks: {
          front: { IPAddress: "172.18.0.3", GlobalIPv6Address: "fd00::3" },
          back: { IPAddress: "172.19.0.2" },
        },
      },
      [
        ["172.18.0.3", 5432],
        ["172.19.0.2", 5432],
        ["fd00::3", 5432],
      ],
    ],
    [
      "the host's network",
      "host",
      { Networks: { host: { IPAddress: "" } } },
      [["127.0.0.1", 5432]],
    ],
    [
      "podman, rootful",
      "bridge",
      { IPAddress: "10.88.0.5", Networks: { podman: { IPAddress: "10.88.0.5" } } },
      [["10.88.0.5", 5432]],
    ],
    [
      "podman, rootless, published",
      "slirp4netns",
      { IPAddress: "", Ports: { "5432/tcp": [{ HostIp: "0.0.0.0", HostPort: "15432" }] } },
      [["127.0.0.1", 15432]],
    ],
    [
      "a network and a published port",
      "x",
      {
        Networks: { x: { IPAddress: "172.18.0.3" } },
        Ports: { "5432/tcp": [{ HostIp: "192.0.2.7", HostPort: "5432" }], "80/tcp": null },
      },
      [
        ["172.18.0.3", 5432],
        ["192.0.2.7", 5432],
      ],
    ],
    ["none", "none", { Networks: {} }, []],
    ["nothing to read", "", null, []],
  ])("%s", (_, mode, settings, expected) => {
    const found = addressesIn(mode, settings as never, 5432);
    expect(found.map(({ host, port }) => [host, port])).toEqual(expected);
  });

  test("a container in another one's network", async () => {
    const own = JSON.stringify([running, "container:vpn", { Networks: {} }]);
    const vpn = JSON.stringify([
      running,
      "bridge",
      { Networks: { b: { IPAddress: "172.17.0.9" } } },
    ]);
    script(server.bin, "docker", `case "$*" in *vpn) echo '${vpn}';; *) echo '${own}';; esac`);
    await expect(containerAddresses(ssh, wanted(5432))).resolves.toEqual([
      { host: "172.17.0.9", port: 5432 },
    ]);
  });

  test("the question leaves the environment, and its passwords, where they are", async () => {
    inspected(running, "host", {});
    await containerAddresses(ssh, wanted(5432));
    expect(server.counters.commands).toEqual([
      "docker inspect --type container --format '[{{json .State}},{{json .HostConfig.NetworkMode}},{{json .NetworkSettings}}]' immich_postgres",
    ]);
  });
});

describe("what docker may say instead", () => {
  test.each<[string, string, () => void, string[]]>([
    [
      "a user outside the group",
      "docker",
      () =>
        fails(
          "docker",
          1,
          "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get ...: dial unix /var/run/docker.sock: connect: permission denied",
        ),
      [
        "hermes-admin may not use docker",
        "sudo usermod -aG docker hermes-admin",
        'npx pulumi config set containerRuntime "sudo -n docker"',
      ],
    ],
    [
      "no docker",
      "nodocker",
      () => undefined,
      ["there is no command nodocker", "npx pulumi config set containerRuntime podman"],
    ],
    [
      "a daemon that is down",
      "docker",
      () =>
        fails(
          "docker",
          1,
          "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        ),
      ["docker itself does not answer", "sudo systemctl start docker"],
    ],
    [
      "no such container",
      "docker",
      () =>
        fails(
          "docker",
          1,
          "Error response from daemon: No such container: immich_postgres",
          `[ "$1" = ps ] && printf 'database\\nimmich_server\\n' && exit 0`,
        ),
      [
        "there is no container immich_postgres; there are: database, immich_server",
        "npx pulumi config set postgresContainer NAME",
      ],
    ],
    [
      "no such container, podman, none at all",
      "podman",
      () =>
        fails(
          "podman",
          125,
          'Error: no such container "immich_postgres"',
          `[ "$1" = ps ] && exit 0`,
        ),
      ["there are none at all", 'containerRuntime "sudo -n podman"', "sshHost"],
    ],
    [
      "a stopped container",
      "docker",
      () => inspected({ Status: "exited", Running: false }, "x", { Networks: {} }),
      ["immich_postgres is not running (it is exited)", "docker start immich_postgres"],
    ],
    [
      "a paused container",
      "docker",
      () => inspected({ Status: "paused", Running: true }, "x", { Networks: {} }),
      ["docker unpause immich_postgres"],
    ],
    [
      "sudo that wants a password",
      "sudo -n docker",
      () => fails("sudo", 1, "sudo: a password is required"),
      ["sudo asks hermes-admin for a password", "NOPASSWD: /usr/bin/docker"],
    ],
    [
      "rootless podman without an address",
      "podman",
      () => script(server.bin, "podman", `echo '${JSON.stringify([running, "slirp4netns", {}])}'`),
      [
        "no address that the machine itself could reach",
        'ports: ["127.0.0.1:5432:5432"]',
        'containerRuntime "sudo -n podman"',
      ],
    ],
    [
      "no network at all",
      "docker",
      () => inspected(running, "none", { Networks: {} }),
      ["network mode none", 'ports: ["127.0.0.1:5432:5432"]'],
    ],
    [
      "rubbish",
      "docker",
      () => script(server.bin, "docker", "echo Welcome to NAS"),
      ["answered no JSON: Welcome to NAS"],
    ],
    [
      "something else",
      "docker",
      () => fails("docker", 9, "disk on fire"),
      ["failed with code 9 (disk on fire)", "run it by hand"],
    ],
  ])("%s", async (_, runtime, prepare, texts) => {
    prepare();
    const error = await failure(openContainerPort(ssh, wanted(5432, runtime)));
    expect(error).toMatchObject({ kind: "container" });
    expect(error.message).toContain(`hermes-admin@127.0.0.1:${server.port}`);
    for (const text of texts) expect(error.message).toContain(text);
  });
});

describe("connecting", () => {
  test("of two networks the one that answers is taken", async () => {
    const echo = await tcp((socket) => socket.pipe(socket));
    // The first address is refused: the sandbox forwards to loopback only.
    inspected(running, "a", {
      Networks: { a: { IPAddress: "127.7.7.7" }, b: { IPAddress: "127.0.0.1" } },
    });
    const channel = await openContainerPort(ssh, wanted(echo.port));
    channel.write("hello");
    expect(String((await once(channel, "data"))[0])).toBe("hello");
    channel.destroy();
    await echo.stop();
  });

  test.each([
    ["macvlan", "docker", ["is on the macvlan network lan", "networks: [lan, default]"]],
    [
      "bridge",
      "podman",
      [
        "the networks of a rootless podman are out of the machine's own reach",
        'ports: ["127.0.0.1:1:1"]',
        'containerRuntime "sudo -n podman"',
      ],
    ],
    ["bridge", "docker", ["is it still starting"]],
  ])("an address that does not answer, on %s with %s", async (driver, runtime, texts) => {
    const networks = { lan: { IPAddress: "127.7.7.7" } };
    const json = JSON.stringify([running, "lan", { Networks: networks }]);
    script(
      server.bin,
      runtime,
      `if [ "$1 $2" = "network inspect" ]; then echo "${driver} lan"; else echo '${json}'; fi`,
    );
    const error = await failure(openContainerPort(ssh, wanted(1, runtime)));
    for (const text of texts) expect(error.message).toContain(text);
  });

  test("a port that nobody listens on: every address is named", async () => {
    const closed = await tcp(() => undefined);
    await closed.stop();
    inspected(running, "host", {});
    const error = await failure(openContainerPort(ssh, wanted(closed.port)));
    expect(error.message).toContain(
      `port ${closed.port} does not answer: 127.0.0.1:${closed.port}`,
    );
    expect(error.message).toContain("docker logs --tail 50 immich_postgres");
  });

  test("a dozen connections at once ask docker once", async () => {
    const echo = await tcp((socket) => socket.pipe(socket));
    inspected(running, "host", {});
    const channels = await Promise.all(
      Array.from({ length: 12 }, () => openContainerPort(ssh, wanted(echo.port))),
    );
    expect(server.counters).toMatchObject({ connections: 1, forwards: 12 });
    expect(server.counters.commands).toHaveLength(1);
    for (const channel of channels) channel.destroy();
    await echo.stop();
  });
});
