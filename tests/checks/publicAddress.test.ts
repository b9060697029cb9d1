// Immich's public address, as a browser and the phone app ask it.
import type { RequestListener } from "node:http";

import { runChecks } from "../../checks/run";
import type { CheckResult } from "../../checks/types";
import { fakeHomelab, listen, type Homelab } from "./fakeHomelab";

let homelab: Homelab;

beforeEach(async () => {
  homelab = await fakeHomelab();
});

afterEach(() => homelab.stop());

async function checked(immichUrl: string, waitSeconds = 0): Promise<CheckResult[]> {
  const { input } = homelab;
  const redirectUris = [`${immichUrl}/auth/login`];
  homelab.world.redirectUris = redirectUris;
  return runChecks(
    { ...input, immichUrl, immichApiUrl: input.immichUrl, redirectUris },
    { waitSeconds },
  );
}

const the = (results: readonly CheckResult[]): CheckResult | undefined =>
  results.find((one) => one.id === "immich-public");

const answers: [string, Record<string, RequestListener>, string, RegExp][] = [
  [
    "forward authentication in front of everything",
    { "": (_, r) => r.writeHead(302, { location: "https://auth.example.org/outpost?rd=1" }).end() },
    "broken",
    /redirect to https:\/\/auth.example.org\/outpost$/,
  ],
  [
    "basic authentication in front of the API alone",
    { "/api/server/ping": (_, r) => r.writeHead(401, { "www-authenticate": "Basic" }).end() },
    "broken",
    /ping: HTTP 401/,
  ],
  ["nothing behind the proxy", { "": (_, r) => r.writeHead(502).end() }, "broken", /HTTP 502/],
  [
    "another server",
    { "": (_, r) => r.writeHead(200, { "content-type": "text/html" }).end("Nextcloud") },
    "broken",
    /ping: HTTP 200, text\/html/,
  ],
  [
    "on to another name",
    {
      "/auth/login": (_, r) =>
        r.writeHead(301, { location: "https://photos.example.org/auth/login" }).end(),
    },
    "broken",
    /redirect to https:\/\/photos.example.org\/auth\/login/,
  ],
  [
    "the app is sent to another API",
    {
      "/.well-known/immich": (_, r) =>
        r
          .writeHead(200, { "content-type": "application/json" })
          .end('{"api":{"endpoint":"https://old.example.org/api"}}'),
    },
    "broken",
    /names the API "https:\/\/old.example.org\/api"/,
  ],
  [
    "the proxy keeps /.well-known/ to itself: the app takes /api",
    { "/.well-known/immich": (_, r) => r.writeHead(404).end() },
    "ok",
    /ping: HTTP 200/,
  ],
  ["as it should be", {}, "ok", /ping: HTTP 200/],
];

test.each(answers)("%s", async (_, rules, verdict, seen) => {
  const proxy = await listen((request, response) => {
    const rule = rules[request.url ?? ""] ?? rules[""];
    if (rule !== undefined) return void rule(request, response);
    void fetch(`${homelab.input.immichUrl}${request.url}`).then(async (answer) => {
      const type = answer.headers.get("content-type") ?? "text/plain";
      response.writeHead(answer.status, { "content-type": type }).end(await answer.text());
    });
  });
  const results = await checked(proxy.url);
  await proxy.stop();
  expect(the(results)).toMatchObject({ verdict, seen: expect.stringMatching(seen) as string });
  expect(results.filter((one) => one.verdict === "broken").length).toBe(verdict === "ok" ? 0 : 1);
});

test("what can't be reached from here is not known, and a deployment does not wait for it", async () => {
  const results = await checked("http://127.0.0.1:9", 600);
  expect(the(results)).toMatchObject({
    verdict: "unknown",
    seen: expect.stringMatching(/can't be reached from here: connection refused/) as string,
  });
  expect(results.filter((one) => one.verdict === "broken")).toEqual([]);
});
