/** The sandbox's Authentik as a process, what tests can break in it, and what a provider asks of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { Faults } from "../../sandbox/authentik/faults";
import { AuthentikProcess } from "./support/authentik";
import { Browser, find, makeClient, redeem, verified } from "./support/oidc";

jest.setTimeout(30_000);

const CONTROL = "the-control-token";

async function run(argument: string[], signal?: NodeJS.Signals): Promise<[number, string, string]> {
  const child = spawn(
    process.execPath,
    ["-r", "./register.js", "sandbox/authentik/main.ts", ...argument],
    { cwd: path.resolve(__dirname, "../.."), stdio: ["pipe", "pipe", "pipe"] },
  );
  let [out, err] = ["", ""];
  child.stderr.on("data", (chunk) => (err += chunk));
  child.stdout.on("data", (chunk) => {
    out += chunk;
    if (signal) child.kill(signal);
    else child.stdin.end();
  });
  const [code] = (await once(child, "close")) as [number];
  return [code, out, err];
}

describe("the process", () => {
  test("says its port, and ends when its standard input is closed", async () => {
    const [code, out, err] = await run(['{"token":"t"}']);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^\{"port":\d+\}\n$/);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends on %s", async (signal) => {
    const [code] = await run(['{"token":"t"}'], signal);
    expect(code).toBe(0);
  });

  test("with a state file, everything is there after a restart", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "authentik-state-"));
    const stateFile = path.join(folder, "state.json");
    const options = { stateFile, users: [{ username: "alice", password: "pw-alice" }] };
    const before = await AuthentikProcess.start(options);
    const client = await makeClient(before, "immich");
    await before.stop();
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
    const after = await AuthentikProcess.start(options);
    try {
      const back = await new Browser(after).login(client, "alice");
      const code = { code: back.searchParams.get("code") ?? "" };
      const { id_token } = await redeem(after, client, code);
      await expect(verified(after, client, id_token)).resolves.toHaveProperty("sub");
    } finally {
      await after.stop();
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    [[], "One argument \\(or SANDBOX_AUTHENTIK\\) is needed"],
    [["{"], "this is no JSON"],
    [["{}"], '"token" is missing'],
  ])("says why it does not start: %j", async (argument, why) => {
    const [code, , err] = await run(argument);
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`^The sandbox's Authentik did not start: .*(${why})`));
    expect(err.trim().split("\n")).toHaveLength(1);
  });
});

test("a port that is taken is told", async () => {
  const first = await AuthentikProcess.start();
  const [code, , err] = await run([JSON.stringify({ token: "t", port: first.port })]);
  await first.stop();
  expect(code).toBe(1);
  expect(err).toBe(
    `The sandbox's Authentik did not start: port ${first.port} of 127.0.0.1 is taken by another program; end that, or choose another port\n`,
  );
});

describe("breaking it on purpose", () => {
  let authentik: AuthentikProcess;

  beforeAll(async () => {
    authentik = await AuthentikProcess.start({ controlToken: CONTROL });
    await makeClient(authentik, "immich");
  }, 30_000);

  afterAll(() => authentik.stop());

  const control = (method: string, what: string, body?: unknown, token = CONTROL) =>
    authentik.ask({
      method,
      path: `/sandbox/${what}`,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const discovery = () =>
    authentik.ask({ path: "/application/o/immich/.well-known/openid-configuration" });
  const issuer = async (): Promise<string> =>
    (JSON.parse((await discovery()).body) as { issuer: string }).issuer;

  const withFaults = async (faults: Faults, look: () => Promise<void>): Promise<void> => {
    expect((await control("POST", "faults", faults)).status).toBe(200);
    try {
      await look();
    } finally {
      await control("DELETE", "faults");
    }
  };

  test("needs the control token", async () => {
    expect((await control("GET", "faults", undefined, "wrong")).status).toBe(403);
    expect((await control("GET", "faults")).body).toBe("{}");
  });

  test("a proxy that loses the scheme or the host", async () => {
    const right = `${authentik.url}/application/o/immich/`;
    await expect(issuer()).resolves.toBe(right);
    await withFaults({ forwardedProto: "https" }, async () => {
      await expect(issuer()).resolves.toBe(right.replace("http:", "https:"));
    });
    await withFaults({ forwardedHost: "inner:9000" }, async () => {
      await expect(issuer()).resolves.toBe("http://inner:9000/application/o/immich/");
    });
    await expect(issuer()).resolves.toBe(right);
  });

  test.each([
    ["redirect", 302, ""],
    ["not-found", 404, "Not Found"],
    ["html", 200, "authentik starting"],
    ["error", 500, ""],
  ] as const)("discovery answers %s", async (kind, status, body) => {
    await withFaults({ discovery: kind }, async () => {
      const answer = await discovery();
      expect(answer.status).toBe(status);
      expect(answer.body).toContain(body);
    });
  });

  test("an issuer without its slash, other keys, no keys", async () => {
    await withFaults({ issuerWithoutSlash: true }, async () => {
      await expect(issuer()).resolves.toBe(`${authentik.url}/application/o/immich`);
    });
    const keys = async (): Promise<unknown> =>
      JSON.parse((await authentik.ask({ path: "/application/o/immich/jwks/" })).body);
    await withFaults({ jwks: "empty" }, async () => {
      await expect(keys()).resolves.toEqual({});
    });
    await withFaults({ jwks: "other-key" }, async () => {
      await expect(keys()).resolves.toMatchObject({ keys: [{ kid: "another-key" }] });
    });
  });

  test("still starting, slow, and not answering at all", async () => {
    await withFaults({ starting: true }, async () => {
      expect((await authentik.ask({ path: "/-/health/ready/" })).status).toBe(503);
    });
    await withFaults({ delayMs: 200 }, async () => {
      const before = Date.now();
      await discovery();
      expect(Date.now() - before).toBeGreaterThanOrEqual(190);
    });
    await withFaults({ hang: true }, async () => {
      const late = new Promise((resolve) => setTimeout(resolve, 300, "late"));
      const pending = discovery().catch(() => "cut");
      await expect(Promise.race([pending, late])).resolves.toBe("late");
    });
  });

  test("it tells what it was asked, and logs everybody out", async () => {
    await control("DELETE", "requests");
    await new Browser(authentik).open("/-/health/ready/");
    expect(JSON.parse((await control("GET", "requests")).body)).toMatchObject([
      { method: "GET", target: "/-/health/ready/", status: 200 },
    ]);
    expect((await control("DELETE", "sessions")).status).toBe(200);
  });

  test("without a control token given at start, the path is not there", async () => {
    const other = await AuthentikProcess.start();
    const answer = await other.ask({ method: "GET", path: "/sandbox/faults" });
    await other.stop();
    expect(answer.status).toBe(404);
  });
});

/** The requests of the official Terraform provider, in its order, as they were logged. */
test("the Terraform provider's requests are all answered", async () => {
  const authentik = await AuthentikProcess.start();
  const key = (resource: string, filter: string): Promise<string> =>
    find(authentik, resource, filter);
  await authentik.api("GET", "root/config/");
  const invalidation = await key("flows/instances/", "slug=default-provider-invalidation-flow");
  const certificate = await key(
    "crypto/certificatekeypairs/",
    "name=authentik+Self-signed+Certificate",
  );
  const managed = ["openid", "email", "profile"]
    .map((scope) => `managed=goauthentik.io%2Fproviders%2Foauth2%2Fscope-${scope}`)
    .join("&");
  await key("propertymappings/provider/scope/", managed);
  const flow = await key(
    "flows/instances/",
    "slug=default-provider-authorization-explicit-consent",
  );
  for (const half of ["certificate", "private_key"]) {
    const path = `crypto/certificatekeypairs/${certificate}/view_${half}/`;
    await expect(authentik.api("GET", path)).resolves.toMatchObject({
      data: expect.stringContaining("-----BEGIN ") as unknown,
    });
  }
  const group = await authentik.api<{ pk: string }>("POST", "core/groups/", { name: "tf-group" });
  const provider = await authentik.api<{ pk: number }>("POST", "providers/oauth2/", {
    name: "tf",
    client_id: "tf",
    authorization_flow: flow,
    invalidation_flow: invalidation,
    redirect_uris: [],
    grant_types: ["authorization_code"],
  });
  const parts = ["children", "inherited_roles", "parents", "users"].map(
    (p) => `include_${p}=false`,
  );
  await expect(
    authentik.api("GET", `core/groups/${group.pk}/?${parts.join("&")}`),
  ).resolves.toMatchObject({ users: [], users_obj: null });
  await authentik.api("GET", `providers/oauth2/${provider.pk}/`);
  const application = await authentik.api<{ pk: string }>("POST", "core/applications/", {
    name: "tf-app",
    slug: "tf-app",
    provider: provider.pk,
    meta_hide: false,
  });
  await expect(
    authentik.api("POST", "core/applications/", { name: "token", slug: "token" }),
  ).rejects.toThrow(/400 .*The slug 'token' is reserved and cannot be used for applications\./);
  await authentik.api("GET", "core/applications/tf-app/");
  await authentik.api("GET", `providers/oauth2/${provider.pk}/setup_urls/`);
  const binding = await authentik.api<{ pk: string }>("POST", "policies/bindings/", {
    target: application.pk,
    group: group.pk,
    order: 0,
  });
  await authentik.api("GET", `policies/bindings/${binding.pk}/`);
  await authentik.stop();
}, 30_000);
