// Immich's public address, as a browser and the phone app ask it.
import type { RequestListener } from "node:http";

import type { Facts } from "../../checks/facts";
import type { Reply } from "../../checks/http";
import { publicAddress } from "../../checks/publicAddress";
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
  [
    "a filter that this machine is caught in",
    { "": (_, r) => r.writeHead(403).end("Forbidden") },
    "unknown",
    /does not let this machine in: GET .*HTTP 403/,
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
  expect(results.filter((one) => one.verdict === "broken").length).toBe(
    verdict === "broken" ? 1 : 0,
  );
});

/** What the address answers by https and http, without a server that has a certificate. */
const canned: [string, (url: string) => Reply, string, RegExp][] = [
  ["an expired certificate", (url) => tls(url, "CERT_HAS_EXPIRED"), "broken", /TLS failed/],
  ["another name's", (url) => tls(url, "ERR_TLS_CERT_ALTNAME_INVALID"), "broken", /TLS failed/],
  [
    "a certificate of an own authority, which browsers may know",
    (url) => tls(url, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
    "unknown",
    /can't be reached from here: TLS failed/,
  ],
  ["http goes on to https", (url) => immich(url, url.startsWith("https:")), "ok", /https:.*ping/],
  ["http answers as https does", (url) => immich(url, true), "broken", /GET http:.*not a redirect/],
];

test.each(canned)("%s", async (_, answer, verdict, seen) => {
  const ask = (path: string, _as: string, origin = "https://photos.example.org") =>
    Promise.resolve(answer(`${origin}${path}`));
  const input = { ...homelab.input, immichUrl: "https://photos.example.org" };
  const finding = await publicAddress({ input, immichPublic: ask } as Partial<Facts> as Facts);
  expect(finding).toMatchObject({ verdict, seen: expect.stringMatching(seen) as string });
});

function tls(url: string, code: string): Reply {
  return { kind: "failure", url, why: "tls", detail: "TLS failed", code };
}

function immich(url: string, isServed: boolean): Reply {
  const page = url.endsWith("/auth/login");
  const json = url.endsWith("/ping") ? { res: "pong" } : { api: { endpoint: "/api" } };
  return {
    kind: "answer",
    url,
    status: isServed ? 200 : 301,
    contentType: page ? "text/html" : "application/json",
    location: isServed ? undefined : url.replace("http:", "https:"),
    cookies: [],
    body: "",
    json: page || !isServed ? undefined : json,
  };
}

test("what can't be reached from here is not known, and a deployment does not wait for it", async () => {
  const results = await checked("http://127.0.0.1:9", 600);
  expect(the(results)).toMatchObject({
    verdict: "unknown",
    seen: expect.stringMatching(/can't be reached from here: connection refused/) as string,
  });
  expect(results.filter((one) => one.verdict === "broken")).toEqual([]);
});
