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
  const found = await withoutDeadIssuer(recorded, deployed());
  expect(found).toEqual({ previous: recorded, warnings: [] });
});

test.each(["https://accounts.example.test/", "", "our own"])(
  "nobody is asked about %j: it is not of this Authentik, or our own",
  async (given) => {
    const issuer = given === "our own" ? deployed()["oauth.issuerUrl"] : given;
    const recorded = before(issuer);
    const found = await withoutDeadIssuer(recorded, deployed());
    expect(found).toEqual({ previous: recorded, warnings: [] });
    expect(asked).toEqual([]);
  },
);
