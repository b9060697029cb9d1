/** What is put back where the settings before were those of another stack. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { withoutDeadIssuer } from "../../provider/deadIssuer";

let server: Server;
let authentik: string;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.statusCode = request.url?.includes("/alive/") ? 200 : 404;
    response.end("{}");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  authentik = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => asked.splice(0));
afterAll(() => new Promise((done) => server.close(done)));

const deployed = () => ({
  "oauth.issuerUrl": `${authentik}/application/o/immich/`,
  "oauth.enabled": true,
});
const before = (issuer: string) => ({
  "oauth.enabled": { present: true, value: true },
  "oauth.issuerUrl": { present: true, value: issuer, text: JSON.stringify(issuer) },
  "oauth.clientSecret": { present: false, missing: "object" as const },
  "passwordLogin.enabled": { present: true, value: true },
});

test("an application that Authentik no longer has does not come back", async () => {
  const { previous, warnings } = await withoutDeadIssuer(
    before(`${authentik}/application/o/gone/`),
    deployed(),
    false,
  );
  expect(previous).toEqual({
    "oauth.enabled": { present: false },
    "oauth.issuerUrl": { present: false },
    "oauth.clientSecret": { present: false, missing: "object" },
    "passwordLogin.enabled": { present: true, value: true },
  });
  expect(warnings.join()).toContain(`${authentik}/application/o/gone/`);
  expect(asked).toEqual(["/application/o/gone/.well-known/openid-configuration"]);
});

test("one that is there does", async () => {
  const recorded = before(`${authentik}/application/o/alive/`);
  const found = await withoutDeadIssuer(recorded, deployed(), false);
  expect(found).toEqual({ previous: recorded, warnings: [] });
});

test.each(["https://accounts.example.test/", "", "our own"])(
  "nobody is asked about %j: it is not of this Authentik, or our own",
  async (given) => {
    const issuer = given === "our own" ? deployed()["oauth.issuerUrl"] : given;
    const recorded = before(issuer);
    const found = await withoutDeadIssuer(recorded, deployed(), false);
    expect(found).toEqual({ previous: recorded, warnings: [] });
    expect(asked).toEqual([]);
  },
);

describe("the client of before is the one that was deployed: made by hand, and taken over", () => {
  const now = () => ({ ...deployed(), "oauth.clientId": "immich", "oauth.clientSecret": "new" });
  const hand = () => ({
    ...before(deployed()["oauth.issuerUrl"]),
    "oauth.clientId": { present: true, value: "immich", text: '"immich"' },
    "oauth.clientSecret": { present: true, value: "old", text: '"old"' },
  });

  test("it stays, and its secret was changed: the settings come back with the secret of now", async () => {
    const { previous, warnings } = await withoutDeadIssuer(hand(), now(), true);
    expect(previous).toEqual({
      ...hand(),
      "oauth.clientSecret": { present: true, value: "new", text: '"new"' },
    });
    expect(warnings).toHaveLength(1);
    expect(warnings.join()).not.toMatch(/\bold\b|\bnew\b/);
  });

  test("it stays, and its secret is the same: the settings come back as they were", async () => {
    const kept = { ...now(), "oauth.clientSecret": "old" };
    expect(await withoutDeadIssuer(hand(), kept, true)).toEqual({ previous: hand(), warnings: [] });
  });

  test("it goes with the stack: Immich's defaults, and that is said", async () => {
    const { previous, warnings } = await withoutDeadIssuer(hand(), now(), false);
    expect(previous["oauth.enabled"]).toEqual({ present: false });
    expect(previous["oauth.clientSecret"]).toEqual({ present: false });
    expect(previous["passwordLogin.enabled"]).toEqual({ present: true, value: true });
    expect(warnings.join()).toMatch(/OAuth client immich, which goes with/);
  });

  test("another client of the same application is somebody else's: it comes back", async () => {
    const other = { ...hand(), "oauth.clientId": { present: true, value: "phone" } };
    expect(await withoutDeadIssuer(other, now(), false)).toEqual({ previous: other, warnings: [] });
  });
});
