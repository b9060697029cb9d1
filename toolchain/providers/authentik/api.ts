// Authentik's REST API, asked as its Terraform provider asks it.

import * as http from "node:http";
import * as https from "node:https";

import { ProviderError, type Session } from "../../../plugin/provider";
import type { Value, Values } from "../../../plugin/wire";

/** Where Authentik is, and how to be let in. */
export interface Connection {
  readonly url: string;
  readonly token: string;
  /** Whether to take any TLS certificate. */
  readonly insecure: boolean;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What may stand in the query of a request; an array stands several times. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How long to wait for an answer, in milliseconds. */
const timeoutMs = 60_000;

// One connection is used again and again within an operation, and none is left open long after it.
const agents = {
  http: new http.Agent({ keepAlive: true, maxSockets: 16 }),
  https: new https.Agent({ keepAlive: true, maxSockets: 16 }),
};

/** Requests to one Authentik. Paths are below `/api/v3/`. */
export class Api {
  constructor(private readonly connection: Connection) {}

  get(path: string, query: Query | undefined, session: Session): Promise<Values> {
    return this.request("GET", path, query, undefined, session);
  }

  /** @returns The objects of a list's first page. */
  async list(path: string, query: Query, session: Session): Promise<Values[]> {
    const page = await this.get(path, query, session);
    return (page["results"] ?? []) as Values[];
  }

  post(path: string, body: Values, session: Session): Promise<Values> {
    return this.request("POST", path, undefined, body, session);
  }

  put(path: string, body: Values, session: Session): Promise<Values> {
    return this.request("PUT", path, undefined, body, session);
  }

  async delete(path: string, session: Session): Promise<void> {
    await this.request("DELETE", path, undefined, undefined, session);
  }

  private async request(
    method: string,
    path: string,
    query: Query | undefined,
    body: Values | undefined,
    session: Session,
  ): Promise<Values> {
    const url = address(this.connection.url, path, query);
    const sent = body === undefined ? undefined : JSON.stringify(body);
    let status: number;
    let reason: string;
    let text: string;
    try {
      ({ status, reason, text } = await exchange(url, method, sent, this.connection, session));
    } catch (error) {
      if (session.signal.aborted) {
        throw new ProviderError(
          `${method} ${url.pathname} at ${url.origin} was given up: the run was cancelled.`,
        );
      }
      throw new ProviderError(
        `HTTP Error '${method[0]}${method.slice(1).toLowerCase()} "${url.href}": ${goReason(error as Error, url)}' without http response`,
      );
    }
    if (status < 200 || status > 299)
      throw new HttpError(status, reason, method, url.pathname, text);
    if (text === "") return {};
    try {
      return JSON.parse(text) as Values;
    } catch {
      throw new ProviderError(
        `${method} ${url.pathname} at ${url.origin} answered ${status}, but not with JSON: is ${this.connection.url} ` +
          "the address of Authentik itself? Check authentik:url.",
      );
    }
  }
}

/** An answer of Authentik that is not a success, worded as its Terraform provider words it. */
export class HttpError extends ProviderError {
  constructor(
    readonly status: number,
    reason: string,
    method: string,
    path: string,
    text: string,
  ) {
    super(
      `HTTP Error '${status} ${reason}${detailOf(text)}' during request '${method} ${path}': "${text.slice(0, 4_000)}"`,
    );
  }
}

/** What Authentik itself says of an error, as the Terraform provider puts it behind the status. */
function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? `  (${detail})` : "";
  } catch {
    return "";
  }
}

function address(base: string, path: string, query: Query | undefined): URL {
  let url: URL;
  try {
    url = new URL(base);
  } catch {
    throw new ProviderError(
      `The address of Authentik, "${base}", is not an address: it must be like https://auth.example.com. ` +
        "Set it with npx pulumi config set authentik:url …",
    );
  }
  const root = url.pathname.replace(/\/+$/, "").replace(/\/api\/v3$/, "");
  url.pathname = `${root}/api/v3/${path}`;
  for (const [key, value] of Object.entries(query ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined) url.searchParams.append(key, item as string);
    }
  }
  return url;
}

function exchange(
  url: URL,
  method: string,
  body: string | undefined,
  { token, insecure, headers }: Connection,
  session: Session,
): Promise<{ status: number; reason: string; text: string }> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === "https:";
    const options: https.RequestOptions = {
      method,
      signal: session.signal,
      agent: secure ? agents.https : agents.http,
      headers: {
        Accept: "application/json",
        "User-Agent": "authentik-terraform@2026.5.0",
        ...(body === undefined
          ? {}
          : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }),
        Authorization: `Bearer ${token}`,
        ...headers,
      },
      ...(secure ? { rejectUnauthorized: !insecure } : {}),
    };
    const request = (secure ? https : http).request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        const reason = http.STATUS_CODES[status] ?? response.statusMessage ?? "";
        resolve({ status, reason, text: Buffer.concat(chunks).toString("utf8") });
      });
    });
    request.setTimeout(timeoutMs, () =>
      request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** Why there was no answer, as Go's HTTP client words it. */
function goReason(error: Error, url: URL): string {
  const inner =
    error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : undefined;
  const { code = "" } = inner ?? (error as NodeJS.ErrnoException);
  const address = `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
  const dialled: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    EHOSTUNREACH: "no route to host",
    ENETUNREACH: "network is unreachable",
    ETIMEDOUT: "connection timed out",
  };
  if (code in dialled) return `dial tcp ${address}: connect: ${dialled[code]}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `dial tcp: lookup ${url.hostname}: no such host`;
  }
  if (code === "ECONNRESET") return "EOF";
  return error.message || code || "unknown error";
}

/** Passes on what was found; undefined where Authentik says it is gone. */
export async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return undefined;
    throw error;
  }
}

/** A text, or undefined for anything else (Authentik's null). */
export function text(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
