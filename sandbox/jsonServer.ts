/**
 * HTTP on loopback for programs of the same user, and for nobody else: every local user and every web page
 * in a browser on this machine can send a request to 127.0.0.1. Asked for are
 *
 * - a bearer token, which stands only where the user alone can read;
 * - this server's own address in Host: a page whose name was made to point here (DNS rebinding) has another;
 * - no Origin: browsers put one on a page's POST, programs have none;
 * - `application/json`: a page may send text/plain anywhere without asking.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that answers with JSON. */
export interface JsonServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts it.
 *
 * @param handle what answers a request that is allowed; what it throws is answered with 400 and `{"error"}`
 */
export async function serveJson(
  token: string,
  handle: (path: string, body: string) => Promise<unknown>,
): Promise<JsonServer> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: unknown }> => {
    const refused = refusal(request, host, token);
    if (refused) return { status: refused[0], body: { error: refused[1] } };
    try {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      const path = new URL(request.url ?? "/", `http://${host}`).pathname;
      return { status: 200, body: (await handle(path.replace(/^\/|\/$/g, ""), text)) ?? {} };
    } catch (error) {
      return { status: 400, body: { error: error instanceof Error ? error.message : error } };
    }
  };
  server.on("request", (request: IncomingMessage, response) => {
    void answer(request).then(({ status, body }) => {
      // A client that was busy for a while must not find its kept connection closed.
      response.writeHead(status, { connection: "close", "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  return {
    url: `http://${host}`,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Why a request is not allowed: status and text. */
function refusal(
  { method, headers }: IncomingMessage,
  host: string,
  token: string,
): [number, string] | undefined {
  if (headers.host !== host) return [403, "Host has to be this server's own address"];
  if (headers.origin !== undefined) return [403, "not for web pages"];
  if (!equal(headers.authorization ?? "", `Bearer ${token}`)) {
    return [401, "the sandbox's control token is missing or wrong (Authorization: Bearer …)"];
  }
  if (method !== "POST") return [405, "POST only"];
  if (!/^application\/json(;|$)/.test(headers["content-type"] ?? "")) {
    return [415, "Content-Type has to be application/json"];
  }
  return undefined;
}

/** Takes as long whatever the first difference is. */
function equal(given: string, wanted: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}
