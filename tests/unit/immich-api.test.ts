/** Immich's settings through its API: read, merge, save, compare; whatever comes in between. */
import { ApiError } from "../../immich/api/errors";
import type { ApiContext } from "../../immich/open";
import {
  createRow,
  deleteRow,
  readRow,
  type RowState,
  snapshotRow,
  updateRow,
} from "../../immich/row";
import type { Settings } from "../../immich/types";
import { DEFAULTS, FakeImmichApi, type Met, reply } from "../support/fakeImmichApi";

const KEY = "api-key-canary";
const WANTED: Settings = {
  "oauth.enabled": true,
  "oauth.issuerUrl": "https://auth.example.org/application/o/immich/",
  "oauth.clientId": "immich",
  "oauth.clientSecret": "client-secret-canary",
  "oauth.scope": "openid email profile",
  "oauth.buttonText": "Login with Authentik",
};

let immich: FakeImmichApi;
let context: ApiContext;

beforeEach(async () => {
  immich = new FakeImmichApi();
  const url = await immich.start();
  context = {
    store: "api",
    api: { url, key: KEY, stack: "home" },
    timeouts: { pauseMs: 1, answerMs: 500 },
  };
});
afterEach(() => immich.stop());

const oauth = () => immich.document["oauth"] ?? {};
const isSave = ({ method }: Met) => method === "PUT";

async function create(settings: Settings = WANTED): Promise<RowState> {
  const { previous } = await snapshotRow(context, Object.keys(settings));
  return (await createRow(context, { settings, previous })).state;
}

/** The error of an operation, which must not tell the key or a secret. */
async function failure(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown as Error,
  );
  expect(error.message).not.toContain("canary");
  return error;
}

test("one save sends the whole document with ours in it; what is not known goes back as it came", async () => {
  Object.assign(oauth(), { brandNew: "something", buttonText: "Before" });
  Object.assign(immich.document["trash"] ?? {}, { days: 7 });
  const state = await create();
  expect(immich.count("PUT /api/system-config")).toBe(1);
  expect(immich.document).toEqual({
    ...DEFAULTS,
    oauth: {
      ...DEFAULTS["oauth"],
      brandNew: "something",
      enabled: true,
      issuerUrl: WANTED["oauth.issuerUrl"],
      clientId: "immich",
      clientSecret: "client-secret-canary",
      buttonText: "Login with Authentik",
    },
    trash: { days: 7 },
  });
  await deleteRow(context, state);
  expect(immich.document).toEqual({
    ...DEFAULTS,
    oauth: { ...DEFAULTS["oauth"], brandNew: "something", buttonText: "Before" },
    trash: { days: 7 },
  });
});

test("nothing is sent when nothing differs", async () => {
  const state = await create();
  const again = await updateRow(context, { settings: WANTED, previous: state.previous }, state);
  expect(again.state.settingsChangedAt).toBe(state.settingsChangedAt);
  expect((await readRow(context, state)).settings).toEqual(state.settings);
  expect(immich.count("PUT /api/system-config")).toBe(1);
});

test("what somebody saves between the reading and the save is merged anew", async () => {
  let reads = 0;
  immich.meet = ({ method, path }) => {
    if (method === "GET" && path === "/api/system-config" && (reads += 1) === 3)
      Object.assign(immich.document["trash"] ?? {}, { days: 9 });
    return false;
  };
  await create();
  expect(immich.document["trash"]).toEqual({ days: 9 });
  expect(oauth()).toMatchObject({ clientId: "immich" });
});

test("who saves all the time is waited for so long, and then told", async () => {
  let days = 0;
  immich.meet = ({ method, path }) => {
    if (method === "GET" && path === "/api/system-config")
      Object.assign(immich.document["trash"] ?? {}, { days: (days += 1) });
    return false;
  };
  const error = await failure(create());
  expect(error.message).toMatch(/somebody keeps saving.*nothing has been changed/s);
  expect(immich.count("PUT /api/system-config")).toBe(0);
});

test("what somebody overwrites right after the save is written again", async () => {
  let saves = 0;
  immich.meet = (met) => {
    if (!isSave(met) || (saves += 1) > 1) return false;
    const old = structuredClone(immich.document);
    met.work();
    const done = reply(met, 200, immich.document);
    immich.document = old;
    return done;
  };
  await create();
  expect(saves).toBe(2);
  expect(oauth()).toMatchObject({ clientId: "immich" });
});

test.each([
  [
    "the answer lost after it was done",
    (met: Met) => (met.work(), met.response.destroy(), true),
    1,
  ],
  ["502 after it was done", (met: Met) => (met.work(), reply(met, 502, "<h1>502</h1>")), 1],
  ["no answer after it was done", (met: Met) => (met.work(), true), 1],
  ["500 after it was done", (met: Met) => (met.work(), reply(met, 500, { message: "x" })), 1],
  ["the connection cut before", (met: Met) => (met.response.destroy(), true), 2],
  ["503 before", (met: Met) => reply(met, 503, "<h1>503</h1>", { "retry-after": "0" }), 2],
  ["429 before", (met: Met) => reply(met, 429, { message: "slow" }, { "retry-after": "0" }), 2],
])("a save with %s: looked at, and done once", async (_what, meet, sent) => {
  let saves = 0;
  immich.meet = (met) => isSave(met) && (saves += 1) === 1 && meet(met);
  const state = await create();
  expect(saves).toBe(sent);
  expect(oauth()).toMatchObject({ clientId: "immich" });
  immich.meet = () => false;
  await deleteRow(context, state);
  expect(immich.document).toEqual(DEFAULTS);
});

test("a save that is never done is an error, and nothing is changed", async () => {
  immich.meet = (met) => isSave(met) && reply(met, 500, { message: "Internal server error" });
  expect((await failure(create())).message).toMatch(/answered 500: Internal server error/);
  immich.meet = isSave; // never answered
  expect((await failure(create())).message).toMatch(/no answer within 0\.5 s/);
  expect(immich.document).toEqual(DEFAULTS);
});

test("a server that is starting is asked again, up to a bound", async () => {
  let times = 0;
  immich.meet = (met) => (times += 1) < 3 && reply(met, 503, "<h1>503</h1>");
  await create();
  immich.meet = (met) => reply(met, 503, "<h1>503</h1>");
  expect((await failure(create())).message).toMatch(/answered 503.*Immich is starting/s);
  immich.asked.length = 0;
  immich.meet = (met) => reply(met, 429, {}, { "retry-after": "3600" });
  expect((await failure(create())).message).toMatch(/asks to wait 3600 s: too many requests/);
  expect(immich.asked).toHaveLength(1);
});

const NEW_KEY = /Account Settings > API Keys.*config set --secret immichApiKey --stack home/s;
const ADDRESS = /config set immichApiUrl http:\/\/ADDRESS:2283 --stack home/;

test.each<[string, (met: Met) => true, RegExp, RegExp]>([
  ["a wrong key", (m) => reply(m, 401, { message: "Invalid API key" }), /does not accept/, NEW_KEY],
  [
    "a key that does not arrive",
    (m) => reply(m, 401, { message: "Authentication required" }),
    /takes the header x-api-key away/,
    ADDRESS,
  ],
  [
    "a key without the permission",
    (m) => reply(m, 403, { message: "Missing required permission: systemConfig.read" }),
    /has not the permission systemConfig\.read/,
    NEW_KEY,
  ],
  ["a user's key", (m) => reply(m, 403, { message: "Forbidden" }), /not an administrator/, NEW_KEY],
  ["a login in front", (m) => reply(m, 401, "<form>"), /a login of its own/, ADDRESS],
  ["a page", (m) => reply(m, 200, "<html>"), /text\/html came back instead of JSON/, ADDRESS],
  ["other JSON", (m) => reply(m, 200, { a: 1 }), /not Immich's settings/, ADDRESS],
  ["no such path", (m) => reply(m, 404, { message: "x" }), /no such path/, ADDRESS],
  [
    "a redirect",
    (m) => reply(m, 301, "", { location: "https://photos.example.org/api/system-config?x=1" }),
    /redirects \(301\) to https:\/\/photos\.example\.org\/api\/system-config;/,
    /config set immichApiUrl https:\/\/photos\.example\.org --stack home/,
  ],
])("%s is told, with what to do", async (_what, meet, seen, next) => {
  immich.meet = meet;
  const { message } = await failure(snapshotRow(context, ["oauth.enabled"]));
  expect(message).toMatch(seen);
  expect(message.split("next: ")[1]).toMatch(next);
});

test("since 3.2: /api/admin/config, or the older path for a key of older permissions", async () => {
  immich.version = { major: 3, minor: 2, patch: 2 };
  immich.hasAdminConfig = true;
  const state = await create();
  expect(immich.count("PUT /api/admin/config")).toBe(1);
  await deleteRow(context, state);
  immich.asked.length = 0;
  immich.meet = (met) =>
    met.path.startsWith("/api/admin/config") &&
    reply(met, 403, { message: "Missing required permission: adminConfig.read" });
  await create();
  expect(immich.count("PUT /api/system-config")).toBe(1);
  immich.meet = (met) =>
    reply(met, 403, {
      message: `Missing required permission: ${met.path.includes("admin") ? "adminConfig" : "systemConfig"}.read`,
    });
  expect((await failure(create())).message).toMatch(/permission adminConfig\.read/);
});

test("the key goes to no other address", async () => {
  const other = new FakeImmichApi();
  const location = await other.start();
  immich.meet = (met) => reply(met, 307, "", { location: `${location}/api/system-config` });
  await failure(create());
  expect(other.asked).toEqual([]);
  other.stop();
});

test.each<[string, object]>([
  ["1.135", { message: ["oauth.buttonText must be a string", "ffmpeg.crf must be a number"] }],
  [
    "3.x",
    {
      message: "Validation failed",
      errors: [
        { path: "oauth.buttonText", message: "Expected string" },
        { path: ["ffmpeg", "crf"], message: "Expected number" },
      ],
    },
  ],
])("a refused save of %s names our keys, and those that are not ours", async (_version, body) => {
  immich.meet = (met) => isSave(met) && reply(met, 400, body);
  const error = await failure(create());
  expect(error).toBeInstanceOf(ApiError);
  expect(error.message).toMatch(/oauth\.buttonText \(config: buttonText\): /);
  expect(error.message).toMatch(/- ffmpeg\.crf: /);
  expect(error.message).toMatch(/not this stack's: set it right in Immich/);
});

test("an Immich with IMMICH_CONFIG_FILE takes nothing", async () => {
  const message = "Cannot update configuration while IMMICH_CONFIG_FILE is in use";
  immich.meet = (met) => isSave(met) && reply(met, 400, { message });
  expect((await failure(create())).message).toMatch(/configuration file[\s\S]*IMMICH_CONFIG_FILE/);
});

test("what only its database can hold comes back as the default; a recorded default too", async () => {
  const state = await create();
  const remembered = {
    ...state.previous,
    "oauth.buttonText": { present: true, value: "", text: '""' },
    "oauth.clientId": { present: true, value: null, text: "null" },
    "oauth.issuerUrl": { present: false, missing: "row" as const },
  };
  const { warnings } = await deleteRow(context, { ...state, previous: remembered });
  expect(warnings).toEqual([]);
  expect(immich.document).toEqual(DEFAULTS);
  // Run again after its answer was lost: as before already, and nobody else is blamed.
  const again = await deleteRow(context, { ...state, previous: remembered });
  expect(again.warnings).toEqual([]);
});
