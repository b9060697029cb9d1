/** Which faults are tried: each kind at each request that an operation sends. */
import type { Asked, Fault } from "../../sandbox/immich/faults";

/** What is done at a step. */
export interface ApiFault {
  /** The request, as the report names it: `3: PUT /api/system-config`. */
  readonly step: string;
  /** What is done there, as the report names it. */
  readonly fault: string;
  readonly breaks: Fault;
  /** The operation runs in a process of its own, which is killed when the fault strikes. */
  readonly kill?: boolean;
  /** An administrator saves another setting while the request is held. */
  readonly somebodySaves?: boolean;
  /** The operation must succeed all the same: a second try heals it. */
  readonly heals?: boolean;
}

/** @param asked the requests of an operation, as it goes when nothing breaks */
export function apiFaults(asked: readonly Asked[]): ApiFault[] {
  const lastPut = asked.map(({ method }) => method).lastIndexOf("PUT");
  return asked.flatMap((request, skip) => {
    const { method, path, withKey } = request;
    const step = `${skip + 1}: ${method} ${path}`;
    const at = { skip, path: "/api/" };
    const make = (fault: string, breaks: Fault, more: Partial<ApiFault> = {}): ApiFault => ({
      step,
      fault,
      breaks: { ...at, ...breaks },
      ...more,
    });
    const changes = method === "PUT";
    const once = { times: 1 };
    return [
      make("cut", { connection: "cut" }),
      make("cut in the answer", { connection: "cut-within" }),
      make("500", { status: 500 }),
      make("502", { status: 502 }),
      make("401 in the middle", { status: 401 }),
      make("killed", { connection: "stall", ...once }, { kill: true }),
      ...(withKey
        ? [
            make("stall", { connection: "stall" }),
            make("cut once", { connection: "cut", ...once }, { heals: true }),
            make("502 once", { status: 502, ...once }, { heals: true }),
            make(
              "503 with Retry-After",
              { status: 503, retryAfter: "0", ...once },
              { heals: true },
            ),
            make(
              "429 with Retry-After",
              { status: 429, retryAfter: "0", ...once },
              { heals: true },
            ),
          ]
        : []),
      ...(changes
        ? [
            make("answer lost", { connection: "cut", done: true }),
            make("answer lost once", { connection: "cut", done: true, ...once }, { heals: true }),
            make("no answer", { connection: "stall", done: true }),
            make("no answer once", { connection: "stall", done: true, ...once }),
            make("killed when saved", { connection: "stall", done: true, ...once }, { kill: true }),
          ]
        : []),
      // While the save itself is on its way nobody can tell: the API has no lock.
      ...(skip === lastPut || !withKey
        ? []
        : [make("somebody saves", { hold: true, ...once }, { somebodySaves: true, heals: true })]),
    ];
  });
}
