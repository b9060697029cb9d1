/** /api/v3/: who asks, which path, which method; then the resource's own handler. */
import type { Call, Reply } from "../http";
import { decodePart, empty, html } from "../http";
import type { UserRow } from "../model";
import { errorPage, notFoundPage } from "../pages/errors";
import { TooLong } from "../oidc/duration";
import type { Store } from "../store";
import { applicationRoutes } from "./applications";
import { bindingRoutes } from "./bindings";
import { readJson } from "./body";
import { certificateRoutes } from "./certificates";
import { flowRoutes } from "./flows";
import { groupRoutes } from "./groups";
import { mappingRoutes } from "./mappings";
import { providerRoutes } from "./providers";
import type { ApiRoute, Method } from "./route";
import { detail, Refusal } from "./route";
import { isPermitted, roleRoutes } from "./roles";
import { systemRoutes } from "./system";
import { tokenRoutes } from "./tokens";
import { userRoutes } from "./users";

/** Where the API begins. */
export const API = "/api/v3/";

const ROUTES: readonly ApiRoute[] = [
  ...systemRoutes,
  ...flowRoutes,
  ...mappingRoutes,
  ...certificateRoutes,
  ...providerRoutes,
  ...applicationRoutes,
  ...groupRoutes,
  ...bindingRoutes,
  ...userRoutes,
  ...tokenRoutes,
  ...roleRoutes,
];

/** Who asks where no token is needed. */
const NOBODY: UserRow = {
  pk: 0,
  username: "",
  name: "",
  email: "",
  is_active: false,
  last_login: null,
  date_joined: "",
  path: "",
  type: "internal",
  uuid: "",
  password_change_date: "",
  last_updated: "",
  attributes: {},
  password: null,
};

/** Answers a request below /api/v3/. */
export function answerApi(store: Store, call: Call): Reply {
  const found = match(call.path.slice(API.length));
  // A path that is none, also one without its slash at the end, falls through to Authentik's web
  // interface, which knows GET only.
  if (!found) return call.method === "GET" ? html(404, notFoundPage()) : empty(405);
  const { route, params } = found;
  const who = authenticate(store, call);
  if (route.access !== "everyone") {
    if ("refused" in who) return detail(403, who.refused);
    if (route.access !== "users" && !isPermitted(store, who.user, route.path, call.method)) {
      return detail(403, "You do not have permission to perform this action.");
    }
  }
  const handler = route.handlers[call.method as Method];
  if (!handler) return detail(405, `Method "${call.method}" not allowed.`);
  const user = "user" in who ? who.user : undefined;
  try {
    return handler({ store, call, user: user ?? NOBODY, params, body: () => readJson(call) });
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    if (error instanceof TooLong) return html(500, errorPage("Server Error", error.message));
    throw error;
  }
}

function match(path: string): { route: ApiRoute; params: Record<string, string> } | undefined {
  const asked = path.split("/");
  for (const route of ROUTES) {
    const parts = route.path.split("/");
    if (parts.length !== asked.length) continue;
    const params: Record<string, string> = {};
    const fits = parts.every((part, at) => {
      const given = asked[at] ?? "";
      if (!part.startsWith(":")) return part === given;
      if (given === "") return false;
      params[part.slice(1)] = decodePart(given);
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}

function authenticate(store: Store, call: Call): { user: UserRow } | { refused: string } {
  const [scheme = "", key = ""] = (call.headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || !key) {
    return { refused: "Authentication credentials were not provided." };
  }
  const token = store.tokens.find((row) => row.key === key && row.intent === "api");
  const alive =
    token && (!token.expiring || !token.expires || Date.parse(token.expires) > Date.now());
  const user = alive ? store.users.get(token.user) : undefined;
  return user?.is_active ? { user } : { refused: "Token invalid/expired" };
}
