/** `pulumi up` killed at the worst moments; the next one finishes, and destroy knows what was there before. */
import { startAuthentikProxy, type AuthentikProxy } from "./authentikProxy";
import { startLab, type Lab } from "./lab";
import { needsControl } from "./needs";
import { type Running, startCli, until } from "./running";

const { test } = needsControl("it is written for the sandbox's names and controls");

jest.setTimeout(400_000);

// As official plugins do, which are the engine's and not ours: nothing here may wait for their end.
process.env["STAND_INS_OUTLIVE_ENGINE_S"] = "600";

let lab: Lab;
let proxy: AuthentikProxy;
let before: string;

beforeAll(async () => {
  lab = await startLab();
  proxy = await startAuthentikProxy(lab.sandbox.authentik.url);
  await lab.project.set("sandbox", "authentik:url", proxy.url);
  await lab.project.set("sandbox", "authentikPublicUrl", lab.sandbox.authentik.url);
  await lab.sandbox.sql(
    `INSERT INTO system_metadata (key, value) VALUES ('system-config', '{"oauth":{"buttonText":"Before"},"trash":{"days":7}}')
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  );
  before = await lab.tables();
});
afterAll(async () => {
  await proxy?.stop();
  await lab?.stop();
});

const start = (): Running =>
  startCli(lab.project, ["up", "--yes", "--skip-preview", "--stack", "sandbox"]);

const oauth = async (): Promise<Record<string, unknown>> => {
  const [row] = await lab.sandbox.sql<{ value: { oauth: Record<string, unknown> } }>(
    `SELECT value FROM system_metadata WHERE key = 'system-config'`,
  );
  return row?.value.oauth ?? {};
};

/** Lets the SSH server go silent at some point, and resolves when it has. */
const silence = async (fault: object): Promise<void> => {
  await lab.sandbox.control("ssh/policies", { fault: { kind: "stall", times: 1, ...fault } });
  await lab.sandbox.control("ssh/await-fault");
};
const COMMITTED = { at: "forward-answer", text: "COMMIT", after: "clock_timestamp" };
const BEFORE_RESTART = { at: "exec", text: "compose restart" };
const AFTER_RESTART = { at: "exec-done", text: "compose restart" };

/** Kills the CLI and all it started, then unlocks the stack as the CLI says. */
const killAll = async (running: Running): Promise<void> => {
  await running.killAll();
  await lab.sandbox.control("ssh/policies", { fault: null });
  await unlock();
};
const unlock = () => lab.project.ok("cancel", "--yes", "sandbox");

describe("the first up", () => {
  test("killed when Authentik has the provider and the state has not", async () => {
    const caught = proxy.withhold("POST", "/api/v3/providers/oauth2/");
    const running = start();
    await Promise.race([caught, failed(running)]);
    await running.killAll();
    const locked = await lab.project.run("up", "--yes", "--skip-preview");
    expect(locked.code).not.toBe(0);
    expect(locked.stderr + locked.stdout).toContain("pulumi cancel");
    await unlock();
    expect(await lab.tables()).toBe(before);
  });

  test("killed after the COMMIT of the settings, before the state knew", async () => {
    const running = start();
    await Promise.race([silence(COMMITTED), failed(running)]);
    expect(await oauth()).toMatchObject({ enabled: true, clientId: "immich-oauth-client" });
    await killAll(running);
    expect(await lab.restarts()).toBe(0);
  });

  test("killed between the write and the restart, and in the restart", async () => {
    const first = start();
    await Promise.race([silence(BEFORE_RESTART), failed(first)]);
    await killAll(first);
    expect(await lab.restarts()).toBe(0);
    const second = start();
    await Promise.race([silence(AFTER_RESTART), failed(second)]);
    await killAll(second);
    expect(await lab.restarts()).toBe(1);
  });

  test("finished by the next one, with one restart", async () => {
    await lab.up();
    expect(await lab.restarts()).toBe(2);
    const { clientSecret } = await lab.outputs();
    expect(await oauth()).toMatchObject({
      enabled: true,
      clientId: "immich-oauth-client",
      clientSecret,
      buttonText: "Login with Authentik",
    });
    // Pulumi goes on telling of what was interrupted, until it is told that all is well.
    await lab.project.ok("refresh", "--yes", "--skip-preview", "--clear-pending-creates");
    const again = await lab.project.ok("up", "--yes", "--skip-preview");
    expect(again).toMatch(/17 unchanged/);
    expect(again).not.toMatch(/pending|interrupted/i);
  });
});

describe("an update", () => {
  test("killed after its COMMIT, again before the restart: the next one restarts once", async () => {
    await lab.project.set("sandbox", "buttonText", "Sign in");
    const running = start();
    await Promise.race([silence(COMMITTED), failed(running)]);
    // The CLI alone: its plugins have to notice, ours at once, others in their own time.
    await running.kill();
    await lab.sandbox.control("ssh/policies", { fault: null });
    await ends(running, OURS);
    expect(running.left().join("\n")).toMatch(/stand-ins|pulumi-resource-/);
    await unlock();
    expect(await oauth()).toMatchObject({ buttonText: "Sign in" });
    const restarts = await lab.restarts();
    const second = start();
    await Promise.race([silence(BEFORE_RESTART), failed(second)]);
    await killAll(second);
    expect(await lab.restarts()).toBe(restarts);
    await lab.up();
    expect(await lab.restarts()).toBe(restarts + 1);
    expect(await lab.up()).toEqual({ unchanged: 17 });
    await running.killAll();
  });

  test("interrupted by Ctrl-C: no process is left, and the next one finishes", async () => {
    await lab.project.set("sandbox", "buttonText", "Enter");
    const running = start();
    const { connections } = await lab.sandbox.control<{ connections: number }>("ssh/reset");
    await until("the up uses SSH", async () => {
      const now = await lab.sandbox.control<{ connections: number }>("ssh/state");
      return now.connections > connections;
    });
    running.interrupt();
    const { code } = await running.ended;
    expect({ code, output: running.output() }).not.toMatchObject({ code: 0 });
    await ends(running);
    await lab.up();
    expect(await oauth()).toMatchObject({ buttonText: "Enter" });
  });
});

test("destroy puts back what was there before the first up", async () => {
  const restarts = await lab.restarts();
  await lab.project.ok("destroy", "--yes", "--skip-preview");
  expect(await lab.tables()).toBe(before);
  expect(await lab.restarts()).toBe(restarts + 1);
});

/** The provider of this project. */
const OURS = /provider\/main\.js/;

/** Waits until nothing is left of a CLI and what it started, as far as it is of this kind. */
const ends = (running: Running, kind = /(?:)/): Promise<void> => {
  const left = (): string[] => running.left().filter((one) => kind.test(one));
  return until(
    () => `these still run: ${left().join("\n")}`,
    () => left().length === 0,
    30,
  );
};

/** Rejects when the CLI ends before a test wanted it to. */
async function failed(running: Running): Promise<never> {
  const { code, stdout, stderr } = await running.ended;
  throw new Error(`the CLI ended by itself with ${code}:\n${stdout}\n${stderr}`);
}
