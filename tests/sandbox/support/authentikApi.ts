/** Asks the API of a sandbox's Authentik that runs in the test itself. */
import { answerApi } from "../../../sandbox/authentik/api";
import { seed } from "../../../sandbox/authentik/seed";
import type { Store } from "../../../sandbox/authentik/store";

export interface Answer {
  readonly status: number;
  /** Parsed; undefined where it is no JSON. */
  readonly body: unknown;
}

/** An Authentik with its built-in objects, and akadmin to ask it. */
export class AuthentikApi {
  private readonly token = "the-token-of-akadmin";
  readonly store: Store = seed({ token: this.token });

  /** Sends a text as it is, anything else as JSON. */
  ask(method: string, resource: string, body?: unknown, type = "application/json"): Answer {
    const target = `/api/v3/${resource}`;
    const [path = "", query = ""] = target.split("?");
    const reply = answerApi(this.store, {
      method,
      target,
      path,
      query: new URLSearchParams(query),
      headers: { authorization: `Bearer ${this.token}`, "content-type": type },
      body: body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body),
      origin: "http://127.0.0.1",
    });
    const isJson = String(reply.headers["Content-Type"]).startsWith("application/json");
    return { status: reply.status, body: isJson ? (JSON.parse(reply.body) as unknown) : undefined };
  }

  /** Makes an object. */
  make<T = Record<string, unknown>>(resource: string, body: unknown): T {
    const { status, body: made } = this.ask("POST", resource, body);
    if (status !== 201) throw new Error(`${status} ${JSON.stringify(made)}`);
    return made as T;
  }
}
