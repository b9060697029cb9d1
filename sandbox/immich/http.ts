/** A small HTTP server with NestJS's manners: its error bodies, its cookies, its correlation ids. */
import { randomInt } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Reply, Request } from "./exchange";
import { CONTROL, type FaultControl } from "./faults";

export type { Reply, Request } from "./exchange";

/** Something that answers one method and path. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** May end in a parameter: /api/api-keys/:id. */
  readonly path: string;
  /** In words what it does: an unforeseen error is answered with "Failed to …". */
  readonly does: string;
  readonly handle: (request: Request) => Reply | Promise<Reply>;
}

/** An answer that is an error, in NestJS's form. */
export class HttpError extends Error {
  /**
   * @param reason the `error` of the body; null leaves it out, as NestJS does for errors with a cause.
   * @param errors the `errors` of the body, each with its `path`.
   */
  constructor(
    readonly status: number,
    readonly content: string | readonly string[],
    readonly reason: string | null = REASONS[status] ?? null,
    readonly errors?: object,
  ) {
    super(typeof content === "string" ? content : content.join(", "));
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
};

/** How errors are answered and where unforeseen ones are told. */
export interface Manners {
  /** Whether error bodies carry the request's id. */
  readonly correlation: boolean;
  /** Whether error bodies have a `message` (and `errors`) and nothing else. */
  readonly bareErrors: boolean;
  /** What breaks answers on purpose. */
  readonly faults: FaultControl;
  readonly unforeseen: (error: unknown, request: Request) => void;
}

/** Makes the server; `fallback` answers a GET that no route does. */
export function serve(
  routes: readonly Route[],
  fallback: (request: Request) => Reply | undefined,
  manners: Manners,
): Server {
  const find = finder(routes);
  const server = createServer((incoming, response) => {
    void answer(incoming, response);
  });
  // A client that was busy for a while must not find its kept connection closed.
  server.keepAliveTimeout = 60_000;
  return server;

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    if (request.url.pathname.startsWith(CONTROL))
      return send(response, manners.faults.answer(request));
    const { reply, connection } = await manners.faults.meet(request, () => replyTo(request));
    // A stalled request is never answered; its client goes away when it will.
    if (connection === "stall") return;
    if (connection === "cut") incoming.socket.destroy();
    else if (connection === "cut-within") sendHalf(response, reply);
    else send(response, reply);
  }

  async function replyTo(request: Request): Promise<Reply> {
    const found = find(request);
    try {
      if (found !== undefined) return await found.route.handle({ ...request, ...found });
      return (request.method === "GET" && fallback(request)) || missing(request);
    } catch (error) {
      return failure(error, found?.route, request);
    }
  }

  function missing({ method, url }: Request): never {
    throw new HttpError(404, `Cannot ${method} ${url.pathname}`);
  }

  function failure(error: unknown, route: Route | undefined, request: Request): Reply {
    let told = error;
    if (!(told instanceof HttpError)) {
      manners.unforeseen(error, request);
      told = new HttpError(500, `Failed to ${route?.does ?? "answer"}`);
    }
    const { status, content, reason, errors } = told as HttpError;
    if (manners.bareErrors) return { status, json: { message: content, errors } };
    return {
      status,
      json: {
        message: content,
        ...(reason === null ? {} : { error: reason }),
        statusCode: status,
        ...(manners.correlation ? { correlationId: request.id } : {}),
      },
    };
  }
}

/** Finds the route of a request, by its whole path or by all but the last step. */
function finder(routes: readonly Route[]) {
  const table = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]));
  const open = routes.filter(({ path }) => path.includes("/:"));
  return ({ method, url: { pathname } }: Request) => {
    const exact = table.get(`${method} ${pathname}`);
    if (exact !== undefined) return { route: exact, parameters: {} };
    const [, start, last = ""] = /^(.*\/)([^/]+)$/.exec(pathname) ?? [];
    for (const route of open) {
      const [before, name = ""] = route.path.split(":");
      if (route.method !== method || before !== start) continue;
      return { route, parameters: { [name]: decode(last) } };
    }
    return undefined;
  };
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    method: incoming.method ?? "GET",
    url: new URL(incoming.url ?? "/", "http://immich.invalid"),
    headers: incoming.headers,
    cookies: readCookies(incoming.headers.cookie ?? ""),
    parameters: {},
    body: readBody(Buffer.concat(chunks).toString(), incoming.headers["content-type"]),
    id: Array.from({ length: 8 }, () => randomInt(36).toString(36)).join(""),
    secure: incoming.headers["x-forwarded-proto"] === "https",
  };
}

/** JSON or a form. Any page may send text/plain anywhere without asking; NestJS reads no JSON from it. */
function readBody(text: string, type = ""): Record<string, unknown> {
  if (/^application\/x-www-form-urlencoded(;|$)/.test(type))
    return Object.fromEntries(new URLSearchParams(text));
  if (!/^application\/json(;|$)/.test(type)) return {};
  try {
    const body: unknown = JSON.parse(text || "{}");
    return typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function readCookies(header: string): Record<string, string> {
  return Object.fromEntries(
    header.split(/;\s*/).flatMap((pair) => {
      const at = pair.indexOf("=");
      return at < 1 ? [] : [[pair.slice(0, at), decode(pair.slice(at + 1))]];
    }),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function send(response: ServerResponse, reply: Reply): void {
  response.statusCode = reply.status ?? 200;
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (reply.cookies !== undefined) response.setHeader("Set-Cookie", [...reply.cookies]);
  if (reply.json !== undefined) {
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.end(JSON.stringify(reply.json));
  } else {
    if (reply.text !== undefined) response.setHeader("Content-Type", reply.text.type);
    response.end(reply.text?.body);
  }
}

/** Half of the answer's body, then the connection is cut. */
function sendHalf(response: ServerResponse, { status, json }: Reply): void {
  const body = Buffer.from(JSON.stringify(json ?? {}));
  response.writeHead(status ?? 200, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": body.length,
  });
  response.write(body.subarray(0, body.length / 2), () => response.destroy());
}

/** Immich keeps its cookies for 400 days. */
const COOKIE_SECONDS = 34_560_000;

/** A Set-Cookie value as Express writes it. */
export function setCookie(
  name: string,
  value: string,
  { secure, httpOnly = true }: { secure: boolean; httpOnly?: boolean },
): string {
  const expires = new Date(Date.now() + COOKIE_SECONDS * 1000).toUTCString();
  return [
    `${name}=${encodeURIComponent(value)}; Max-Age=${COOKIE_SECONDS}; Path=/; Expires=${expires}`,
    ...(httpOnly ? ["HttpOnly"] : []),
    ...(secure ? ["Secure"] : []),
    "SameSite=Lax",
  ].join("; ");
}

/** A Set-Cookie value that takes the cookie away. */
export function clearCookie(name: string): string {
  return `${name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT`;
}
