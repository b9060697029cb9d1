/**
 * /sandbox/: where tests break this Immich's answers, and see what it was asked. No real Immich has this path. Guarded
 * by the control token given at start.
 */
import type { Reply, Request } from "./exchange";

/** One thing that goes wrong. */
export interface Fault {
  /** Which requests: "PUT". Default: every method. */
  readonly method?: string;
  /** Which requests: the beginning of their path. Default: "/api/". */
  readonly path?: string;
  /** How many such requests pass before; those that an earlier fault strikes are not counted. Default 0. */
  readonly skip?: number;
  /** How often it strikes. Default: until it is taken away. */
  readonly times?: number;
  /** Answered in Immich's place: 401 and 500 in Immich's words, 429, 502 and 503 by a proxy's page. */
  readonly status?: 401 | 429 | 500 | 502 | 503;
  /** `Retry-After` of that answer: seconds or a date. */
  readonly retryAfter?: string;
  /** The connection is cut, or the request is never answered. */
  readonly connection?: "cut" | "stall" | "cut-within";
  /**
   * Whether Immich does what it was asked before the connection is cut or stalls. Default false. With "cut-within" it
   * always does: half of its answer arrives.
   */
  readonly done?: boolean;
  /** Milliseconds before the answer. */
  readonly delayMs?: number;
  /** The request waits, before Immich does anything, until other faults are given. Default false. */
  readonly hold?: boolean;
}

/** One request. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
  /** Whether it carried an API key. */
  readonly withKey: boolean;
  /** Status of the answer, or what became of the connection. */
  readonly outcome: number | "cut" | "stall" | "cut-within";
}

/** What becomes of a request. */
export interface Outcome {
  readonly reply: Reply;
  /** What is done with the connection in the place of sending the reply. */
  readonly connection?: "cut" | "stall" | "cut-within";
}

/** Where the controls begin. */
export const CONTROL = "/sandbox/";

const REMEMBERED = 2000;

/** The faults of one Immich, and the list of what it was asked. */
export class FaultControl {
  private faults: { fault: Fault; met: number; struck: number }[] = [];
  private asked: Asked[] = [];
  private held: (() => void)[] = [];

  /** @param token without one there are no controls. */
  constructor(private readonly token: string | undefined) {}

  /** Answers a request below /sandbox/. */
  answer({ method, url, headers, body }: Request): Reply {
    if (this.token === undefined) return { status: 404 };
    if (headers.authorization !== `Bearer ${this.token}`) {
      return { status: 403, json: { message: "The control token is missing or wrong." } };
    }
    switch (`${method} ${url.pathname.slice(CONTROL.length)}`) {
      case "GET faults":
        return { json: this.told() };
      case "POST faults":
        this.faults = ((body["faults"] ?? []) as Fault[]).map((fault) => ({
          fault,
          met: 0,
          struck: 0,
        }));
        for (const release of this.held.splice(0)) release();
        return { json: this.told() };
      case "GET requests":
        return { json: this.asked };
      case "DELETE requests":
        this.asked = [];
        return { json: [] };
      default:
        return { status: 404, json: { message: "There is no such control." } };
    }
  }

  /** Does a request as the faults want it. @param work does it as Immich would */
  async meet(request: Request, work: () => Promise<Reply>): Promise<Outcome> {
    const { delayMs = 0, hold, status, retryAfter, connection, done } = this.due(request) ?? {};
    if (hold) await new Promise<void>((release) => this.held.push(release));
    if (delayMs > 0) await new Promise((over) => setTimeout(over, delayMs));
    let outcome: Outcome;
    if (status !== undefined) outcome = { reply: instead(status, retryAfter) };
    else if (connection === undefined) outcome = { reply: await work() };
    else if (done || connection === "cut-within") outcome = { reply: await work(), connection };
    else outcome = { reply: {}, connection };
    this.remember(request, outcome);
    return outcome;
  }

  private due({ method, url }: Request): Fault | undefined {
    for (const entry of this.faults) {
      const { fault } = entry;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (!url.pathname.startsWith(fault.path ?? "/api/")) continue;
      entry.met += 1;
      if (entry.met <= (fault.skip ?? 0)) continue;
      if (entry.struck >= (fault.times ?? Infinity)) continue;
      entry.struck += 1;
      return fault;
    }
    return undefined;
  }

  private told() {
    return this.faults.map(({ fault, struck }) => ({ ...fault, struck }));
  }

  private remember({ method, url, headers }: Request, { reply, connection }: Outcome): void {
    this.asked.push({
      method,
      path: url.pathname,
      userAgent: headers["user-agent"] ?? "",
      withKey: headers["x-api-key"] !== undefined,
      outcome: connection ?? reply.status ?? 200,
    });
    if (this.asked.length > REMEMBERED) this.asked.shift();
  }
}

/** What Immich or the proxy before it says. */
function instead(status: NonNullable<Fault["status"]>, retryAfter: string | undefined): Reply {
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { "Retry-After": retryAfter };
  const words = { 401: "Invalid API key", 500: "Internal server error" };
  if (status === 401 || status === 500) {
    return { status, json: { message: words[status] }, headers };
  }
  const title = { 429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable" };
  const line = `${status} ${title[status]}`;
  const body = `<html>\r\n<head><title>${line}</title></head>\r\n<body>\r\n<center><h1>${line}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
  return { status, text: { type: "text/html", body }, headers };
}
