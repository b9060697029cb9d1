// One HTTP request, as the checks need it: no redirect is followed, every step has a time-out, nothing
// is thrown, and whatever came back can be said in one line without a secret.
import * as http from "node:http";
import * as https from "node:https";

/** A server answered. */
export interface Answer {
  readonly kind: "answer";
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  readonly location?: string;
  readonly cookies: readonly string[];
  /** Seconds that the server's clock (header Date) is ahead of ours, if it sent one. */
  readonly aheadSeconds?: number;
  readonly body: string;
  /** The body, parsed, when it is JSON. */
  readonly json?: unknown;
}

/** No server answered. */
export interface Failure {
  readonly kind: "failure";
  readonly url: string;
  readonly why: "refused" | "dns" | "tls" | "timeout" | "reset" | "unreachable" | "url";
  readonly detail: string;
  /** Node's name for it, e.g. "ECONNREFUSED", "CERT_HAS_EXPIRED"; empty where there is none. */
  readonly code: string;
}

export type Reply = Answer | Failure;

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds until the last byte. Default 10 000. */
  readonly timeoutMs?: number;
}

const LARGEST_BODY = 2_000_000;

/** Sends one request and says what came back; never throws, follows no redirect. */
export function request(url: string, options: RequestOptions = {}): Promise<Reply> {
  let target: URL;
  try {
    target = new URL(url);
    if (!/^https?:$/.test(target.protocol)) throw new Error("not http or https");
  } catch {
    return Promise.resolve({
      kind: "failure",
      url,
      why: "url",
      detail: `not a URL: ${url}`,
      code: "",
    });
  }
  const timeoutMs = options.timeoutMs ?? 10_000;
  return new Promise((resolve) => {
    let settled = false;
    const finish = (reply: Reply) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      resolve(reply);
      call.destroy();
    };
    const call = (target.protocol === "https:" ? https : http).request(target, {
      method: options.method ?? "GET",
      agent: false,
      headers: {
        accept: "application/json, text/html;q=0.9, */*;q=0.5",
        ...(options.body === undefined
          ? {}
          : { "content-length": String(Buffer.byteLength(options.body)) }),
        ...options.headers,
      },
    });
    const timer = setTimeout(
      () =>
        finish({
          kind: "failure",
          url,
          why: "timeout",
          code: "",
          detail: `no answer from ${target.host} within ${Math.round(timeoutMs / 100) / 10} s`,
        }),
      timeoutMs,
    );
    call.on("error", (error: NodeJS.ErrnoException) => finish(failure(url, target, error)));
    call.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = () => finish(answer(url, response, Buffer.concat(chunks).toString("utf8")));
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > LARGEST_BODY) done();
      });
      response.on("end", done);
      response.on("error", (error: NodeJS.ErrnoException) => finish(failure(url, target, error)));
    });
    call.end(options.body);
  });
}

function answer(url: string, response: http.IncomingMessage, body: string): Answer {
  const contentType = (response.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  let json: unknown;
  if (/json$/.test(contentType)) {
    try {
      json = JSON.parse(body);
    } catch {
      json = undefined;
    }
  }
  const date = response.headers.date === undefined ? NaN : Date.parse(response.headers.date);
  return {
    kind: "answer",
    url,
    status: response.statusCode ?? 0,
    contentType,
    location: response.headers.location,
    cookies: response.headers["set-cookie"] ?? [],
    aheadSeconds: Number.isNaN(date) ? undefined : Math.round((date - Date.now()) / 1000),
    body,
    json,
  };
}

function failure(url: string, target: URL, error: NodeJS.ErrnoException): Failure {
  const code = firstCode(error);
  const fail = (why: Failure["why"], detail: string): Failure => ({
    kind: "failure",
    url,
    why,
    detail,
    code,
  });
  switch (code) {
    case "ECONNREFUSED":
      return fail("refused", `connection refused by ${withPort(target)}`);
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return fail("dns", `no such host name: ${target.hostname} (${code})`);
    case "ECONNRESET":
    case "EPIPE":
    case "HPE_INVALID_CONSTANT":
      return fail("reset", `${withPort(target)} closed the connection without an HTTP answer`);
    case "ETIMEDOUT":
      return fail("timeout", `${withPort(target)} does not answer (ETIMEDOUT)`);
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return fail("unreachable", `no route to ${target.hostname} (${code})`);
    default:
      if (target.protocol === "https:" && /CERT|SSL|TLS|SIGNATURE|SELF_SIGNED|EPROTO/.test(code)) {
        return fail("tls", `TLS with ${withPort(target)} failed: ${firstLine(error.message)}`);
      }
      return fail("unreachable", `${withPort(target)}: ${firstLine(error.message) || code}`);
  }
}

function firstCode(error: NodeJS.ErrnoException): string {
  // Several addresses for one name (::1 and 127.0.0.1) give an AggregateError with a code of its own.
  return error.code ?? "";
}

function withPort(target: URL): string {
  return `${target.hostname}:${target.port || (target.protocol === "https:" ? 443 : 80)}`;
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").slice(0, 160);
}

/** What came back, in one line: "HTTP 404, text/html", "connection refused by …". */
export function describe(reply: Reply): string {
  if (reply.kind === "failure") return reply.detail;
  const to = reply.location === undefined ? "" : `, redirect to ${withoutQuery(reply.location)}`;
  return `HTTP ${reply.status}${reply.contentType ? `, ${reply.contentType}` : ""}${to}`;
}

/** A URL without its query, which may carry what nobody should read. */
export function withoutQuery(url: string): string {
  return url.split(/[?#]/)[0] ?? url;
}

/** Whether the other end may just be starting: worth asking again. */
export function isComingUp(reply: Reply): boolean {
  if (reply.kind === "failure") {
    return reply.why === "refused" || reply.why === "reset" || reply.why === "timeout";
  }
  // Traefik answers "404 page not found" in plain text while a container is not healthy yet.
  if (reply.status === 404 && reply.contentType === "text/plain") return true;
  return reply.status === 502 || reply.status === 503 || reply.status === 504;
}

/** A field of a JSON object, or undefined when there is no such field or no object. */
export function field(value: unknown, ...path: string[]): unknown {
  let at: unknown = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** The strings of a JSON array of strings; an empty list for anything else. */
export function strings(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === "string")
    : [];
}
