/** A configuration with many mistakes: one message with all of them, and nobody is asked anything. */
import { type Lab, startLab } from "./lab";
import { needsControl } from "./needs";

jest.setTimeout(300_000);

const { test } = needsControl("it counts what the servers are asked");

let lab: Lab;
let tunnelPort: number;

beforeAll(async () => {
  lab = await startLab();
  const config = JSON.parse(await lab.project.ok("config", "--json", "--stack", "sandbox"));
  tunnelPort = Number(config["immich-authentik-sso:tunnelPort"].value);
  // PostgreSQL tells of every connection in its log.
  await lab.sandbox.sql("ALTER SYSTEM SET log_connections = on");
  await lab.sandbox.sql("SELECT pg_reload_conf()");
});
afterAll(() => lab?.stop());

/** What the sandbox's servers were asked since they were asked to forget. */
async function asked(): Promise<{ ssh: number; authentik: number; postgres: number }> {
  const { control } = lab.sandbox;
  const { connections } = await control<{ connections: number }>("ssh/state");
  const requests = await control<unknown[]>("authentik/requests", { method: "GET" });
  const log = await control<string[]>("postgres/logs");
  const postgres = log.filter((line) => line.includes("connection received")).length;
  return { ssh: connections, authentik: requests.length, postgres };
}

const BAD = {
  sshHots: "192.0.2.22",
  immichUrl: "photos.example.org",
  buttonText: "a\u0007b",
  sshPort: 70_000,
  sshJumpUser: "admin",
  scopes: "profile",
  restart: "sometimes",
  tunnelPort: -1,
};

test.each([["preview"], ["up", "--yes", "--skip-preview"], ["up", "--yes", "--refresh"]])(
  "pulumi %s asks nobody",
  async (...command) => {
    lab.project.configure("sandbox", BAD);
    const before = await asked();
    const { code, stdout, stderr } = await lab.project.run(...command);
    // Before, the CLI shows each line as it comes.
    const text = (stdout + stderr).split("Diagnostics:")[1] ?? "";
    expect(code).not.toBe(0);
    expect(text.match(/The configuration of this stack has/g)).toHaveLength(1);
    expect(text).toContain(`has ${Object.keys(BAD).length} problems; nothing was touched.`);
    for (const key of Object.keys(BAD)) expect(text).toMatch(new RegExp(`^ +${key}: `, "m"));
    expect(text.match(/^ *fix: /gm)).toHaveLength(Object.keys(BAD).length);
    // No second error, and nobody's words but ours.
    expect(text.match(/^ *error: /gm)).toHaveLength(1);
    expect(await asked()).toEqual(before);
  },
);

test("with the mistakes mended all of them are asked", async () => {
  const sandbox = {
    immichUrl: lab.sandbox.immich.url,
    sshPort: lab.sandbox.ssh.port,
    tunnelPort,
  };
  const taken = Object.fromEntries(Object.keys(BAD).map((key) => [key, undefined]));
  lab.project.configure("sandbox", { ...taken, ...sandbox });
  const before = await asked();
  await lab.up();
  const after = await asked();
  expect(after.ssh).toBeGreaterThan(before.ssh);
  expect(after.authentik).toBeGreaterThan(before.authentik);
  expect(after.postgres).toBeGreaterThan(before.postgres);
});
