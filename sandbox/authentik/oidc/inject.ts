/** Hands a request to an HTTP handler in this process, without a socket, and collects its answer. */
import { IncomingMessage, ServerResponse } from "node:http";
import type { RequestListener } from "node:http";
import { Socket } from "node:net";

/** What to ask. */
export interface Injected {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What was answered. */
export interface Collected {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Asks the handler. */
export function inject(handler: RequestListener, ask: Injected): Promise<Collected> {
  const request = new IncomingMessage(new Socket());
  request.method = ask.method;
  request.url = ask.url;
  request.headers = {
    host: "oidc.invalid",
    ...ask.headers,
    ...(ask.body === undefined ? {} : { "content-length": String(Buffer.byteLength(ask.body)) }),
  };
  if (ask.body !== undefined) request.push(ask.body);
  request.push(null);
  const response = new ServerResponse(request);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const keep = (chunk: unknown): void => {
      if (typeof chunk === "string") chunks.push(Buffer.from(chunk));
      else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    };
    response.write = (chunk: unknown): boolean => {
      keep(chunk);
      return true;
    };
    response.end = (chunk?: unknown): ServerResponse => {
      keep(chunk);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.getHeaders())) {
        headers[name] = Array.isArray(value) ? value.join(", ") : String(value ?? "");
      }
      resolve({
        status: response.statusCode,
        headers,
        body: Buffer.concat(chunks).toString("utf8"),
      });
      return response;
    };
    try {
      handler(request, response);
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
