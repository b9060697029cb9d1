/** What is asked of this Immich, and what it answers. */
import type { IncomingHttpHeaders } from "node:http";

/** A request, read whole. */
export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly cookies: Readonly<Record<string, string>>;
  /** What stands in the place of `:name` in the route's path. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The body, JSON or a form; an empty object when there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Eight characters that the log lines of this request carry. */
  readonly id: string;
  /** Came by https, as the proxy says. */
  readonly secure: boolean;
}

/** An answer. `json` and `text` exclude each other; neither is an empty body. */
export interface Reply {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: { readonly type: string; readonly body: string | Buffer };
  readonly headers?: Readonly<Record<string, string>>;
  /** Values of Set-Cookie headers. */
  readonly cookies?: readonly string[];
}
