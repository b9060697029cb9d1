/** Providers with one oddity each, by the first part of their path: those of the recorded exchanges. */
import { createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The odd providers, on one port. */
export interface OddProviders {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  close(): Promise<void>;
}

const CLIENT = "immich";
const SECRET = "secret";

/** Starts them. */
export async function startOddProviders(): Promise<OddProviders> {
  const server = createServer((request, response) => {
    void answer(request, response, url());
  });
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: url(),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
): Promise<void> {
  for await (const chunk of request) void chunk;
  const { pathname, searchParams } = new URL(request.url ?? "/", origin);
  const oddity = pathname.split("/")[1] ?? "";
  const base = `${origin}/${oddity}`;
  const issuer = oddity === "authentik" ? `${base}/application/o/immich/` : base;
  const json = (body: unknown): void => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(body));
  };

  if (pathname.endsWith("/.well-known/openid-configuration")) {
    if (misdiscovers(oddity, response)) return;
    return json(metadata(oddity, issuer, base));
  }
  if (pathname === `/${oddity}/auth`) {
    const back = new URL(searchParams.get("redirect_uri") ?? origin);
    back.searchParams.set("code", randomBytes(8).toString("hex"));
    back.searchParams.set("state", searchParams.get("state") ?? "");
    response.writeHead(302, { location: back.href });
    response.end();
    return;
  }
  const person = { sub: `fake-${oddity}`, email: `fake-${oddity}@example.test` };
  if (pathname === `/${oddity}/token`) {
    const idToken = oddity === "noidtoken" ? {} : { id_token: token(oddity, issuer, person.sub) };
    return json({ access_token: "access", token_type: "Bearer", expires_in: 300, ...idToken });
  }
  if (pathname === `/${oddity}/userinfo`) return json({ ...person, name: `Fake ${oddity}` });
  response.statusCode = 404;
  response.end();
}

/** Answers a discovery in a way of its own; false when the oddity is elsewhere. */
function misdiscovers(oddity: string, response: ServerResponse): boolean {
  switch (oddity) {
    case "redirect":
      response.writeHead(302, { location: "/authentik/.well-known/openid-configuration" }).end();
      return true;
    case "html":
      response.setHeader("content-type", "text/html").end("<html></html>");
      return true;
    case "htmljson":
      response.setHeader("content-type", "application/json").end("<html></html>");
      return true;
    case "e503":
      response.writeHead(503).end("not ready");
      return true;
    default:
      // Never an answer.
      return oddity === "hang";
  }
}

function metadata(oddity: string, issuer: string, base: string): object {
  return {
    issuer,
    ...(oddity === "noauthz" ? {} : { authorization_endpoint: `${base}/auth` }),
    token_endpoint: `${base}/token`,
    ...(oddity === "nouserinfo" ? {} : { userinfo_endpoint: `${base}/userinfo` }),
    jwks_uri: `${base}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["HS256", "RS256", "none"],
    ...(oddity === "nopkce" ? {} : { code_challenge_methods_supported: ["S256"] }),
  };
}

function token(oddity: string, issuer: string, sub: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: oddity === "badiss" ? "http://other" : issuer,
    sub,
    aud: oddity === "badaud" ? "other" : CLIENT,
    exp: oddity === "expired" ? now - 600 : now + 300,
    iat: now,
  };
  const alg = oddity === "none" || oddity === "nopkce" ? "none" : "HS256";
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  if (alg === "none") return `${signed}.`;
  const key = oddity === "hsbadsig" ? "another" : SECRET;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}
