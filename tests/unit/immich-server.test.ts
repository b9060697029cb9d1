/** What is learnt from Immich's public API, by version: the paths moved. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { freePort } from "../../sandbox/postgres";
import { askServer } from "../../immich/server";

const servers: Server[] = [];

/** A server with these JSON answers; other paths are 404, as JSON, like Immich's. */
function serve(answers: Record<string, unknown>, status = 200): Promise<string> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ""];
    if (answer === "stall") return;
    response.writeHead(answer === undefined ? 404 : status, { "content-type": "application/json" });
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer ?? { message: "no" }));
  });
  servers.push(server);
  return new Promise((done) => {
    server.listen(0, "127.0.0.1", () => {
      done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

const features = { oauth: true, oauthAutoLaunch: false, passwordLogin: true, configFile: false };
const version = (major: number, minor: number, patch: number): object => ({ major, minor, patch });

test("1.135.3", async () => {
  const url = await serve({
    "/api/server/version": version(1, 135, 3),
    "/api/server/features": features,
    "/api/server/config": { oauthButtonText: "Login with Authentik" },
  });
  expect(await askServer(`${url}/`)).toEqual({
    ...{ reachable: true, version: "1.135.3", oauth: true, oauthAutoLaunch: false },
    ...{ passwordLogin: true, configFile: false, buttonText: "Login with Authentik" },
    trouble: undefined,
  });
});

test.each([
  [1, 106, 4],
  [1, 105, 1],
])("%i.%i.%i: under server-info", async (...numbers) => {
  const url = await serve({
    "/api/server-info/version": version(...numbers),
    "/api/server-info/features": { ...features, oauth: "true" },
    "/api/server-info/config": { oauthButtonText: "x" },
  });
  const answers = await askServer(url);
  expect(answers).toMatchObject({ version: numbers.join("."), oauth: true, buttonText: "x" });
  expect(answers.trouble).toBeUndefined();
});

const published = {
  oauth: { enabled: true, autoLaunch: true, buttonText: "New" },
  passwordLogin: { enabled: false },
};

test("3.2.2: the new path counts, the config file is still under features", async () => {
  const url = await serve({
    "/api/server/version": { ...version(3, 2, 2), prerelease: null },
    "/api/server/features": { ...features, configFile: true, oauth: false },
    "/api/public/config": published,
  });
  expect(await askServer(url)).toMatchObject({
    ...{ version: "3.2.2", oauth: true, oauthAutoLaunch: true, buttonText: "New" },
    ...{ passwordLogin: false, configFile: true },
  });
});

test("a later version without the old paths", async () => {
  const url = await serve({
    "/api/server/version": version(4, 0, 0),
    "/api/public/config": published,
  });
  const answers = await askServer(url);
  expect(answers).toMatchObject({ version: "4.0.0", oauth: true, configFile: undefined });
  expect(answers.trouble).toMatch(/features answered 404$/);
});

test("3.2.2 without the new path falls back to the old ones", async () => {
  const url = await serve({
    "/api/server/version": version(3, 2, 2),
    "/api/server/features": features,
    "/api/server/config": { oauthButtonText: "Old" },
  });
  expect(await askServer(url)).toMatchObject({ oauth: true, buttonText: "Old" });
});

test.each([
  [
    "nobody listens",
    async () => `http://127.0.0.1:${await freePort()}`,
    /version failed: .*ECONNREFUSED/,
  ],
  ["a proxy without its server", () => serve({ "/api/server/version": {} }, 502), /answered 502/],
  [
    "a page for everything",
    () => serve({ "/api/server/version": "<html>" }),
    /answered 200 without JSON/,
  ],
  ["no answer", () => serve({ "/api/server/version": "stall" }), /no answer in time/],
  ["not a URL", async () => "not a url", /failed/],
])("%s: no version, and why", async (_what, url, trouble) => {
  const answers = await askServer(await url(), { timeoutMs: 300 });
  expect(answers.version).toBeUndefined();
  expect(answers.reachable).toBe(false);
  expect(answers.trouble).toMatch(trouble);
});

test("an answer that is no version is none", async () => {
  const url = await serve({ "/api/server/version": { major: "1" } });
  expect((await askServer(url)).version).toBeUndefined();
});
