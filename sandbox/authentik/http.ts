/** Requests and answers as the sandbox's Authentik sees them: plain data, easy to test. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** One request. */
export interface Call {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** `http://host:port` as the browser sees it: from the Host and X-Forwarded-* headers. */
  readonly origin: string;
}

/** One answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

const HTML = "text/html; charset=utf-8";

/** A JSON answer. */
export function json(status: number, body: unknown): Reply {
  return {
    status,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
}

/** A page. */
export function html(status: number, body: string): Reply {
  return { status, headers: { "Content-Type": HTML }, body };
}

/** An answer without a body, as Django gives them: still "text/html". */
export function empty(status: number, headers: Record<string, string> = {}): Reply {
  return { status, headers: { "Content-Type": HTML, ...headers }, body: "" };
}

/** A 204: no body, no type. */
export function noContent(): Reply {
  return { status: 204, headers: {}, body: "" };
}

/** Sends the browser elsewhere. */
export function redirect(location: string): Reply {
  return empty(302, { Location: location });
}

/** Adds headers to an answer. */
export function withHeaders(reply: Reply, headers: Record<string, string | string[]>): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** Values of the Cookie header. */
export function cookies(call: Call): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of (call.headers.cookie ?? "").split(";")) {
    const at = part.indexOf("=");
    if (at > 0) found[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return found;
}

/**
 * Encodes a query as Python's `urlencode` does, which Authentik uses: a space becomes `+`, `~` stays,
 * `*` does not.
 */
export function encodeQuery(pairs: Iterable<readonly [string, string]>): string {
  return [...pairs].map(([name, value]) => `${quote(name)}=${quote(value)}`).join("&");
}

function quote(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, "+");
}

/** A part of a path, decoded; as it is where it cannot be. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Reads a request; a body above a megabyte is cut off, nothing here needs one. */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= 1_048_576) chunks.push(chunk);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  const target = request.url ?? "/";
  const at = target.indexOf("?");
  return {
    method: request.method ?? "GET",
    target,
    path: at < 0 ? target : target.slice(0, at),
    query: new URLSearchParams(at < 0 ? "" : target.slice(at + 1)),
    headers,
    body: Buffer.concat(chunks).toString("utf8"),
    origin: originOf(headers),
  };
}

/** Authentik builds its own address from what the proxy in front of it sends. */
function originOf(headers: Record<string, string>): string {
  const protocol = first(headers["x-forwarded-proto"]) === "https" ? "https" : "http";
  return `${protocol}://${first(headers["x-forwarded-host"]) || headers.host || "localhost"}`;
}

function first(list: string | undefined): string {
  return (list ?? "").split(",")[0]?.trim() ?? "";
}

/** Writes an answer. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(reply.status === 204 ? {} : { "Content-Length": Buffer.byteLength(reply.body) }),
  });
  response.end(reply.body);
}
