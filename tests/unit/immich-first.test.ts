/** Groups of administrators need an Immich that takes roles: it is asked before anything is made. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { PROJECT, readConfig } from "../../config";
import { askImmichFirst } from "../../immichFirst";
import { configValues, HOMELAB_SECRETS, source } from "../stackFile";

let server: Server;
let asked: string[];
let version = { major: 1, minor: 0, patch: 0 };

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/json").end(JSON.stringify(version));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
beforeEach(() => (asked = []));
afterAll(() => server.close());

function ask(
  adminGroups: readonly string[],
  port = (server.address() as AddressInfo).port,
  rest: Record<string, unknown> = {},
) {
  const more = { immichApiUrl: `http://127.0.0.1:${port}`, adminGroups };
  const named = Object.entries({ ...more, ...rest }).map(([key, value]) => [
    `${PROJECT}:${key}`,
    value,
  ]);
  const values = configValues("homelab", { ...HOMELAB_SECRETS, ...Object.fromEntries(named) });
  return askImmichFirst(readConfig(source(values)), "homelab");
}

test("an Immich without role claim: refused, with the version and the command", async () => {
  version = { major: 1, minor: 135, patch: 3 };
  await expect(ask(["admins"])).rejects.toThrow(
    /adminGroups: is \["admins"\][\s\S]*1\.135\.3[\s\S]*npx pulumi config rm --stack homelab adminGroups/,
  );
});

test("settings by name that this Immich does not know: refused, all at once, each with its command", async () => {
  version = { major: 2, minor: 7, patch: 5 };
  const oauthSettings = { prompt: "login", timeout: 5000 };
  await expect(ask([], undefined, { oauthSettings })).rejects.toThrow(
    /oauthSettings\.prompt: is "login"\n.*Immich 2\.7\.5 .* does not know oauth\.prompt; it does since 3\.0\.0\n.*config rm --stack homelab --path oauthSettings\.prompt$/,
  );
  version = { major: 1, minor: 97, patch: 0 };
  const storageQuotas = { family: 100 };
  await expect(ask(["admins"], undefined, { oauthSettings, storageQuotas })).rejects.toThrow(
    /prompt[^]*timeout[^]*adminGroups: [^]*storageQuotas: is \{"family":100\}/,
  );
});

test("an Immich with it, and one that can't be reached: nothing is refused", async () => {
  version = { major: 1, minor: 138, patch: 1 };
  await expect(ask(["admins"])).resolves.toBe("1.138.1");
  await expect(ask(["admins"], 1)).resolves.toBeUndefined();
});

test("the version is asked in one request, whatever depends on it", async () => {
  version = { major: 3, minor: 1, patch: 0 };
  await expect(ask([])).resolves.toBe("3.1.0");
  expect(asked).toEqual(["/api/server/version"]);
});
