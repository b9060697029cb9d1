/** What clients ask directly: token, userinfo, introspect, revoke. */
import { randomUUID } from "node:crypto";

import type { Authentik } from "../context";
import type { Call, Reply } from "../http";
import { empty, html, json } from "../http";
import { errorPage } from "../pages/errors";
import type { ProviderRow } from "../model";
import { mappingsOf } from "./claims";
import { allowsRedirect, credentialsOf, providerByClientId } from "./clients";
import { INSUFFICIENT_SCOPE, INVALID_TOKEN, tokenError } from "./errors";
import type { Claims } from "./expression";
import type { Collected } from "./inject";
import { claimsIn } from "./jwt";

/** Answers `POST token/`. */
export async function token(authentik: Authentik, call: Call): Promise<Reply> {
  const client = clientOf(authentik, call);
  if (!client) return refusal("invalid_client");
  const { provider, form } = client;
  if (!form.get("grant_type")) return refusal("unsupported_grant_type");
  // A redirect URI that is not on the list is told like a wrong secret, before the code is looked at.
  const wrongUri = !allowsRedirect(provider, form.get("redirect_uri") ?? "");
  if (form.get("grant_type") === "authorization_code" && form.get("code") && wrongUri) {
    return refusal("invalid_client");
  }
  const answer = await authentik.engine.post(provider, call.origin, "token", form);
  const body = JSON.parse(answer.body) as Record<string, unknown>;
  if (typeof body.error === "string") return refused(answer, body);
  const { access_token, id_token, expires_in, ...rest } = body;
  const mapped = new Set(
    mappingsOf(authentik.store, provider).map((mapping) => mapping.scope_name),
  );
  const scopes = String(body.scope ?? "")
    .split(" ")
    .filter((one) => mapped.has(one));
  const claims: Claims =
    typeof id_token === "string" ? claimsIn(id_token) : { aud: provider.client_id };
  return json(200, {
    access_token: authentik.accessTokens.wrap(provider, String(access_token), claims, scopes),
    token_type: "Bearer",
    scope: scopes.join(" "),
    expires_in,
    ...(id_token === undefined ? {} : { id_token }),
    ...(rest.refresh_token === undefined ? {} : { refresh_token: rest.refresh_token }),
  });
}

/** Answers `userinfo/`. */
export async function userinfo(authentik: Authentik, call: Call): Promise<Reply> {
  const bearer = /^Bearer\s+(\S+)$/i.exec(call.headers.authorization ?? "")?.[1];
  const given =
    bearer ?? call.query.get("access_token") ?? new URLSearchParams(call.body).get("access_token");
  const issued = authentik.accessTokens.find(given ?? "");
  if (!issued) return empty(401, { "WWW-Authenticate": INVALID_TOKEN });
  if (!issued.scopes.includes("openid")) {
    return empty(403, { "WWW-Authenticate": INSUFFICIENT_SCOPE });
  }
  const answer = await authentik.engine.userinfo(issued.provider, call.origin, issued.token);
  if (answer.status === 401) return empty(401, { "WWW-Authenticate": INVALID_TOKEN });
  if (answer.status !== 200) return failure(answer);
  const { nonce } = issued.claims;
  const claims = JSON.parse(answer.body) as Claims;
  return json(200, nonce === undefined ? claims : { ...claims, nonce });
}

/** Answers `POST introspect/`. */
export async function introspect(authentik: Authentik, call: Call): Promise<Reply> {
  const client = clientOf(authentik, call);
  if (!client) return json(200, { active: false });
  const { provider, form } = client;
  const issued = authentik.accessTokens.find(form.get("token") ?? "");
  if (issued?.provider !== provider) return json(200, { active: false });
  form.set("token", issued.token);
  const answer = await authentik.engine.post(provider, call.origin, "introspection", form);
  const { active } = JSON.parse(answer.body) as { active?: boolean };
  if (!active) return json(200, { active: false });
  return json(200, {
    ...issued.claims,
    active: true,
    scope: issued.scopes.join(" "),
    client_id: provider.client_id,
  });
}

/** Answers `POST revoke/`. */
export async function revoke(authentik: Authentik, call: Call): Promise<Reply> {
  const client = clientOf(authentik, call);
  if (!client) return refusal("invalid_client");
  const { provider, form } = client;
  const issued = authentik.accessTokens.find(form.get("token") ?? "");
  if (issued) form.set("token", issued.token);
  const answer = await authentik.engine.post(provider, call.origin, "revocation", form);
  if (answer.status === 200) return json(200, {});
  return refused(answer, JSON.parse(answer.body) as Claims);
}

/**
 * The provider that a client's request is for, with the form as oidc-provider takes it: credentials
 * inside, whichever way they came; none for a client that needs none.
 */
function clientOf(
  { store }: Authentik,
  call: Call,
): { provider: ProviderRow; form: URLSearchParams } | undefined {
  const form = new URLSearchParams(call.body);
  const { id, secret } = credentialsOf(call, form);
  const provider = providerByClientId(store, id);
  if (!provider) return undefined;
  form.set("client_id", id);
  form.delete("client_secret");
  if (provider.client_type === "public") return { provider, form };
  // Without a secret of its own, a client proves itself by sending none; oidc-provider would not ask.
  if (provider.client_secret === "") return secret === "" ? { provider, form } : undefined;
  if (secret === "") return undefined;
  form.set("client_secret", secret);
  return { provider, form };
}

function refused(answer: Collected, body: Record<string, unknown>): Reply {
  if (answer.status >= 500) return failure(answer);
  return refusal(String(body.error), String(body.error_description ?? ""));
}

/** Every refusal is a 400, also where the standard says 401. */
function refusal(error: string, otherwise = ""): Reply {
  return json(400, {
    error,
    error_description: tokenError(error, otherwise),
    request_id: randomUUID().replaceAll("-", ""),
  });
}

/** Something broke inside; the log (stderr) says what. */
function failure(answer: Collected): Reply {
  return html(
    answer.status,
    errorPage("Server Error", "The sandbox's Authentik failed; see its log."),
  );
}
