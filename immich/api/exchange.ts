import type { Json } from "../json";

/** What messages about an API name. */
export interface ApiNames {
  /** Its origin. */
  readonly url: string;
  /** Name of the stack, for commands. Undefined: none is named. */
  readonly stack?: string;
}

/** What is asked. */
export interface Question {
  readonly method: "GET" | "PUT";
  /** `/api/system-config` */
  readonly path: string;
  /** JSON. */
  readonly body?: string;
}

/** What came back. */
export interface Answer extends Pick<Question, "method" | "path"> {
  readonly status: number;
  readonly contentType: string;
  /** The body. Undefined: it is not JSON. */
  readonly json?: Json;
  /** How long it asks to wait, in milliseconds. */
  readonly retryAfterMs?: number;
}
