// Does a logout on one side reach the other?
import { runChecks } from "../../checks/run";
import type { CheckInput, CheckResult } from "../../checks/types";
import { fakeHomelab, type Homelab, type World } from "./fakeHomelab";

let homelab: Homelab;
let logoutUri: string;

beforeEach(async () => {
  homelab = await fakeHomelab();
  logoutUri = `${homelab.input.immichUrl}/api/oauth/backchannel-logout`;
  homelab.world.version = "3.0.0";
  homelab.world.logout.uri = logoutUri;
});

afterEach(() => homelab.stop());

async function logout(change: Partial<CheckInput> = {}): Promise<CheckResult | undefined> {
  const results = await runChecks({ ...homelab.input, logoutUri, ...change });
  return results.find((one) => one.id === "logout");
}

test("set on both sides: ok, and an empty request is all that Immich gets", async () => {
  expect(await logout()).toMatchObject({ verdict: "ok", seen: "both ways" });
  expect(homelab.requests).toContain("immich POST /api/oauth/backchannel-logout");
});

const cases: [string, (world: World) => void, RegExp, RegExp][] = [
  ["not set", ({ logout }) => void (logout.uri = ""), /has no logout URI/, /up --refresh/],
  [
    "another address",
    ({ logout }) => void (logout.uri = "https://by.hand.example.org/"),
    /is https:\/\/by\.hand\.example\.org\/ \(backchannel\), deployed is .*backchannel-logout/,
    /Put both back: `npx pulumi up --refresh/,
  ],
  [
    "another method",
    ({ logout }) => void (logout.method = "frontchannel"),
    /\(frontchannel\)/,
    /Put both back/,
  ],
  [
    "Immich sends people elsewhere",
    ({ settings }) => void (settings["oauth.endSessionEndpoint"] = "https://other.example.org/"),
    /to https:\/\/other\.example\.org\/, Authentik's address for it is .*\/immich\/end-session\//,
    /Put it back/,
  ],
  [
    "a login in front of Immich",
    ({ override }) =>
      void (override["/api/oauth/backchannel-logout"] = (response) =>
        response.writeHead(302, { location: "https://login.example.org/" }).end()),
    /backchannel-logout: HTTP 302/,
    /Let the proxy pass POST .*backchannel-logout on to Immich/,
  ],
];

test.each(cases)("%s: broken, with the way out", async (_, spoil, seen, fix) => {
  spoil(homelab.world);
  const result = await logout();
  expect(result).toMatchObject({ verdict: "broken" });
  expect(result?.seen).toMatch(seen);
  expect(result?.fix).toMatch(fix);
});

test("before 3.0, and where it is not asked for: ok, and what somebody set by hand is said", async () => {
  const uri = "https://by.hand.example.org/";
  homelab.world.logout.uri = uri;
  const left = `Authentik's logout URI ${uri} is left as it is`;
  expect(await logout({ logoutUri: undefined })).toMatchObject({
    verdict: "ok",
    seen: `not asked for; ${left}`,
  });
  homelab.world.version = "2.7.5";
  expect(await logout()).toMatchObject({
    verdict: "ok",
    seen: `Immich 2.7.5 takes no word of a logout; ${left}`,
  });
});
