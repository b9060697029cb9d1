import { catalogue, checkIds } from "../../checks/catalogue";
import { failureText, report, table } from "../../checks/print";
import { runChecks } from "../../checks/run";
import type { CheckInput, CheckResult } from "../../checks/types";
import { SshError } from "../../ssh/errors";
import { fakeHomelab, listen, SECRET, TOKEN, type Homelab } from "./fakeHomelab";

let homelab: Homelab;

beforeEach(async () => {
  homelab = await fakeHomelab();
});

afterEach(() => homelab.stop());

function verdicts(results: readonly CheckResult[], verdict: string): string[] {
  return results.filter((one) => one.verdict === verdict).map((one) => one.id);
}

function the(results: readonly CheckResult[], id: string): CheckResult {
  const found = results.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no result ${id}`);
  return found;
}

test("a healthy homelab: every check is ok, in the catalogue's order, and few requests are made", async () => {
  const results = await runChecks(homelab.input);
  expect(results.map((one) => one.id)).toEqual(checkIds);
  expect(results.filter((one) => one.verdict !== "ok")).toEqual([]);
  expect(results.filter((one) => one.fix !== "")).toEqual([]);
  expect(homelab.requests.length).toBeLessThanOrEqual(18);
  expect(new Set(homelab.requests).size).toBe(homelab.requests.length);
});

test("without token, secret and callbacks: nothing is broken, what can't be asked is unknown", async () => {
  const bare = { ...homelab.input, authentikToken: undefined, clientSecret: undefined };
  const results = await runChecks(JSON.parse(JSON.stringify(bare)) as CheckInput);
  expect(verdicts(results, "broken")).toEqual([]);
  expect(verdicts(results, "unknown")).toEqual([
    "authentik-token",
    "access-groups",
    "redirect-uri-list",
    "redirect-uri-web",
    "client-secret",
    "id-token-encryption",
    "host-reachable",
    "settings-readable",
    "settings-usable",
    "auto-register",
    "settings-row",
    "container-restarted",
  ]);
});

/** What to break in the fakes, and the checks that must say so. */
const breakages: readonly [string, (lab: Homelab) => Partial<CheckInput> | void, string, RegExp][] =
  [
    [
      "closed port",
      () => ({ authentikUrl: "http://127.0.0.1:9" }),
      "authentik-reachable",
      /refused by 127.0.0.1:9/,
    ],
    [
      "no such name",
      () => ({ authentikUrl: "http://no-such-host.invalid" }),
      "authentik-reachable",
      /no such host name: no-such-host.invalid/,
    ],
    [
      "https on http",
      (lab) => ({ authentikUrl: lab.input.authentikUrl.replace("http:", "https:") }),
      "authentik-reachable",
      /TLS with 127/,
    ],
    [
      "not Authentik",
      (lab) => ({ authentikUrl: lab.input.immichUrl }),
      "authentik-reachable",
      /404/,
    ],
    ["wrong token", (lab) => void (lab.world.token = "other"), "authentik-token", /Token invalid/],
    [
      "token without rights",
      (lab) => void (lab.world.tokenRights = false),
      "authentik-token",
      /do not have permission/,
    ],
    ["no such group", () => ({ accessGroups: ["nobody"] }), "access-groups", /no group "nobody"/],
    ["empty group", (lab) => void (lab.world.members = []), "access-groups", /0 active members/],
    ["unbound group", (lab) => void (lab.world.bound = false), "access-groups", /not bound/],
    [
      "member without e-mail",
      (lab) => void (lab.world.members = [{ username: "eve", email: "", is_active: true }]),
      "access-groups",
      /without an e-mail address: eve/,
    ],
    [
      "proxy without Authentik",
      (lab) =>
        void (lab.world.override["/application/o/immich/.well-known/openid-configuration"] = (r) =>
          r.writeHead(502).end("Bad Gateway")),
      "issuer-reachable",
      /HTTP 502/,
    ],
    [
      "unknown slug",
      (lab) =>
        void (lab.world.override["/application/o/immich/.well-known/openid-configuration"] = (r) =>
          r.writeHead(404, { "content-type": "text/html" }).end("not found")),
      "discovery-found",
      /HTTP 404/,
    ],
    [
      "another login in front",
      (lab) =>
        void (lab.world.override["/application/o/immich/.well-known/openid-configuration"] = (r) =>
          r.writeHead(302, { location: "https://sso.example.org/login?secret=1" }).end()),
      "discovery-found",
      /redirect to https:\/\/sso.example.org\/login$/,
    ],
    [
      "proxy hides the public name",
      (lab) => void (lab.world.issuer = "http://authentik-server:9000/application/o/immich/"),
      "issuer-equal",
      /names issuer/,
    ],
    ["HS256", (lab) => void (lab.world.algorithm = "HS256"), "signing-algorithm", /signs HS256/],
    ["ES256", (lab) => void (lab.world.algorithm = "ES256"), "signing-algorithm", /signs ES256/],
    [
      "no profile scope",
      (lab) => void (lab.world.scopes = ["openid", "email"]),
      "scopes-offered",
      /not offered: profile/,
    ],
    ["no e-mail claim", (lab) => void (lab.world.claims = ["sub"]), "email-claim", /no claim/],
    [
      "client unknown",
      (lab) => void (lab.world.clientId = "other"),
      "client-known",
      /no provider in Authentik has the client ID/,
    ],
    [
      "client unknown, and Authentik's page does not say so",
      (lab) => void Object.assign(lab.world, { clientId: "other", mutePages: true }),
      "client-known",
      /no provider in Authentik has the client ID/,
    ],
    [
      "redirect URI",
      (lab) => void (lab.world.redirectUris = ["https://other.example.org/auth/login"]),
      "redirect-uri-web",
      /refuses http.*auth\/login/,
    ],
    [
      "redirect URI, and Authentik's page does not say so",
      (lab) =>
        void Object.assign(lab.world, {
          redirectUris: ["https://photos.example.org/auth/login"],
          mutePages: true,
        }),
      "redirect-uri-web",
      /refuses/,
    ],
    [
      "redirect URI of account linking",
      (lab) => ({
        redirectUris: [...lab.input.redirectUris, `${lab.input.immichUrl}/user-settings`],
      }),
      "redirect-uri-user-settings",
      /refuses http.*user-settings/,
    ],
    ["secret", (lab) => void (lab.world.secret = "another"), "client-secret", /invalid_client/],
    [
      "encrypted ID token",
      (lab) => void (lab.world.encryptionKey = "a-key"),
      "id-token-encryption",
      /has an encryption key/,
    ],
    ["Immich away", () => ({ immichApiUrl: "http://127.0.0.1:9" }), "immich-reachable", /refused/],
    [
      "Immich with a row it can't read",
      (lab) =>
        void (lab.world.override["/api/server/features"] = (r) =>
          r
            .writeHead(500, { "content-type": "application/json" })
            .end('{"message":"Failed to get server features"}')),
      "immich-reachable",
      /Failed to get server features/,
    ],
    [
      "config file",
      (lab) => void (lab.world.features.configFile = true),
      "config-file",
      /runs from a file/,
    ],
    [
      "locked out",
      (lab) => void Object.assign(lab.world.features, { oauth: false, passwordLogin: false }),
      "password-login-lockout",
      /both|password login is off, OAuth is off/,
    ],
    [
      "OAuth off",
      (lab) => void (lab.world.features.oauth = false),
      "oauth-enabled",
      /OAuth is off/,
    ],
    [
      "OAuth off, 3.2",
      (lab) => {
        Object.assign(lab.world, { version: "3.2.2", publicConfig: true });
        lab.world.settings["oauth.allowInsecureRequests"] = true;
        lab.world.features.oauth = false;
      },
      "oauth-enabled",
      /public\/config.*OAuth is off/,
    ],
    ["http issuer, 3.0", (lab) => void (lab.world.version = "3.0.0"), "insecure-issuer", /3\.0\.0/],
    [
      "Immich has another issuer",
      (lab) =>
        void (lab.world.settings["oauth.issuerUrl"] = lab.input.issuerUrl.replace(/\/$/, "")),
      "immich-issuer",
      /Immich has issuer/,
    ],
    [
      "Immich has another client ID",
      (lab) => void (lab.world.settings["oauth.clientId"] = "other"),
      "immich-client-id",
      /has client ID "other"/,
    ],
    ...(
      [
        ["TypeError: fetch failed", "curl"],
        ["ClientError: unexpected HTTP response status code", "follows no redirect"],
        ["ClientError: unexpected response content-type", "extra login"],
        ["ClientError: discovered metadata issuer does not match the expected issuer", "split DNS"],
        ["something new", "logs"],
      ] as const
    ).map(
      ([message]) =>
        [
          `Immich: ${message}`,
          (lab: Homelab) =>
            void (lab.world.authorizeError = {
              status: 500,
              message: `Error in OAuth discovery: ${message}`,
            }),
          "immich-discovery",
          new RegExp(`HTTP 500: Error in OAuth discovery: ${message}`),
        ] as [string, (lab: Homelab) => void, string, RegExp],
    ),
    [
      "Immich asks for less",
      (lab) => void (lab.world.settings["oauth.scope"] = "openid profile"),
      "immich-scope",
      /asks for "openid profile"/,
    ],
    ["clocks", (lab) => void (lab.world.ahead = 900), "clocks", /900 s ahead|89\d s ahead|901/],
    [
      "no SSH",
      () => ({
        reachHost: () =>
          Promise.reject(new SshError("dial", "SSH to a@b: no answer", "start sshd on the host")),
      }),
      "host-reachable",
      /^SSH to a@b: no answer$/,
    ],
    [
      "no database",
      () => ({ readSettings: () => Promise.reject(new Error("SSH to a@b: refused")) }),
      "settings-readable",
      /SSH to a@b: refused/,
    ],
    [
      "auto-registration",
      (lab) => void (lab.world.settings["oauth.autoRegister"] = false),
      "auto-register",
      /autoRegister is false/,
    ],
    [
      "another secret in Immich",
      (lab) => void (lab.world.settings["oauth.clientSecret"] = "canary-other-secret"),
      "settings-row",
      /^oauth.clientSecret is not the deployed one$/,
    ],
    [
      "not restarted",
      () => ({ containerStartedAt: () => Promise.resolve(new Date("2026-11-23T11:00:00Z")) }),
      "container-restarted",
      /settings changed/,
    ],
  ];

test.each(breakages)("%s", async (_name, breakIt, id, seen) => {
  const changed = breakIt(homelab) ?? {};
  const results = await runChecks({ ...homelab.input, ...changed });
  expect(verdicts(results, "broken")).toEqual([id]);
  const broken = the(results, id);
  expect(broken.seen).toMatch(seen);
  expect(broken.fix.length).toBeGreaterThan(20);
  for (const one of results.filter((other) => other.verdict === "unknown")) {
    expect(one.seen).toBe(`not asked: ${id} is broken`);
    expect(standsOn(one.id)).toContain(id);
  }
  const text = failureText(results);
  expect(text.split("\n").length).toBeLessThan(20);
  expect(text).toContain(broken.fix);
  expect(`${text}${table(results)}${JSON.stringify(report(results))}`).not.toMatch(/canary/);
});

test("an error that says what to do is split into what was seen and the fix", async () => {
  const error = new SshError("agent", "SSH to a@b: no key.", ["  with a key: …", "  or: …"]);
  const results = await runChecks({ ...homelab.input, reachHost: () => Promise.reject(error) });
  const found = the(results, "host-reachable");
  expect([found.seen, found.fix]).toEqual(["SSH to a@b: no key.", "with a key: … or: …"]);
});

/** All that a check stands on, however far below. */
function standsOn(id: string): string[] {
  const entry = catalogue[id as keyof typeof catalogue];
  const direct = [...entry.dependsOn, ...(entry.explainedBy ?? [])];
  return direct.flatMap((one) => [one, ...standsOn(one)]);
}

test("older Immich: its paths are found, and its stale settings are named", async () => {
  homelab.world.version = "1.105.1";
  expect(verdicts(await runChecks(homelab.input), "broken")).toEqual([]);
  homelab.world.features.oauth = false;
  const results = await runChecks(homelab.input);
  expect(the(results, "oauth-enabled").fix).toMatch(/compose restart immich-server/);
});

test("everything down: few are broken, the rest unknown, in little time", async () => {
  const results = await runChecks({
    ...homelab.input,
    authentikUrl: "http://127.0.0.1:9",
    authentikPublicUrl: "http://127.0.0.1:9",
    issuerUrl: "http://127.0.0.1:9/application/o/immich/",
    immichApiUrl: "http://127.0.0.1:9",
    reachHost: () => Promise.reject(new Error("no SSH")),
  });
  expect(verdicts(results, "broken")).toEqual([
    "authentik-reachable",
    "immich-reachable",
    "host-reachable",
  ]);
  expect(failureText(results).split("\n").length).toBeLessThan(20);
});

test("a server that never answers does not hold up the rest", async () => {
  const deaf = await listen(() => {});
  let slow: readonly string[] = [];
  const started = Date.now();
  const results = await runChecks(
    { ...homelab.input, immichApiUrl: deaf.url },
    {
      requestSeconds: 0.5,
      slowSeconds: 0.2,
      onSlow: (ids) => (slow = ids),
    },
  );
  await deaf.stop();
  expect(slow).toContain("immich-reachable");
  expect(slow).not.toContain("discovery-found");
  expect(verdicts(results, "broken")).toEqual(["immich-reachable"]);
  expect(the(results, "immich-reachable").seen).toMatch(/no answer from .* within 0.5 s/);
  expect(Date.now() - started).toBeLessThan(4000);
});

test("the whole run is bounded, whatever a callback does", async () => {
  const results = await runChecks(
    { ...homelab.input, readSettings: () => new Promise(() => {}) },
    { totalSeconds: 1 },
  );
  expect(the(results, "settings-readable")).toMatchObject({
    verdict: "unknown",
    seen: "no result within 1 s",
  });
  expect(the(results, "discovery-found").verdict).toBe("ok");
});

test("a deployment waits for services that come up, doctor does not", async () => {
  let since = Date.now();
  homelab.world.override["/api/server/ping"] = (response) => {
    if (Date.now() - since < 1200) response.writeHead(502).end();
    else response.writeHead(200, { "content-type": "application/json" }).end('{"res":"pong"}');
  };
  expect(verdicts(await runChecks(homelab.input), "broken")).toEqual(["immich-reachable"]);
  since = Date.now();
  expect(verdicts(await runChecks(homelab.input, { waitSeconds: 20 }), "broken")).toEqual([]);
});

test("canary: what others answer can't carry a secret out either", async () => {
  homelab.world.authorizeError = { status: 500, message: `boom ${SECRET} ${TOKEN}` };
  const results = await runChecks(homelab.input);
  expect(the(results, "immich-discovery").seen).toMatch(/boom \[secret\] \[secret\]$/);
  expect(JSON.stringify(results)).not.toMatch(/canary/);
});
