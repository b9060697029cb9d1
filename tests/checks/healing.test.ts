// A real deployment: a broken login fails it in few words and the next one is green; what somebody
// changed by hand is healed by the very command that doctor prints.
import type { Report } from "../../checks/print";
import { type Sandbox, startSandbox } from "../../sandbox/client";
import { doctor, pulumi, type Ran } from "./processes";

jest.setTimeout(300_000);

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ portBase: 0 });
});

afterAll(() => sandbox.stop());

const onStack = (): string[] => ["--stack", "sandbox", ...sandbox.arguments];
// As in a homelab: nothing in the environment says that the program is to run on refresh.
const env = () => ({ ...sandbox.environment, PULUMI_RUN_PROGRAM: undefined });
const run = (args: readonly string[]): Promise<Ran> =>
  pulumi([...args, "--yes", "--skip-preview", ...sandbox.arguments], { env: env() });
const up = (): Promise<Ran> => run(["up", "--stack", "sandbox"]);

async function report(): Promise<Report> {
  const { stdout } = await doctor([...onStack(), "--json"], { env: env() });
  return JSON.parse(stdout) as Report;
}

const broken = ({ checks }: Report): string[] =>
  checks.filter((one) => one.verdict === "broken").map((one) => one.id);

async function patchProvider(change: object): Promise<void> {
  const { url, token } = sandbox.authentik;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const list = await fetch(`${url}/api/v3/providers/oauth2/`, { headers });
  const { results } = (await list.json()) as { results: { pk: number }[] };
  const answer = await fetch(`${url}/api/v3/providers/oauth2/${results[0]?.pk}/`, {
    method: "PATCH",
    headers,
    body: JSON.stringify(change),
  });
  if (!answer.ok) throw new Error(`PATCH: ${answer.status}`);
}

test("a login that can't work fails the deployment: cause and fix in few lines; mended, it is green", async () => {
  await sandbox.control("authentik/faults", { forwardedProto: "https" });
  const failed = await up();
  expect(failed.code).not.toBe(0);
  const text = failed.stdout.split("\n");
  const from = text.findIndex((line) => line.includes("Logging in to Immich through Authentik"));
  const to = text.findIndex((line) => line.includes("docs/troubleshooting.md"));
  expect(to - from).toBeGreaterThan(2);
  expect(to - from).toBeLessThan(19);
  const said = text.slice(from, to + 1).join("\n");
  expect(said).toMatch(/issuer-equal/);
  expect(said).toMatch(/X-Forwarded-Proto: https/);
  expect(failed.stdout + failed.stderr).not.toMatch(/at .*\.[jt]s:\d+/);

  // Most of it is deployed: doctor compares with that, and names what made the deployment fail.
  expect(broken(await report())).toEqual(["issuer-equal"]);

  await sandbox.control("authentik/faults", { method: "DELETE" });
  expect(await up()).toMatchObject({ code: 0 });
  expect(await report()).toMatchObject({ ok: true });
});

const byHand: [string, () => Promise<unknown>, string[]][] = [
  [
    "at Authentik",
    () => patchProvider({ client_secret: "by-hand", signing_key: null, redirect_uris: [] }),
    ["signing-algorithm", "redirect-uri-list"],
  ],
  [
    "in Immich",
    () =>
      sandbox.sql(
        `UPDATE system_metadata SET value = jsonb_set(value, '{oauth,enabled}', 'false')
         WHERE key = 'system-config'`,
      ),
    ["oauth-enabled"],
  ],
];

test.each(byHand)(
  "changed by hand %s: the command that doctor prints heals it",
  async (_, change, ids) => {
    await change();
    const sick = await report();
    expect(broken(sick).filter((id) => !ids.includes(id))).toEqual([]);
    expect(broken(sick).length).toBeGreaterThan(0);
    const commands = sick.checks
      .filter((one) => one.verdict === "broken")
      .map((one) => /`npx pulumi ([^`]+)`/.exec(one.fix)?.[1]);
    const [command] = new Set(commands);
    expect(command).toBe("up --refresh --stack sandbox");
    expect(await run((command ?? "").split(" "))).toMatchObject({ code: 0 });
    expect(broken(await report())).toEqual([]);
  },
);
