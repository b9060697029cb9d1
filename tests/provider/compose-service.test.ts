// A Compose service looked at and restarted over SSH, on the sandbox's Docker.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { lookAtService, restartService, serviceStartedAt } from "../../ssh/composeService";
import { connect } from "../../ssh/connection";
import type { OpenConnection } from "../../ssh/openConnection";
import { type Docker, startDocker } from "../../sandbox/docker";
import { type DockerPolicies, usualDocker } from "../../sandbox/docker/world";
import { type SshServer, startSshServer } from "../../sandbox/ssh";
import { restartScript } from "../../ssh/restartScript";
import { pretendedContainer } from "./support/containers";
import { failure, folder, targetOf } from "./support/machine";

jest.setTimeout(60_000); // a look is a dozen commands, each a process of its own

const home = folder();
const service = { runtime: "docker", directory: "/opt/immich", service: "immich-server" };
let server: ReturnType<typeof pretendedContainer>;
let docker: Docker;
let sshd: SshServer;
let ssh: OpenConnection;

beforeAll(async () => {
  server = pretendedContainer("immich_server", "immich-server", 2283);
  const database = pretendedContainer("immich_postgres", "database", 5432);
  docker = await startDocker({ containers: [server, database], root: home.path });
  const { bin, environment } = docker;
  sshd = await startSshServer({ home: home.path, bin, environment });
  ssh = await connect(targetOf(sshd));
});

afterEach(() => {
  docker.setPolicies(usualDocker);
  server.reset();
});

afterAll(async () => {
  ssh.close();
  await sshd.stop();
  await docker.stop();
  home.remove();
});

/** The engines, as their commands differ. */
const engines: readonly (readonly [string, string, Partial<DockerPolicies>])[] = [
  ["docker", "docker", {}],
  [
    "docker 20 with docker-compose alone",
    "docker",
    { dockerVersion: "20.10", compose: "standalone" },
  ],
  ["docker behind sudo", "sudo -n docker", { group: false }],
  ["podman with podman-compose", "podman", { programs: ["podman"], compose: "podman-compose" }],
  ["podman with docker-compose", "podman", { programs: ["podman"], compose: "plugin" }],
  [
    "podman 4.3, rootful, behind sudo",
    "sudo -n podman",
    { programs: ["podman"], compose: "podman-compose", podmanVersion: "4.3", rootful: true },
  ],
];

/** The restart refuses, with these texts, and nothing is started. */
async function refused(change: object, texts: readonly (string | RegExp)[]): Promise<Error> {
  const starts = server.starts;
  const error = await failure(restartService(ssh, { ...service, ...change, timeoutSeconds: 20 }));
  expect(error).toMatchObject({ kind: "container" });
  expect(error.message).toContain(`On hermes-admin@127.0.0.1:${sshd.port}: `);
  for (const text of texts) expect(error.message).toMatch(text);
  expect(error.message).not.toMatch(/Executing external|usage:/);
  expect(server.starts).toBe(starts);
  return error;
}

describe.each(engines)("%s", (_, runtime, policies) => {
  const args = { ...service, runtime, timeoutSeconds: 20 };

  beforeEach(() => docker.setPolicies(policies));

  test("restarted, healthy, and started when it says", async () => {
    await lookAtService(ssh, args);
    expect(server.starts).toBe(0);
    expect(await restartService(ssh, args)).toBe("immich-server is healthy");
    expect(server.starts).toBe(1);
    const started = await serviceStartedAt(ssh, args);
    expect(started.getTime()).toBe(server.state().startedAt.getTime());
  });

  test("what compose run made is left alone; with two containers both count", async () => {
    const oneoff = { name: "immich_immich-server_tmp4711", service: "immich-server", oneoff: true };
    const second = {
      name: "immich-server-2",
      service: "immich-server",
      health: "starting" as const,
    };
    docker.setPolicies({ others: [oneoff] });
    expect(await restartService(ssh, args)).toBe("immich-server is healthy");
    docker.setPolicies({ others: [oneoff, second] });
    const error = await failure(restartService(ssh, { ...args, timeoutSeconds: 1 }));
    expect(error.message).toContain("immich-server-2: running, starting");
    expect(error.message).not.toContain("tmp4711");
  });

  test("removed, and where others of that service are", async () => {
    docker.setPolicies({ disguises: { immich_server: { missing: true } } });
    await refused({ runtime }, [
      "the Compose project of /opt/immich has no container of service immich-server",
      "containers there: immich_postgres",
      "compose up -d immich-server",
    ]);
    docker.setPolicies({ disguises: { immich_server: { project: "photos" } } });
    await refused({ runtime }, [
      "container immich_server belongs to project photos",
      "echo COMPOSE_PROJECT_NAME=photos >> /opt/immich/.env",
    ]);
    docker.setPolicies({
      disguises: { immich_server: { project: "photos", directory: "/srv/photos" } },
    });
    await refused({ runtime }, [
      "belongs to project photos of /srv/photos",
      "npx pulumi config set composeDirectory /srv/photos",
    ]);
  });
});

// One of each Compose will do for these.
describe.each([engines[0], engines[3]] as typeof engines)("%s", (_, runtime, policies) => {
  const args = { ...service, runtime, timeoutSeconds: 20 };

  beforeEach(() => docker.setPolicies(policies));

  test("without a health check", async () => {
    docker.setPolicies({ disguises: { immich_server: { health: null } } });
    expect(await restartService(ssh, args)).toBe(
      "immich-server is running, it has no health check",
    );
  });

  test("another directory, no Compose file, another service", async () => {
    await refused({ runtime, directory: "/opt/photos" }, [
      "there is no directory /opt/photos",
      /config set composeDirectory \S*\/opt\/immich/,
    ]);
    const folder = join(home.path, "opt/photos");
    mkdirSync(folder);
    await refused({ runtime, directory: "/opt/photos" }, [
      "there is no Compose file in /opt/photos",
      /config set composeDirectory \S*\/opt\/immich/,
    ]);
    writeFileSync(join(folder, "compose.yaml"), "services:\n  immich-server:\n    image: x\n");
    await refused({ runtime, directory: "/opt/photos" }, [
      "the Compose project of /opt/photos has no container",
      "container immich_server belongs to project immich",
    ]);
    rmSync(folder, { recursive: true });
    await refused({ runtime, service: "server" }, [
      "has no service server",
      "it has: database immich-server",
      "npx pulumi config set composeService",
    ]);
  });

  test("a restart that fails: the cause, that it is down, and how to start it", async () => {
    docker.setPolicies({ restart: "fails", warnings: ["version is obsolete"] });
    const error = await failure(restartService(ssh, args));
    expect(error.message).toMatch(/the restart of immich-server failed: [^]*already allocated/);
    expect(error.message).toContain("immich_server: exited");
    expect(error.message).toMatch(
      /immich-server is down now\. Start it: cd \/opt\/immich && .*compose start immich-server/,
    );
    expect(error.message.match(/version is obsolete/g)?.length ?? 0).toBeLessThan(2);
  });

  test.each([
    ["it ends", { status: "exited" }, ["immich_server: exited", "is down now. Start it:"]],
    ["it ends again and again", { status: "restarting" }, ["it ends soon after each start"]],
    ["it takes too long", { health: "starting" }, ["after 2 s (restartTimeoutSeconds)"]],
    ["it is ill", { health: "unhealthy" }, ["immich_server: running, unhealthy"]],
  ] as const)("%s", async (_name, turns, texts) => {
    server.turns = turns;
    const error = await failure(restartService(ssh, { ...args, timeoutSeconds: 2 }));
    expect(error.message).toContain("immich-server was restarted and is not healthy");
    for (const text of texts) expect(error.message).toContain(text);
    expect(error.message).toContain("Immich Server is listening"); // its last log lines
  });
});

test.each<[string, string, Partial<DockerPolicies>, string[]]>([
  ["no such runtime", "podman", {}, ["there is no command podman"]],
  ["none behind sudo", "sudo -n podman", {}, ["there is no command podman"]],
  ["outside the group", "docker", { group: false }, ["may not use docker", "usermod -aG docker"]],
  ["sudo asks", "sudo -n docker", { sudo: false }, ["for a password", "NOPASSWD"]],
  ["the daemon is down", "docker", { daemon: false }, ["systemctl start docker"]],
  ["no Compose", "docker", { compose: "none" }, ["docker has no Compose here", "apt-get install"]],
  [
    "no Compose of podman",
    "podman",
    { programs: ["podman"], compose: "none" },
    ["podman has no Compose here", "podman-compose"],
  ],
  [
    "podman's containers are root's",
    "podman",
    { programs: ["podman"], rootful: true },
    ["podman lists no container at all", 'containerRuntime "sudo -n podman"'],
  ],
])("%s: refused before anything is touched", async (_, runtime, policies, texts) => {
  docker.setPolicies(policies);
  const error = await refused({ runtime }, texts);
  const look = await failure(lookAtService(ssh, { ...service, runtime }));
  expect(look.message).toBe(error.message);
});

test("less time than Docker's default health check takes is warned of", async () => {
  const short = await ssh.exec(restartScript({ ...service, timeoutSeconds: 20 }));
  expect(short.stderr).toMatch(/restartTimeoutSeconds is 20, .* comes after 30 s/);
  docker.setPolicies({ disguises: { immich_server: { healthInterval: 5 } } });
  const known = await ssh.exec(restartScript({ ...service, timeoutSeconds: 20 }));
  expect(known.stderr).not.toContain("warning");
  docker.setPolicies(usualDocker);
  const long = await ssh.exec(restartScript({ ...service, timeoutSeconds: 60 }));
  expect(long.stderr).not.toContain("warning");
});
