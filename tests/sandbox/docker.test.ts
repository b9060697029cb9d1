import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Container, type Docker, startDocker } from "../../sandbox/docker";
import { render } from "../../sandbox/docker/template";
import { PRELUDE, sessionEnvironment } from "../../sandbox/ssh/shell";

jest.setTimeout(30_000);

let root: string;
let docker: Docker;
let server: Container;
let postgres: Container;

/** A container that is nothing but what it says of itself. */
function pretended(name: string, service: string, port: number): Container {
  let pid = 100;
  let startedAt = new Date(Date.now() - 5000);
  let running = true;
  return {
    name,
    service,
    port,
    image: `example/${name}:v1`,
    environment: () => ["TZ=UTC", "DB_PASSWORD=postgres"],
    state: () => ({
      status: running ? "running" : "exited",
      pid: running ? pid : 0,
      startedAt,
      exitCode: 0,
      restartCount: 0,
      ...(name === "immich_server" ? { health: "healthy" as const } : {}),
    }),
    logs: () => [
      { at: new Date(Date.now() - 3_600_000), text: "an hour ago" },
      { at: new Date(Date.now() - 2000), text: "two seconds ago" },
      { at: new Date(), text: "now" },
    ],
    start: async () => {
      pid += 1;
      startedAt = new Date();
      running = true;
    },
    stop: async () => {
      running = false;
    },
  };
}

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "sandbox-docker-")));
  server = pretended("immich_server", "immich-server", 2283);
  postgres = pretended("immich_postgres", "database", 5432);
  docker = await startDocker({ containers: [server, postgres], root });
});

afterEach(async () => {
  await docker.stop();
  rmSync(root, { recursive: true, force: true });
});

/** Runs a command as the SSH server runs it. */
function sh(command: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { bin, environment } = docker;
  const child = spawn("/bin/sh", ["-c", PRELUDE + command], {
    cwd: root,
    env: sessionEnvironment({ home: root, bin, environment, user: "hermes-admin" }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((done) => child.on("close", (code) => done({ code, stdout, stderr })));
}

describe("inspect", () => {
  test("tells all, as JSON", async () => {
    const { code, stdout } = await sh("docker inspect immich_postgres immich_server");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        Name: "/immich_postgres",
        State: { Status: "running", Running: true, Pid: 100 },
        Config: { Env: ["TZ=UTC", "DB_PASSWORD=postgres"] },
        NetworkSettings: { Networks: { immich_default: { IPAddress: "127.0.0.1" } } },
      },
      { Name: "/immich_server", State: { Health: { Status: "healthy" } } },
    ]);
  });

  test.each([
    ["{{json .Config.Env}}", '["TZ=UTC","DB_PASSWORD=postgres"]'],
    ["{{.State.Status}} {{.Name}}", "running /immich_postgres"],
    ["{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "127.0.0.1"],
    ["{{if .State.Running}}up{{else}}down{{end}}", "up"],
  ])("--format '%s'", async (format, expected) => {
    expect(await sh(`docker inspect -f '${format}' immich_postgres`)).toEqual({
      code: 0,
      stdout: `${expected}\n`,
      stderr: "",
    });
  });

  test("refuses what Docker refuses, in its words", async () => {
    expect(await sh("docker inspect nothing")).toEqual({
      code: 1,
      stdout: "[]\n",
      stderr: "Error: No such object: nothing\n",
    });
    expect(await sh("docker inspect --type container nothing")).toMatchObject({
      stderr: "Error response from daemon: No such container: nothing\n",
    });
    expect(await sh("docker inspect -f '{{nonsense .State}}' immich_server")).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('function "nonsense" not defined'),
    });
    expect(await sh("docker inspect --nonsense immich_server")).toMatchObject({
      code: 125,
      stderr: "unknown flag: --nonsense\n",
    });
  });
});

test("templates that are cut short are refused", () => {
  expect(() => render("{{range .A}}x", { A: [1] })).toThrow(/unexpected EOF/);
  expect(() => render("{{.B}}", { A: 1 })).toThrow(/no entry for key "B"/);
});

describe("ps and logs", () => {
  test("list what runs, or all", async () => {
    await postgres.stop();
    expect((await sh("docker ps --format '{{.Names}}'")).stdout).toBe("immich_server\n");
    expect((await sh("docker ps -a --format '{{.Names}}'")).stdout).toBe(
      "immich_server\nimmich_postgres\n",
    );
    expect((await sh("docker ps")).stdout).toMatch(/^CONTAINER ID +IMAGE.*\n\w{12} .*\(healthy\)/);
    expect((await sh("docker ps -aq")).stdout).toMatch(/^\w{12}\n\w{12}\n$/);
  });

  test("give the last lines, or those since a time", async () => {
    expect((await sh("docker logs --tail 1 immich_server")).stdout).toBe("now\n");
    expect((await sh("docker logs --since 10s immich_server")).stdout).toBe(
      "two seconds ago\nnow\n",
    );
    expect((await sh("docker logs -t -n 1 immich_server")).stdout).toMatch(/^2.*Z now\n$/);
    expect(await sh("docker logs nothing")).toMatchObject({
      code: 1,
      stderr: "Error response from daemon: No such container: nothing\n",
    });
  });
});

describe("compose", () => {
  test("restarts a service for real", async () => {
    const restart = await sh("cd /opt/immich && docker compose restart immich-server");
    expect(restart).toMatchObject({ code: 0, stderr: expect.stringContaining("Started") });
    expect(server.state().pid).toBe(101);
    expect(postgres.state().pid).toBe(100);
    expect(docker.restarts).toEqual({ immich_server: 1, immich_postgres: 0 });
    const id = (await sh("cd /opt/immich && docker compose ps -a -q immich-server")).stdout.trim();
    expect((await sh(`docker inspect -f '{{.State.Pid}}' ${id}`)).stdout).toBe("101\n");
  });

  test("up starts only what is stopped", async () => {
    await postgres.stop();
    await sh("docker compose --project-directory /opt/immich up -d");
    expect(docker.restarts).toEqual({ immich_server: 0, immich_postgres: 1 });
  });

  test("shows logs with and without the name in front", async () => {
    const logs = (options: string) =>
      sh(`cd /opt/immich && docker compose logs --no-color --tail 1 ${options} immich-server`);
    expect((await logs("")).stdout).toBe("immich_server  | now\n");
    expect((await logs("--no-log-prefix")).stdout).toBe("now\n");
  });

  test("refuses without a file, and for a service that isn't there", async () => {
    expect(await sh("docker compose restart immich-server")).toMatchObject({
      code: 1,
      stderr: "no configuration file provided: not found\n",
    });
    expect(await sh("cd /opt/immich && docker compose restart nothing")).toMatchObject({
      code: 1,
      stderr: "no such service: nothing\n",
    });
    mkdirSync(join(root, "other"));
    writeFileSync(join(root, "other/compose.yaml"), "services: {}\n");
    expect(await sh("cd other && docker compose restart immich-server")).toMatchObject({ code: 1 });
    expect(docker.restarts["immich_server"]).toBe(0);
  });
});

describe("told to be different", () => {
  test("the user isn't in the group docker, and sudo may help", async () => {
    docker.setPolicies({ group: false });
    expect(await sh("docker ps")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^permission denied while trying to connect to the Docker/),
    });
    expect((await sh("sudo -n docker ps -q")).code).toBe(0);
    docker.setPolicies({ sudo: false });
    expect(await sh("sudo -n docker ps")).toMatchObject({
      code: 1,
      stderr: "sudo: a password is required\n",
    });
  });

  test("the daemon is away", async () => {
    docker.setPolicies({ daemon: false });
    expect((await sh("docker ps")).stderr).toMatch(/Is the docker daemon running/);
  });

  test("podman instead of docker", async () => {
    expect(await sh("podman ps")).toMatchObject({ code: 127 });
    docker.setPolicies({ programs: ["podman"], group: false });
    expect((await sh("podman ps -q")).code).toBe(0);
    expect(await sh("docker ps")).toMatchObject({
      code: 127,
      stderr: expect.stringContaining("not found"),
    });
    expect(await sh("podman inspect nothing")).toMatchObject({
      code: 125,
      stderr: 'Error: no such object: "nothing"\n',
    });
  });

  test("containers that are missing, stopped, elsewhere or ill", async () => {
    const inspect = async () =>
      JSON.parse((await sh("docker inspect immich_postgres")).stdout)[0] as {
        State: { Status: string };
        HostConfig: { NetworkMode: string };
        NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
      };
    const disguise = (immich_postgres: object) =>
      docker.setPolicies({ disguises: { immich_postgres } });

    disguise({ missing: true });
    expect((await sh("docker inspect immich_postgres")).code).toBe(1);
    disguise({ status: "exited" });
    expect(await inspect()).toMatchObject({
      State: { Status: "exited" },
      NetworkSettings: { Networks: { immich_default: { IPAddress: "" } } },
    });
    disguise({ networks: { proxy: "127.0.0.2", immich_default: "127.0.0.1" } });
    expect(Object.keys((await inspect()).NetworkSettings.Networks)).toEqual([
      "proxy",
      "immich_default",
    ]);
    disguise({ networkMode: "host" });
    expect(await inspect()).toMatchObject({
      HostConfig: { NetworkMode: "host" },
      NetworkSettings: { Networks: { host: { IPAddress: "" } } },
    });
    docker.setPolicies({ disguises: { immich_server: { health: "unhealthy" } } });
    expect((await sh("docker ps")).stdout).toContain("(unhealthy)");
  });

  test("a restart that fails leaves the container down", async () => {
    docker.setPolicies({ restart: "fails" });
    const restart = await sh("cd /opt/immich && docker compose restart immich-server");
    expect(restart).toMatchObject({ code: 1, stderr: expect.stringContaining("Cannot restart") });
    expect(server.state().status).toBe("exited");
  });
});

describe("as recorded on real engines", () => {
  const inProject = (command: string) => sh(`cd /opt/immich && ${command}`);
  const NOTICE = '\u001b[4m>>>> Executing external compose provider "/usr/bin/podman-compose"';

  test("a restart of a service that has no container: docker is silent, podman-compose complains, both end well", async () => {
    docker.setPolicies({ disguises: { immich_server: { missing: true } } });
    const silent = { code: 0, stdout: "", stderr: "" };
    expect(await inProject("docker compose restart immich-server")).toEqual(silent);
    expect(await inProject("docker compose ps -a -q immich-server")).toEqual(silent);
    docker.setPolicies({ programs: ["podman"], compose: "podman-compose" });
    expect(await inProject("podman compose restart immich-server")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no container with name or ID "immich_server" found'),
    });
  });

  test("podman-compose refuses ps -a -q SERVICE and logs --no-color", async () => {
    docker.setPolicies({ programs: ["podman"], compose: "podman-compose" });
    const ps = await inProject("podman compose ps -a -q immich-server");
    expect(ps).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(NOTICE) });
    expect(ps.stderr).toMatch(
      /unrecognized arguments: -a immich-server\nError: executing \/usr\/bin\/podman-compose ps -a -q immich-server: exit status 2\n$/,
    );
    expect(await inProject("podman compose logs --no-color immich-server")).toMatchObject({
      code: 2,
    });
    expect(await inProject("podman compose restart immich-server")).toMatchObject({
      code: 0,
      stdout: "immich_server\n",
    });
    expect((await inProject("podman-compose ps -q")).stderr).toBe("");
  });

  test("no Compose file, no such service, no Compose at all", async () => {
    const none = "no configuration file provided: not found\n";
    expect(await sh("docker compose ps")).toMatchObject({ code: 1, stderr: none });
    docker.setPolicies({ dockerVersion: "26.1" });
    expect(await sh("docker compose ps")).toMatchObject({ code: 14, stderr: none });
    expect(await inProject("docker compose restart nonesuch")).toMatchObject({
      code: 1,
      stderr: "no such service: nonesuch\n",
    });
    docker.setPolicies({ compose: "none", dockerVersion: "28.5" });
    expect((await sh("docker compose ps")).stderr).toMatch(/unknown command: docker compose/);
    docker.setPolicies({ dockerVersion: "20.10" });
    expect((await sh("docker compose ps")).stderr).toMatch(/'compose' is not a docker command/);
    expect(await sh("docker-compose ps")).toMatchObject({ code: 127 });
  });

  test("containers of compose run are listed, and not restarted; with two, both are", async () => {
    const others = [
      { name: "immich-immich-server-run-1", service: "immich-server", oneoff: true },
      { name: "immich-immich-server-2", service: "immich-server" },
    ];
    docker.setPolicies({ others });
    const listed = await inProject("docker compose ps -a -q immich-server");
    expect(listed.stdout).toMatch(/^(\w{64}\n){3}$/);
    const restart = await inProject("docker compose restart immich-server");
    expect(restart.stderr).not.toContain("run-1");
    expect(restart.stderr).toContain("immich-immich-server-2  Started");
  });

  test("times and health, which differ", async () => {
    const state = (program: string) =>
      sh(`${program} inspect -f '{{.State.StartedAt}}|{{json .State.StartedAt}}' immich_server`);
    expect((await state("docker")).stdout).toMatch(/^(\S+T\S+\d{9}Z)\|"\1"\n$/);
    docker.setPolicies({ programs: ["podman"], disguises: { immich_server: { health: null } } });
    expect((await state("podman")).stdout).toMatch(
      /^\S+ [\d:]+\.\d{9} \+0100 CET\|"\S+T\S+\.\d{9}\+01:00"\n$/,
    );
    const health = () => sh("podman inspect -f '{{json .State}}' immich_server");
    expect((await health()).stdout).not.toContain("Health");
    docker.setPolicies({ podmanVersion: "4.3" });
    expect((await health()).stdout).toContain('"Health":{"Status":""');
    docker.setPolicies({ disguises: { immich_server: { status: "exited" } } });
    expect((await health()).stdout).toMatch(/"Status":"exited".*"Health":{"Status":"healthy"/);
    docker.setPolicies({ programs: ["docker"] });
    const ended = (await sh("docker inspect -f '{{json .State}}' immich_server")).stdout;
    expect(ended).toMatch(/"Status":"exited".*"Health":{"Status":"unhealthy"/);
  });

  test("a name that is nobody's, and an empty one; sudo without the command; root's podman", async () => {
    expect((await sh("docker inspect ''")).stderr).toBe(
      "invalid container name or ID: value is empty\n",
    );
    docker.setPolicies({ dockerVersion: "20.10" });
    expect((await sh("docker inspect --type container x")).stderr).toBe(
      "Error: No such container: x\n",
    );
    expect(await sh("sudo -n podman ps")).toMatchObject({
      code: 1,
      stderr: "sudo: podman: command not found\n",
    });
    docker.setPolicies({ programs: ["podman"], rootful: true });
    expect((await sh("podman ps -aq")).stdout).toBe("");
    expect((await sh("sudo -n podman ps -aq")).stdout).toMatch(/^(\w{12}\n){2}$/);
    expect(await sh("podman inspect --type container immich_server")).toMatchObject({
      code: 125,
      stderr: "Error: no such container immich_server\n",
    });
  });
});
