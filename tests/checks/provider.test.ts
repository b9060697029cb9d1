// With an empty redirect list Authentik saves the URI that an authorization request brings: so the
// checks, which change nothing, look at the provider first, and ask only where it has some.
import { runChecks } from "../../checks/run";
import type { CheckResult } from "../../checks/types";
import { fakeHomelab, type Homelab } from "./fakeHomelab";

let homelab: Homelab;

beforeEach(async () => {
  homelab = await fakeHomelab();
});

afterEach(() => homelab.stop());

const broken = (results: readonly CheckResult[]): string[] =>
  results.filter((one) => one.verdict === "broken").map((one) => one.id);

/** The authorization requests that could have changed Authentik. */
const bringing = (): string[] =>
  homelab.requests.filter((one) => /GET \/application\/o\/authorize.*redirect_uri=/.test(one));

test("an emptied list is named, and no authorization request brings a URI", async () => {
  homelab.world.redirectUris = [];
  expect(broken(await runChecks(homelab.input))).toEqual(["redirect-uri-list"]);
  expect(bringing()).toEqual([]);
});

const blind: [string, () => void, string[]][] = [
  ["refused", () => void (homelab.world.token = "another"), ["authentik-token"]],
  ["without rights", () => void (homelab.world.tokenRights = false), ["authentik-token"]],
];

test.each(blind)(
  "a token that is %s can't see the list: no request brings a URI, the client is still tried",
  async (_, blindIt, ids) => {
    blindIt();
    const results = await runChecks(homelab.input);
    expect(broken(results)).toEqual(ids);
    expect(bringing()).toEqual([]);
    const verdict = (id: string) => results.find((one) => one.id === id)?.verdict;
    expect(verdict("client-known")).toBe("ok");
    expect(verdict("client-secret")).toBe("ok");
    expect(verdict("redirect-uri-web")).toBe("unknown");
  },
);

test("without the list, a client ID that Authentik does not know is still named", async () => {
  homelab.world.clientId = "another";
  const results = await runChecks({ ...homelab.input, authentikToken: undefined });
  expect(broken(results)).toEqual(["client-known"]);
  expect(bringing()).toEqual([]);
});

test("2026.8 and newer: the issuer's scheme may be wrong because the proxy is not trusted", async () => {
  homelab.world.issuer = homelab.input.issuerUrl.replace("http:", "https:");
  const fix = async () =>
    (await runChecks(homelab.input)).find((one) => one.id === "issuer-equal")?.fix;
  expect(await fix()).toMatch(/X-Forwarded-Proto \$scheme.*Host \$http_host/);
  expect(await fix()).not.toMatch(/TRUSTED_PROXY_CIDRS/);
  homelab.world.authentikVersion = "2026.8.3";
  expect(await fix()).toMatch(
    /AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS.*with a mask.*replaces the default list/,
  );
});
