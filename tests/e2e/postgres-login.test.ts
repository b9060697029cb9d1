/** What a user reads where PostgreSQL refuses what makes the stack's own login: the cause, where, and the command. */
import { startLab, type Lab } from "./lab";

jest.setTimeout(300_000);

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
  await lab.sandbox.sql("CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'its-own'");
  await lab.sandbox.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO keeper WITH GRANT OPTION");
});
afterAll(() => lab?.stop());

const LOGIN = "immich_sso_sandbox";
const UP = ["up", "--yes", "--skip-preview"];

const configure = (values: Record<string, unknown>): void =>
  lab.project.configure("sandbox", values);

const password = (value: string): Promise<string> =>
  lab.project.ok("config", "set", "--secret", "postgresPassword", value);

/** What the CLI says of a command that fails. */
async function refusal(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await lab.project.run(...args);
  expect(code).not.toBe(0);
  return stdout + stderr;
}

async function providers(): Promise<unknown[]> {
  const { url, token } = lab.sandbox.authentik;
  const response = await fetch(`${url}/api/v3/providers/oauth2/`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return ((await response.json()) as { results: unknown[] }).results;
}

describe("before anything is made", () => {
  test("a user who is no superuser", async () => {
    const { password: right } = lab.sandbox.postgres;
    configure({ postgresUser: "keeper" });
    await password("its-own");
    const text = await refusal(...UP);
    expect(text).toMatch(/The PostgreSQL user keeper, .*: it is no superuser/);
    expect(text).toContain("npx pulumi config set postgresLogin existing");
    expect(text).not.toContain("pq:");
    expect(await providers()).toEqual([]);
    configure({ postgresUser: undefined });
    await password(right);
  });

  test("a role of that name that is none of ours", async () => {
    await lab.sandbox.sql(`CREATE ROLE ${LOGIN}`);
    const text = await refusal(...UP);
    expect(text).toContain(`has a role ${LOGIN} already`);
    expect(text).toContain(`-c 'DROP ROLE "${LOGIN}"'`);
    expect(text).not.toContain("pq:");
    expect(await providers()).toEqual([]);
    await lab.sandbox.sql(`DROP ROLE ${LOGIN}`);
  });
});

describe("of a living stack", () => {
  test.each([
    ["preview", "--refresh", "--run-program"],
    ["refresh", "--yes", "--skip-preview"],
    ["destroy", "--yes", "--skip-preview"],
  ])("a password that is another one now: pulumi %s", async (...command) => {
    const { password: right } = lab.sandbox.postgres;
    await lab.up();
    await password("canary-of-the-wrong-one");
    const text = await refusal(...command, ...(command[0] === "preview" ? [] : ["--run-program"]));
    expect(text).toContain("as postgres: the password was refused.");
    expect(text).toContain("next: npx pulumi config set --secret postgresPassword");
    expect(text).not.toMatch(/password authentication failed|canary/);
    await password(right);
  });

  test("a database that is not there", async () => {
    configure({ postgresDatabase: "nowhere" });
    const text = await refusal("preview", "--refresh", "--run-program");
    expect(text).toContain("there is no such database");
    expect(text).toContain("npx pulumi config set postgresDatabase NAME");
    expect(text).not.toContain('database "nowhere" does not exist');
    configure({ postgresDatabase: undefined });
  });

  test("a login that is wanted again, and is somebody else's meanwhile", async () => {
    await lab.up();
    configure({ postgresLogin: "existing" });
    await lab.up();
    await lab.sandbox.sql(`CREATE ROLE ${LOGIN}`);
    configure({ postgresLogin: undefined });
    const text = await refusal(...UP);
    expect(text).toContain(`has a role ${LOGIN} already`);
    expect(text).toContain(`-c 'DROP ROLE "${LOGIN}"'`);
    expect(text).not.toContain("already exists");
    await lab.sandbox.sql(`DROP ROLE ${LOGIN}`);
    await lab.up();
    expect(await lab.up()).not.toHaveProperty("updated");
  });
});
