// Every check broken on purpose, once, in the sandbox: exactly that check says so, what stands on it is
// unknown, everything else stays ok. And a healthy homelab never gives an alarm.
import { catalogue, checkIds, type CheckId } from "../../checks/catalogue";
import { failureText } from "../../checks/print";
import { runChecks } from "../../checks/run";
import { closeShared } from "../../ssh/shared";
import type { CheckInput } from "../../checks/types";
import { Lab, redirectUri } from "./lab";

jest.setTimeout(60_000);

const lab = new Lab();
const named: string[] = [];

beforeAll(() => lab.start());

afterAll(async () => {
  await lab.stop();
  process.stderr.write(
    `${named.map((id) => `  ${id}`).join("\n")}\n${named.length} of ${checkIds.length} checks broken on purpose and named\n`,
  );
});

/** How each check is broken; what is returned changes the input. */
const breakages: Record<CheckId, () => Promise<Partial<CheckInput> | void>> = {
  "authentik-reachable": async () => void (lab.apiProxy.down = true),
  "authentik-token": async () => {
    const me = (await lab.api("GET", "core/users/me/"))["user"] as { pk: number };
    const identifier = `doctor-${Date.now()}`;
    const token = { identifier, intent: "api", user: me.pk, expiring: false };
    await lab.api("POST", "core/tokens/", token);
    const { key } = await lab.api("GET", `core/tokens/${identifier}/view_key/`);
    await lab.api("DELETE", `core/tokens/${identifier}/`);
    return { authentikToken: String(key) };
  },
  "access-groups": async () => {
    const group = await lab.first("core/groups/?name=nobody-in-it");
    const { pk } = await lab.api("GET", "core/applications/immich/");
    await lab.api("POST", "policies/bindings/", { target: pk, group: group["pk"], order: 1 });
    return { accessGroups: ["nobody-in-it"] };
  },
  "issuer-reachable": async () => void (lab.proxy.down = true),
  "discovery-found": () => lab.patchApplication({ slug: "renamed" }),
  "issuer-equal": async () =>
    void (await lab.control("authentik/faults", { forwardedProto: "https" })),
  "signing-algorithm": () => lab.patchProvider({ signing_key: null }),
  "scopes-offered": async () => {
    const without = await mappings((scope) => scope !== "profile");
    await lab.patchProvider({ property_mappings: without });
  },
  "email-claim": () => lab.muteEmail(),
  "client-known": () => lab.patchProvider({ client_id: "somebody-else" }),
  "redirect-uri-list": () => lab.patchProvider({ redirect_uris: [] }),
  "redirect-uri-web": () => withoutUri(0),
  "redirect-uri-user-settings": () => withoutUri(1),
  "redirect-uri-app": () => withoutUri(2),
  "redirect-uri-extra": () => withoutUri(3),
  "client-secret": () => lab.patchProvider({ client_secret: "changed-by-hand" }),
  "id-token-encryption": async () => {
    const certificate = await lab.first("crypto/certificatekeypairs/");
    await lab.patchProvider({ encryption_key: certificate["pk"] });
  },
  "immich-reachable": () => lab.turnOff("immich/stop"),
  "immich-public": async () => void (lab.immichProxy.loginInFront = true),
  "config-file": () => lab.turnOff("immich/configure", { configFile: lab.storedRow() }),
  "password-login-lockout": () =>
    lab.changeRow({ "oauth.enabled": false, "passwordLogin.enabled": false }),
  "admin-way-in": () => lab.changeRow({ "passwordLogin.enabled": false }),
  "admin-rights": async () => {
    await lab.turnOff("immich/configure", { version: "3.1.0" });
    await lab.changeRow({ "oauth.allowInsecureRequests": true });
    return { soleAdminGroups: ["nobody-in-it"] };
  },
  "oauth-enabled": () => lab.changeRow({ "oauth.enabled": false }),
  "insecure-issuer": () => lab.turnOff("immich/configure", { version: "3.0.0" }),
  "immich-issuer": () => lab.changeRow({ "oauth.issuerUrl": lab.issuerUrl.replace(/\/$/, "") }),
  "immich-client-id": () => lab.changeRow({ "oauth.clientId": "immich" }),
  "immich-discovery": async () => {
    lab.proxy.refuse = (request) => /openid-client/.test(request.headers["user-agent"] ?? "");
  },
  "immich-redirect-uri": () =>
    lab.changeRow({
      "oauth.mobileOverrideEnabled": true,
      "oauth.mobileRedirectUri": "https://photos.example.org/api/oauth/mobile-redirect",
    }),
  "immich-scope": () => lab.changeRow({ "oauth.scope": "openid email" }),
  logout: async () => {
    await lab.changeRow({ "oauth.allowInsecureRequests": true });
    await lab.turnOff("immich/configure", { version: "3.0.0" });
    return { logoutUri: `${lab.input().immichUrl}/api/oauth/backchannel-logout` };
  },
  clocks: async () => void (lab.proxy.behind = 900),
  "host-reachable": async () => {
    await lab.turnOff("ssh/stop");
    await closeShared();
  },
  "settings-readable": async () =>
    void (await lab.control("docker/policies", {
      disguises: { immich_postgres: { status: "exited" } },
    })),
  "auto-register": () => lab.changeRow({ "oauth.autoRegister": false }),
  "settings-usable": () => lab.changeRow({ "oauth.profileSigningAlgorithm": "RS256" }),
  "settings-row": () => lab.changeRow({ "oauth.clientSecret": "canary-changed-by-hand" }),
  "container-restarted": async () => ({ settingsChangedAt: await lab.now() }),
};

async function mappings(keep: (scope: string) => boolean): Promise<unknown[]> {
  const list = (await lab.api("GET", "propertymappings/provider/scope/"))["results"] as {
    pk: string;
    scope_name: string;
    managed: string | null;
  }[];
  return list.filter((one) => one.managed !== null && keep(one.scope_name)).map((one) => one.pk);
}

function withoutUri(index: number): Promise<void> {
  const uris = lab.redirectUris.filter((_, at) => at !== index);
  return lab.patchProvider({ redirect_uris: uris.map(redirectUri) });
}

/** All that a check stands on, however far below, for this input. */
function standsOn(id: string, input: CheckInput): string[] {
  const entry = catalogue[id as CheckId];
  const needs = entry.independentWhen?.(input) ? [] : entry.dependsOn;
  const far = needs.flatMap((one) => [one, ...standsOn(one, input)]);
  return [...far, ...(entry.explainedBy ?? [])];
}

/** The verdicts that are not "ok". */
async function alarms(input: CheckInput): Promise<Record<string, string>> {
  const results = await runChecks(input);
  return Object.fromEntries(
    results.filter((one) => one.verdict !== "ok").map((one) => [one.id, one.verdict]),
  );
}

test("20 runs on a healthy homelab: not one alarm", async () => {
  for (let run = 0; run < 20; run++) expect(await alarms(lab.input())).toEqual({});
});

describe("broken on purpose", () => {
  afterEach(() => lab.mend());

  test.each(checkIds)("%s", async (id) => {
    const changed = (await breakages[id]()) ?? {};
    const input = { ...lab.input(), ...changed };
    const results = await runChecks(input);
    const broken = results.filter((one) => one.verdict === "broken");
    expect(broken.map((one) => `${one.id}: ${one.seen}`)).toEqual([
      expect.stringContaining(`${id}: `) as string,
    ]);
    const unknown = results.filter((one) => one.verdict === "unknown");
    expect(unknown.map((one) => one.id)).toEqual(
      checkIds.filter((other) => standsOn(other, input).includes(id)),
    );
    const text = failureText(results);
    expect(text.split("\n").length).toBeLessThan(20);
    expect(JSON.stringify(results) + text).not.toMatch(/canary/);
    named.push(`${id}: ${broken[0]?.seen}`);
  });
});

describe("an issuer that is another one, by what the proxy and Authentik do", () => {
  afterEach(() => lab.mend());
  const faults = (body: object) => lab.control("authentik/faults", body);
  const fix = async () =>
    (await runChecks(lab.input())).find((one) => one.id === "issuer-equal")?.fix;

  test("2026.8 believes X-Forwarded-Proto only from a proxy on its list", async () => {
    const scheme = async () => {
      const { url } = lab.description().authentik;
      const headers = { "x-forwarded-proto": "https" };
      const document = `${url}/application/o/immich/.well-known/openid-configuration`;
      const { issuer } = (await (await fetch(document, { headers })).json()) as { issuer: string };
      return new URL(issuer).protocol;
    };
    expect(await scheme()).toBe("https:");
    await faults({ version: "2026.8.3", trustedProxyCidrs: "203.0.113.7/32" });
    expect(await scheme()).toBe("http:");
    await faults({ trustedProxyCidrs: "203.0.113.7/32, 127.0.0.0/8" });
    expect(await scheme()).toBe("https:");
    await faults({ version: "2026.5.0", trustedProxyCidrs: "203.0.113.7/32" });
    expect(await scheme()).toBe("https:");
  });

  test("the scheme: the proxy's header, and from 2026.8 on the list of proxies", async () => {
    await faults({ forwardedProto: "https" });
    expect(await fix()).toMatch(/X-Forwarded-Proto: https/);
    expect(await fix()).not.toMatch(/TRUSTED_PROXY_CIDRS/);
    await faults({ version: "2026.8.3" });
    expect(await fix()).toMatch(/AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS/);
  });

  test("the port is lost: nginx's $host", async () => {
    await faults({ forwardedHost: "127.0.0.1" });
    expect(await fix()).toMatch(/proxy_set_header Host \$http_host.*\$host` loses the port/);
  });
});

test("with an emptied redirect list nothing is asked that Authentik would save", async () => {
  await lab.patchProvider({ redirect_uris: [] });
  const list = async () =>
    (await lab.first("providers/oauth2/?client_id=immich-oauth-client"))["redirect_uris"];
  await runChecks(lab.input());
  expect(await list()).toEqual([]);
  // As it would have been, had anything been asked.
  const query = new URLSearchParams({
    client_id: "immich-oauth-client",
    redirect_uri: "https://stranger.example.org/",
    response_type: "code",
  });
  await fetch(`${lab.publicUrl}/application/o/authorize/?${query}`, { redirect: "manual" });
  expect(await list()).toMatchObject([{ url: "https://stranger.example.org/" }]);
  await lab.mend();
});

test("Immich says nothing of a config file: its container is looked at", async () => {
  lab.immichApiProxy.without = ["/api/server/features"];
  const results = await runChecks(lab.input());
  expect(results.find((one) => one.id === "config-file")?.verdict).toBe("ok");
  await lab.turnOff("immich/configure", { configFile: lab.storedRow() });
  const withFile = await runChecks(lab.input());
  expect(withFile.find((one) => one.id === "config-file")).toMatchObject({
    verdict: "broken",
    seen: "Immich's container has IMMICH_CONFIG_FILE",
  });
  await lab.mend();
});

test("mended again: no alarm", async () => {
  expect(await alarms(lab.input())).toEqual({});
});
