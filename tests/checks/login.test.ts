// A whole login without a browser, and what a person sees when each part of it is broken.
import { loginAs, type LoginOutcome } from "../../checks/login";
import { Lab, redirectUri } from "./lab";

jest.setTimeout(60_000);

const lab = new Lab();

beforeAll(() => lab.start());
afterAll(() => lab.stop());
afterEach(() => lab.mend());

const login = (person: { username: string; password: string }): Promise<LoginOutcome> =>
  loginAs({ immichUrl: lab.immichUrl, ...person });

test("auto-registration off, and somebody new: Immich's own words (User not created)", async () => {
  await lab.changeRow({ "oauth.autoRegister": false });
  expect(await login(lab.carol)).toEqual({
    ok: false,
    step: "immich-callback",
    immichAnswered: "HTTP 400: User does not exist and auto registering is disabled.",
    reason: "Immich refused the login",
  });
});

test("a healthy homelab: alice is in, the second time too, without being asked for consent again", async () => {
  for (let time = 0; time < 2; time++) {
    expect(await login(lab.alice)).toEqual({
      ok: true,
      user: "alice@example.test",
      isAdmin: false,
      step: "done",
      immichAnswered: "HTTP 201, logged in as alice@example.test",
      reason: "",
    });
  }
});

test("bob, in no group: Authentik shows a page instead of going on", async () => {
  const outcome = await login(lab.bob);
  expect(outcome).toMatchObject({ ok: false, step: "authentik" });
  expect(outcome.reason).toMatch(/access groups/);
});

test("a wrong password: Authentik's own words", async () => {
  const outcome = await login({ ...lab.alice, password: "canary-wrong" });
  expect(outcome).toMatchObject({ ok: false, step: "authentik" });
  expect(outcome.reason).toBe("Authentik says: Invalid password");
  expect(JSON.stringify(outcome)).not.toMatch(/canary/);
});

const broken: [string, () => Promise<unknown>, Partial<LoginOutcome>, RegExp][] = [
  [
    "Invalid redirect URI",
    () => lab.patchProvider({ redirect_uris: lab.redirectUris.slice(1).map(redirectUri) }),
    { step: "authentik" },
    /Redirect URI Error/,
  ],
  [
    "unknown client",
    () => lab.patchProvider({ client_id: "somebody-else" }),
    { step: "authentik" },
    /Client ID Error/,
  ],
  [
    "Client authentication failed",
    () => lab.patchProvider({ client_secret: "changed-by-hand" }),
    { step: "immich-callback", immichAnswered: "HTTP 500: Failed to finish oauth" },
    /refused the login/,
  ],
  [
    "HS256",
    () => lab.patchProvider({ signing_key: null }),
    { step: "immich-callback", immichAnswered: "HTTP 500: Failed to finish oauth" },
    /refused the login/,
  ],
  [
    "no e-mail claim",
    () => lab.muteEmail(),
    {
      step: "immich-callback",
      immichAnswered: "HTTP 400: OAuth profile does not have an email address",
    },
    /refused the login/,
  ],
  [
    "OAuth off",
    () => lab.changeRow({ "oauth.enabled": false }),
    { step: "immich-authorize", immichAnswered: "HTTP 400: OAuth is not enabled" },
    /does not send people/,
  ],
  [
    "proxy hides https",
    () => lab.control("authentik/faults", { forwardedProto: "https" }),
    {
      step: "immich-authorize",
      immichAnswered:
        "HTTP 500: Error in OAuth discovery: ClientError: discovered metadata issuer does not match the expected issuer",
    },
    /does not send people/,
  ],
  [
    "Authentik down",
    async () => void (lab.proxy.down = true),
    {
      step: "immich-authorize",
      immichAnswered:
        "HTTP 500: Error in OAuth discovery: ClientError: unexpected HTTP response status code",
    },
    /does not send people/,
  ],
];

test.each(broken)("%s", async (_name, breakIt, expected, reason) => {
  await breakIt();
  const outcome = await login(lab.carol);
  expect(outcome).toMatchObject({ ok: false, ...expected });
  expect(outcome.reason).toMatch(reason);
});

test("nobody there at all: said, not thrown", async () => {
  const outcome = await loginAs({ immichUrl: "http://127.0.0.1:9", ...lab.alice });
  expect(outcome).toMatchObject({ ok: false, step: "immich-authorize" });
  expect(outcome.immichAnswered).toMatch(/connection refused/);
});
