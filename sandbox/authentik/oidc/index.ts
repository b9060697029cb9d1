/** /application/o/: the OpenID endpoints by path. */
import { randomUUID } from "node:crypto";

import type { Authentik } from "../context";
import type { Call, Reply } from "../http";
import { decodePart, empty, html, json, redirect, withHeaders } from "../http";
import { notFoundPage } from "../pages/errors";
import type { Session } from "../session";
import { authorize } from "./authorize";
import { introspect, revoke, token, userinfo } from "./backchannel";
import { providerBySlug } from "./clients";
import { discovery, jwks } from "./discovery";

/** Where the OpenID endpoints begin. */
export const OIDC = "/application/o/";

const POST_ONLY: Readonly<Record<string, (authentik: Authentik, call: Call) => Promise<Reply>>> = {
  "token/": token,
  "introspect/": introspect,
  "revoke/": revoke,
};

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization, content-type",
  "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
};

/** Answers a request below /application/o/. */
export async function answerOidc(
  authentik: Authentik,
  call: Call,
  session: Session,
): Promise<Reply> {
  const path = call.path.slice(OIDC.length);
  if (path === "authorize/") {
    return ["GET", "POST"].includes(call.method) ? authorize(authentik, call, session) : empty(405);
  }
  if (call.method === "OPTIONS") return withHeaders(empty(200), CORS);
  const posted = POST_ONLY[path];
  if (posted) {
    return call.method === "POST" ? withHeaders(await posted(authentik, call), CORS) : empty(405);
  }
  if (path === "userinfo/") return withHeaders(await userinfo(authentik, call), CORS);
  const [slug = "", ...rest] = path.split("/");
  return bySlug(authentik, call, session, decodePart(slug), rest.join("/"));
}

function bySlug(
  authentik: Authentik,
  call: Call,
  session: Session,
  slug: string,
  rest: string,
): Reply {
  const { store } = authentik;
  const provider = providerBySlug(store, slug);
  if (!provider) return html(404, notFoundPage());
  if (rest === "end-session/") return endSession(authentik, call, session, slug);
  if (call.method !== "GET") return empty(405);
  switch (rest) {
    case "":
      return redirect(`${OIDC}${slug}/.well-known/openid-configuration`);
    case ".well-known/openid-configuration":
      return withHeaders(json(200, discovery(store, provider, slug, call.origin)), CORS);
    case "jwks/":
      return withHeaders(json(200, jwks(store, provider)), CORS);
    default:
      return html(404, notFoundPage());
  }
}

/** Logging out by the client's wish: the provider's invalidation flow. */
function endSession(authentik: Authentik, call: Call, session: Session, slug: string): Reply {
  const { store } = authentik;
  const provider = providerBySlug(store, slug);
  const flow = store.flows.get(provider?.invalidation_flow);
  if (!provider || !flow) return html(404, notFoundPage());
  const params = call.method === "POST" ? new URLSearchParams(call.body) : call.query;
  const wanted = params.get("post_logout_redirect_uri");
  const allowed = provider.redirect_uris.some(
    (one) => one.redirect_uri_type === "logout" && one.url === wanted,
  );
  session.plan = {
    flow,
    step: 0,
    next: wanted && allowed ? withState(wanted, params.get("state")) : undefined,
    leaving: store.applicationOf(provider),
    token: randomUUID(),
  };
  return redirect(`/if/flow/${flow.slug}/`);
}

function withState(uri: string, state: string | null): string {
  if (state === null) return uri;
  return `${uri}${uri.includes("?") ? "&" : "?"}state=${encodeURIComponent(state)}`;
}
