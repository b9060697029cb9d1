/**
 * The OpenID provider of the recorded exchanges: `oidc-provider`, an ES module and so a process of its
 * own. It logs in whomever `PUT /next` names and asks nothing. Prints {"port":N}; ends with its stdin.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type Provider from "oidc-provider";

const SECRET = "secret-0123456789abcdef0123456789abcdef";
const WEB = [
  "http://127.0.0.1:2283/auth/login",
  "http://127.0.0.1:2283/user-settings",
  "http://127.0.0.1:2283/api/oauth/mobile-redirect",
  "https://photos.example.test/api/oauth/mobile-redirect",
];

const client = (client_id: string, more: object = {}) => ({
  client_id,
  client_secret: `${client_id}-${SECRET}`,
  redirect_uris: WEB,
  grant_types: ["authorization_code"],
  response_types: ["code" as const],
  ...more,
});

async function main(): Promise<void> {
  const { default: OidcProvider } = await import("oidc-provider");
  let next = "alice";
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;

  const provider = new OidcProvider(`http://127.0.0.1:${port}/oidc`, {
    clients: [
      client("immich", { token_endpoint_auth_method: "client_secret_post" }),
      client("immich-native", {
        application_type: "native",
        redirect_uris: ["app.immich:///oauth-callback"],
        token_endpoint_auth_method: "client_secret_post",
      }),
      client("immich-hs", { id_token_signed_response_alg: "HS256" }),
      client("immich-basic", { token_endpoint_auth_method: "client_secret_basic" }),
      client("immich-public", { token_endpoint_auth_method: "none", client_secret: undefined }),
      client("immich-uijwt", { userinfo_signed_response_alg: "RS256" }),
    ],
    claims: {
      openid: ["sub"],
      email: ["email"],
      profile: ["name", "preferred_username", "immich_quota", "immich_role"],
    },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "HS256"] },
    features: {
      devInteractions: { enabled: false },
      jwtUserinfo: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    pkce: { required: () => false },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    cookies: { keys: ["replay"] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => claimsOf(id) }),
  });
  const answer = provider.callback();
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "/";
    if (path.startsWith("/next/")) {
      next = path.slice("/next/".length);
      response.end();
    } else if (path.startsWith("/interaction/")) {
      interact(provider, request, response, next).catch((error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      });
    } else {
      request.url = path.replace(/^\/oidc(?=\/)/, "");
      Object.assign(request, { originalUrl: path });
      void answer(request, response);
    }
  });
  process.stdout.write(`${JSON.stringify({ port })}\n`);
}

/** Says yes to whatever is asked. */
async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  user: string,
): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    await provider.interactionFinished(request, response, { login: { accountId: user } });
    return;
  }
  const grant =
    grantId === undefined
      ? new provider.Grant({ accountId: session?.accountId, clientId: String(params["client_id"]) })
      : ((await provider.Grant.find(grantId)) as InstanceType<Provider["Grant"]>);
  const missing = prompt.details as { missingOIDCScope?: string[]; missingOIDCClaims?: string[] };
  if (missing.missingOIDCScope) grant.addOIDCScope(missing.missingOIDCScope.join(" "));
  if (missing.missingOIDCClaims) grant.addOIDCClaims(missing.missingOIDCClaims);
  await provider.interactionFinished(request, response, {
    consent: { grantId: await grant.save() },
  });
}

function claimsOf(id: string) {
  return {
    sub: id,
    name: `User ${id}`,
    preferred_username: id,
    ...(id === "noemail" ? {} : { email: `${id}@example.test` }),
    ...(id === "quota" ? { immich_quota: 7 } : {}),
    ...(id.startsWith("boss") ? { immich_role: "admin" } : {}),
  };
}

process.stdin.on("end", () => process.exit(0)).resume();
void main();
