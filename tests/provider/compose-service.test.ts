// A Compose service looked at and restarted over SSH, on the sandbox's Docker.
import { lookAtService, restartService, serviceStartedAt } from "../../ssh/composeService";
import { connect } from "../../ssh/connection";
import type { OpenConnection } from "../../ssh/openConnection";
import { type Docker, startDocker } from "../../sandbox/docker";
import { type SshServer, startSshServer } from "../../sandbox/ssh";
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
  docker.setPolicies({ ...usual });
  server.reset();
});

const usual = { programs: ["docker"], group: true, sudo: true, daemon: true } as const;

afterAll(async () => {
  ssh.close();
  await sshd.stop();
  await docker.stop();
  home.remove();
});

test("restarted, healthy, and said so; with the time of its start", async () => {
  await lookAtService(ssh, service);
  expect(server.starts).toBe(0);
  expect(await restartService(ssh, { ...service, timeoutSeconds: 20 })).toBe(
    "immich-server is healthy",
  );
  expect(server.starts).toBe(1);
  const started = await serviceStartedAt(ssh, service);
  expect(started.getTime()).toBe(server.state().startedAt.getTime());
});

test.each([
  [
    "another directory",
    { directory: "/opt/photos" },
    ["no directory /opt/photos", "npx pulumi config set composeDirectory"],
  ],
  [
    "another service",
    { service: "server" },
    [
      "has no service server",
      "it has: immich-server database",
      "npx pulumi config set composeService",
    ],
  ],
  ["another runtime", { runtime: "podman" }, ["there is no command podman"]],
])("%s is found out before anything is touched", async (_, change, texts) => {
  for (const error of [
    await failure(lookAtService(ssh, { ...service, ...change })),
    await failure(restartService(ssh, { ...service, ...change, timeoutSeconds: 20 })),
  ]) {
    expect(error).toMatchObject({ kind: "container" });
    expect(error.message).toContain(`On hermes-admin@127.0.0.1:${sshd.port}: `);
    for (const text of texts) expect(error.message).toContain(text);
  }
  expect(server.starts).toBe(0);
});
