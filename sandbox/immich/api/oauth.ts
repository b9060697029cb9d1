/** /api/oauth: the way to the provider and back. */
import type { OAuthAuthorizeResponseDto } from "@immich/sdk";
import { clearCookie, HttpError, type Reply, type Request, type Route, setCookie } from "../http";
import { authenticate, type Immich, requireText } from "../immich";
import { userOf } from "../login";
import type { JsonObject } from "../merge";
import { section } from "../settings";
import { loggedIn } from "./auth";
import { userDto } from "./users";

const STATE = "immich_oauth_state";
const VERIFIER = "immich_oauth_code_verifier";

/** The routes. */
export function oauthRoutes(immich: Immich): Route[] {
  const post = (path: string, does: string, handle: Route["handle"]): Route => ({
    method: "POST",
    path: `/api/oauth/${path}`,
    does,
    handle,
  });
  return [
    post("authorize", "start oauth", (request) => authorize(immich, request)),
    post("callback", "finish oauth", (request) => callback(immich, request)),
    post("link", "link oauth account", (request) => link(immich, request)),
    ...(immich.traits.promptAndLogout
      ? [
          post("backchannel-logout", "logout oauth account", (request) =>
            backchannelLogout(immich, request),
          ),
        ]
      : []),
    post("unlink", "unlink oauth account", (request) => unlink(immich, request)),
    {
      method: "GET",
      path: "/api/oauth/mobile-redirect",
      does: "redirect oauth to mobile",
      handle: ({ url }) => ({
        status: 307,
        headers: { Location: `${immich.traits.appRedirect}${url.search || "?"}` },
      }),
    },
  ];
}

async function authorize(immich: Immich, request: Request): Promise<Reply> {
  const { body, id, secure } = request;
  const [redirectUri = ""] = requireText(body, "redirectUri");
  const oauth = await read(immich, request);
  if (!oauth["enabled"]) throw new HttpError(400, "OAuth is not enabled");
  const { url, state, verifier } = await immich.oauth.authorize(
    oauth,
    resolve(oauth, redirectUri),
    id,
    { state: optionalText(body, "state"), codeChallenge: optionalText(body, "codeChallenge") },
  );
  const answer: OAuthAuthorizeResponseDto = { url };
  if (state === undefined) return { status: 201, json: answer };
  return {
    status: 201,
    json: answer,
    cookies: [
      setCookie(STATE, state, { secure }),
      // Express writes null as JSON.
      setCookie(VERIFIER, verifier ?? "j:null", { secure }),
    ],
  };
}

async function callback(immich: Immich, request: Request): Promise<Reply> {
  const { traits } = immich;
  requireText(request.body, "url");
  const oauth = await read(immich, request);
  if (traits.callbackChecksEnabled && !oauth["enabled"]) {
    throw new HttpError(400, "OAuth is not enabled");
  }
  const { profile, session } = await exchange(immich, request, oauth);
  const user = await userOf(profile, oauth, { ...immich, id: request.id });
  const reply = await loggedIn(immich, request, user, "oauth", session);
  const used = traits.strictOidc ? [clearCookie(STATE), clearCookie(VERIFIER)] : [];
  return { ...reply, cookies: [...used, ...(reply.cookies ?? [])] };
}

async function link(immich: Immich, request: Request): Promise<Reply> {
  const { people, traits, log } = immich;
  const { user } = await authenticate(immich, request);
  requireText(request.body, "url");
  const oauth = await read(immich, request);
  const {
    profile: { sub },
  } = await exchange(immich, request, oauth);
  const owner = await people.byOauthId(sub);
  if (owner !== undefined && owner.id !== user.id) {
    log.write(
      "WARN",
      "AuthService",
      `OAuth link account failed: sub is already linked to another user (${owner.email}).`,
      request.id,
    );
    throw new HttpError(400, "This OAuth account has already been linked to another user.");
  }
  return { status: 201, json: userDto(await people.update(user.id, { oauthId: sub }), traits) };
}

/** The provider says that a session has ended there: it is over here too. */
async function backchannelLogout(immich: Immich, request: Request): Promise<Reply> {
  const [token = ""] = requireText(request.body, "logout_token");
  const oauth = await read(immich, request);
  if (!oauth["enabled"]) {
    throw new HttpError(400, "Received backchannel logout request but OAuth is not enabled");
  }
  const claims = await immich.oauth.endedSession(oauth, token, request.id);
  if (!claims.sub && !claims.sid) {
    throw new HttpError(400, "Invalid logout token: it must contain either a sub or a sid claim");
  }
  await immich.people.closeOauthSessions(claims);
  return { status: 200 };
}

async function unlink(immich: Immich, request: Request): Promise<Reply> {
  const { people, traits } = immich;
  const { user } = await authenticate(immich, request);
  return { status: 200, json: userDto(await people.update(user.id, { oauthId: "" }), traits) };
}

/** Redeems the code with what the cookies (or the app, in the body) remember. */
async function exchange(immich: Immich, request: Request, oauth: JsonObject) {
  const { body, cookies, id } = request;
  const url = resolve(oauth, String(body["url"]));
  if (!immich.traits.strictOidc) {
    const state = new URL(url).searchParams.get("state") ?? "";
    return immich.oauth.profile(oauth, url, { state, verifier: "" }, id);
  }
  const state = optionalText(body, "state") ?? cookies[STATE];
  if (!state) throw new HttpError(400, "OAuth state is missing");
  const verifier = optionalText(body, "codeVerifier") ?? cookies[VERIFIER];
  if (!verifier) throw new HttpError(400, "OAuth code verifier is missing");
  return immich.oauth.profile(oauth, url, { state, verifier }, id);
}

async function read({ settings }: Immich, { id }: Request): Promise<JsonObject> {
  return section(await settings.read({ context: "AuthService", id }), "oauth");
}

/** The app's address, replaced by the configured one when the override is on. */
function resolve(oauth: JsonObject, url: string): string {
  const override = oauth["mobileRedirectUri"];
  if (!oauth["mobileOverrideEnabled"] || typeof override !== "string" || override === "")
    return url;
  return url.replace(/^app\.immich:\/+oauth-callback/, override);
}

function optionalText(body: Request["body"], name: string): string | undefined {
  const value = body[name];
  return typeof value === "string" ? value : undefined;
}
