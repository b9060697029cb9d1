/**
 * Every recorded exchange with a real Immich, replayed against the sandbox's, on a real PostgreSQL and
 * with real OpenID providers. Doesn't prove what was not recorded: versions between 1.105.1 and 1.135.3
 * and after it go by published sources.
 */
import { defaultsOf } from "../../sandbox/immich/defaults";
import type { JsonObject } from "../../sandbox/immich/merge";
import { parseVersion } from "../../sandbox/immich/versions";
import { Comparison } from "./immich/comparison";
import { replayConfigFile } from "./immich/replay/configFile";
import { replayBadRows, replayLogins, replayOddProviders } from "./immich/replay/logins";
import { replayOldServer } from "./immich/replay/oldServer";
import { Server } from "./immich/replay/server";
import {
  replayCommands,
  replayFreshServer,
  replayIssuers,
  replaySavesAndPasswords,
} from "./immich/replay/settings";
import { prepare, type Stage } from "./immich/replay/stage";

const comparison = new Comparison({
  "log of quota_string_abc":
    "the sandbox's PostgreSQL driver calls its errors `error`, Immich's `PostgresError`",
  "log of broken_json_file":
    "Immich's reader of YAML, which JSON is a part of, complains in other words than the sandbox's",
  discovery_hangs_timeout_2000ms:
    "no answer was recorded: 2000 are seconds to Immich; the case with 5 seconds is replayed",
  "log of the microservices worker": "the sandbox's Immich is one process, Immich is two",
  "restart, seconds_from_sql_commit_to_visible": "durations, of another machine",
});
let stage: Stage;

beforeAll(async () => {
  stage = await prepare(comparison);
}, 60_000);

afterEach(() => expect(comparison.differences()).toEqual([]));

afterAll(async () => {
  await stage?.close();
  comparison.report();
}, 30_000);

describe("Immich 1.135.3, one server from its first start on", () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start(stage);
  }, 60_000);
  afterAll(() => server?.stop());

  test("a fresh server and its settings", () => replayFreshServer(server), 60_000);
  test("rows are seen at once; issuers of all kinds", () => replayIssuers(server), 60_000);
  test("logins", () => replayLogins(server), 120_000);
  test("logins on rows with bad values", () => replayBadRows(server), 120_000);
  test("odd providers, links and logout", () => replayOddProviders(server), 120_000);
  test("saves over a direct write; no passwords", () => replaySavesAndPasswords(server), 60_000);
  test("immich-admin", () => replayCommands(server), 60_000);
});

test("Immich 1.105.1: rows of system_config, read once", () => replayOldServer(stage), 120_000);

test("IMMICH_CONFIG_FILE", () => replayConfigFile(stage), 120_000);

test("OAuth keys by version", () => {
  for (const { version, keys } of stage.recorded.keys) {
    const oauth = defaultsOf(parseVersion(version))["oauth"] as JsonObject;
    const known = Object.keys(oauth).map((key) => `oauth.${key}`);
    comparison.equal(`keys of ${version}`, known.sort(), [...keys].sort());
  }
});
