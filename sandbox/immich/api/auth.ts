/** /api/auth: setting up the admin, logging in with a password, logging out. */
import type { LoginResponseDto, LogoutResponseDto } from "@immich/sdk";
import { clearCookie, HttpError, type Reply, type Request, type Route, setCookie } from "../http";
import { authenticate, type Immich, requireText, sessionToken } from "../immich";
import type { OauthSession, User } from "../people";
import { section } from "../settings";
import { userDto } from "./users";

/** The routes. */
export function authRoutes(immich: Immich): Route[] {
  return [
    {
      method: "POST",
      path: "/api/auth/admin-sign-up",
      does: "sign up admin",
      handle: (request) => signUp(immich, request),
    },
    {
      method: "POST",
      path: "/api/auth/login",
      does: "login",
      handle: (request) => login(immich, request),
    },
    {
      method: "POST",
      path: "/api/auth/logout",
      does: "logout",
      handle: (request) => logout(immich, request),
    },
    {
      method: "POST",
      path: "/api/auth/validateToken",
      does: "validate access token",
      async handle(request) {
        await authenticate(immich, request);
        return { json: { authStatus: true } };
      },
    },
  ];
}

async function signUp({ people, traits }: Immich, { body }: Request): Promise<Reply> {
  const [email = "", password = "", name = ""] = requireText(body, "email", "password", "name");
  if (await people.hasAdmin()) throw new HttpError(400, "The server already has an admin");
  const admin = await people.create({
    email,
    password,
    name,
    isAdmin: true,
    storageLabel: "admin",
  });
  return { status: 201, json: userDto(admin, traits) };
}

async function login(immich: Immich, request: Request): Promise<Reply> {
  const { settings, people, log } = immich;
  const [email = "", password = ""] = requireText(request.body, "email", "password");
  const config = await settings.read({ context: "AuthService", id: request.id });
  if (!section(config, "passwordLogin")["enabled"]) {
    throw new HttpError(401, "Password login has been disabled");
  }
  const user = await people.byPassword(email, password);
  if (user === undefined) {
    log.write("WARN", "AuthService", `Failed login attempt for user ${email}`, request.id);
    throw new HttpError(401, "Incorrect email or password");
  }
  return loggedIn(immich, request, user, "password");
}

/** The answer to a login of either kind: a session, in the body and in cookies. */
export async function loggedIn(
  { people, traits }: Immich,
  { secure }: Request,
  user: User,
  kind: "password" | "oauth",
  session: OauthSession = {},
): Promise<Reply> {
  const accessToken = await people.openSession(user, session);
  const { isOnboarded, ...rest }: LoginResponseDto = {
    accessToken,
    userId: user.id,
    userEmail: user.email,
    name: user.name,
    isAdmin: user.isAdmin,
    profileImagePath: "",
    shouldChangePassword: user.shouldChangePassword,
    isOnboarded: user.isOnboarded,
  };
  return {
    status: 201,
    json: traits.onboarding ? { ...rest, isOnboarded } : rest,
    cookies: [
      setCookie("immich_access_token", accessToken, { secure }),
      setCookie("immich_auth_type", kind, { secure }),
      setCookie("immich_is_authenticated", "true", { secure, httpOnly: false }),
    ],
  };
}

async function logout(immich: Immich, request: Request): Promise<Reply> {
  await authenticate(immich, request);
  const token = sessionToken(request);
  const idToken = token === undefined ? undefined : await immich.people.idTokenOf(token);
  if (token !== undefined) await immich.people.closeSession(token);
  const answer: LogoutResponseDto = {
    successful: true,
    redirectUri: await afterLogout(immich, request, idToken),
  };
  return {
    json: answer,
    cookies: ["immich_access_token", "immich_auth_type", "immich_is_authenticated"].map(
      clearCookie,
    ),
  };
}

async function afterLogout(
  { settings, oauth }: Immich,
  request: Request,
  idToken: string | undefined,
): Promise<string> {
  const local = "/auth/login?autoLaunch=0";
  if (request.cookies["immich_auth_type"] !== "oauth") return local;
  const config = await settings.read({ context: "AuthService", id: request.id });
  const configured = section(config, "oauth");
  if (!configured["enabled"]) return local;
  const endpoint = await oauth.logoutEndpoint(configured, request.id);
  if (endpoint === undefined || idToken === undefined) return endpoint ?? local;
  const url = new URL(endpoint);
  url.searchParams.set("id_token_hint", idToken);
  return url.toString();
}
