/** /application/o/authorize/: Authentik's own checks and detours around oidc-provider's endpoint. */
import { randomUUID } from "node:crypto";

import type { Authentik } from "../context";
import type { Call, Reply } from "../http";
import { encodeQuery, html, redirect } from "../http";
import type { ApplicationRow, ProviderRow } from "../model";
import { errorPage, deniedPage } from "../pages/errors";
import type { PendingAuthorization, Session } from "../session";
import type { Store } from "../store";
import { logOut } from "../session";
import { mayUse } from "./access";
import { scopesOf } from "./claims";
import { allowsRedirect, providerByClientId, trustFirstRedirect } from "./clients";
import type { Authorization } from "./engine";
import { authorizeError } from "./errors";

/** The flow that logs people in. */
export const LOGIN_FLOW = "default-authentication-flow";

/** Answers an authorization request, GET or POST. */
export async function authorize(
  authentik: Authentik,
  call: Call,
  session: Session,
): Promise<Reply> {
  const { store, engine } = authentik;
  const query = call.method === "POST" ? new URLSearchParams(call.body) : call.query;
  const provider = providerByClientId(store, query.get("client_id") ?? "");
  if (!provider) {
    return html(
      400,
      errorPage("Client ID Error", "The client identifier (client_id) is missing or invalid."),
    );
  }
  const redirectUri = query.get("redirect_uri") ?? "";
  trustFirstRedirect(provider, redirectUri);
  if (!allowsRedirect(provider, redirectUri)) {
    return html(
      400,
      errorPage(
        "Redirect URI Error",
        "The request fails due to a missing, invalid, or mismatching redirection URI (redirect_uri).",
      ),
    );
  }
  const application = store.applicationOf(provider);
  if (!application) return html(200, deniedPage("Failed to resolve application", undefined));
  const params = withScopes(store, provider, withoutSatisfiedLogin(session, query));
  const login = loginOf(session);
  const outcome = await engine.authorize(provider, call.origin, params, login, false);
  if (outcome.kind === "redirect" || outcome.kind === "refused") return backToClient(outcome);
  if (outcome.kind === "login" || !session.user) {
    return askToLogIn(call, session, application, query);
  }
  if (!mayUse(store, application, session.user)) {
    return html(200, deniedPage("Request has been denied.", session.user));
  }
  return startFlow(authentik, call, session, { provider, application, query: params });
}

/** The login of a session as the OpenID side needs it. */
export function loginOf(
  session: Session,
): { user: NonNullable<Session["user"]>; at: number; sid: string } | undefined {
  const { user, at, sid } = session;
  return user ? { user, at, sid } : undefined;
}

/** The scopes that a client gets: what it asks for of what the provider has; all, when it asks for none. */
function withScopes(store: Store, provider: ProviderRow, query: URLSearchParams): URLSearchParams {
  const offered = scopesOf(store, provider);
  const asked = (query.get("scope") ?? "").split(" ").filter(Boolean);
  const got = asked.length ? offered.filter((scope) => asked.includes(scope)) : offered;
  const rest = new URLSearchParams(query);
  // Authentik issues ID tokens whether or not openid is asked for; oidc-provider wants to be asked.
  rest.set("scope", [...new Set(["openid", ...got])].join(" "));
  return rest;
}

/** `prompt=login` is done with once the user logged in because of it. */
function withoutSatisfiedLogin(session: Session, query: URLSearchParams): URLSearchParams {
  const asked = session.reauthentication;
  const wants = (query.get("prompt") ?? "").split(" ");
  if (!session.user || !wants.includes("login") || asked?.query !== query.toString()) return query;
  session.reauthentication = undefined;
  return withoutPrompt(query, "login");
}

/** The query with one word taken out of its `prompt`. */
export function withoutPrompt(query: URLSearchParams, word: string): URLSearchParams {
  const rest = new URLSearchParams(query);
  const words = (query.get("prompt") ?? "").split(" ").filter((one) => one && one !== word);
  if (words.length) rest.set("prompt", words.join(" "));
  else rest.delete("prompt");
  return rest;
}

function askToLogIn(
  call: Call,
  session: Session,
  application: ApplicationRow,
  query: URLSearchParams,
): Reply {
  logOut(session);
  session.plan = undefined;
  session.application = application;
  session.reauthentication = { query: query.toString(), asked: Date.now() };
  const next = `${call.path}?${encodeQuery(query)}`;
  return redirect(`/if/flow/${LOGIN_FLOW}/?${encodeQuery([...query, ["next", next]])}`);
}

/** Starts the provider's authorization flow; one that asks nothing is passed through at once. */
async function startFlow(
  authentik: Authentik,
  call: Call,
  session: Session,
  authorization: PendingAuthorization,
): Promise<Reply> {
  const { store } = authentik;
  const { provider, query } = authorization;
  const flow = store.flows.get(provider.authorization_flow);
  if (!flow) return html(200, deniedPage("Flow does not apply to current user.", session.user));
  if (flow.steps.length === 0) {
    const to = await fulfil(authentik, call.origin, session, provider, query);
    return to.kind === "redirect" ? backToClient(to) : html(200, deniedPage(to.kind, session.user));
  }
  session.plan = { flow, step: 0, next: undefined, authorization, token: randomUUID() };
  return redirect(`/if/flow/${flow.slug}/?${encodeQuery(call.query)}`);
}

/** Has oidc-provider issue what was asked for, the user having agreed. */
export function fulfil(
  { engine }: Authentik,
  origin: string,
  session: Session,
  provider: ProviderRow,
  query: URLSearchParams,
): Promise<Authorization> {
  return engine.authorize(
    provider,
    origin,
    withoutPrompt(query, "consent"),
    loginOf(session),
    true,
  );
}

function backToClient(outcome: Authorization): Reply {
  if (outcome.kind === "redirect") return redirect(clientLocation(outcome.to));
  const why = "why" in outcome ? outcome.why : "";
  return html(400, errorPage("Request Error", why || "The request is otherwise malformed"));
}

/**
 * The address that the browser goes back to the client with, as Authentik writes it: without the `iss`
 * that oidc-provider adds, errors explained in Authentik's words.
 */
export function clientLocation(to: string): string {
  const at = Math.max(to.indexOf("#"), to.indexOf("?"));
  if (at < 0) return to;
  const given = new URLSearchParams(to.slice(at + 1));
  given.delete("iss");
  const error = given.get("error");
  // Authentik writes an empty state where the client sent none.
  if (given.has("code") && !given.has("state")) given.set("state", "");
  if (error) {
    given.set("error_description", authorizeError(error, given.get("error_description") ?? ""));
  }
  const parts = [...given].map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${to.slice(0, at + 1)}${parts.join("&")}`;
}
