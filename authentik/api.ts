import { describe, field, request, type Reply, type RequestOptions } from "../checks/http";

/** Where Authentik's API is, and how to be let in. */
export interface Connection {
  /** Without a slash at the end. */
  readonly url: string;
  /** Secret. */
  readonly token: string;
}

/** The little that the program itself asks Authentik's API; resources are made by `@pulumi/authentik`. */
export class AuthentikApi {
  private static readonly known = new Map<string, AuthentikApi>();
  private readonly asked = new Map<string, Promise<Reply>>();

  constructor(private readonly connection: Connection) {}

  /** The same one for the same connection: what was looked up is not asked again in this process. */
  static at(connection: Connection): AuthentikApi {
    const key = `${connection.url} ${connection.token}`;
    const api = this.known.get(key) ?? new AuthentikApi(connection);
    this.known.set(key, api);
    return api;
  }

  get url(): string {
    return this.connection.url;
  }

  /** Sends a request to a path below `/api/v3/`. */
  ask(path: string, options: RequestOptions = {}): Promise<Reply> {
    return request(`${this.url}/api/v3/${path}`, {
      ...options,
      headers: {
        authorization: `Bearer ${this.connection.token}`,
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      },
    });
  }

  /** The same, for what does not change while the program runs: asked once. */
  askOnce(path: string, options: RequestOptions = {}): Promise<Reply> {
    const key = `${options.method ?? "GET"} ${path}`;
    const reply = this.asked.get(key) ?? this.ask(path, options);
    this.asked.set(key, reply);
    return reply;
  }

  /** All objects of a list, page by page. */
  list(path: string): Promise<readonly Fields[]> {
    return this.pages(path, (page) => this.ask(page));
  }

  /** The same, for what does not change while the program runs: asked once. */
  listOnce(path: string): Promise<readonly Fields[]> {
    return this.pages(path, (page) => this.askOnce(page));
  }

  private async pages(
    path: string,
    ask: (page: string) => Promise<Reply>,
  ): Promise<readonly Fields[]> {
    const found: Fields[] = [];
    const mark = path.includes("?") ? "&" : "?";
    for (let page = 1; page > 0;) {
      const where = `${path}${mark}page=${page}&page_size=100`;
      const answer = answered(await ask(where), where);
      found.push(...results(answer));
      const next = field(answer, "pagination", "next");
      page = typeof next === "number" ? next : 0;
    }
    return found;
  }

  /** One object; undefined where there is none. */
  async get(path: string): Promise<Fields | undefined> {
    const reply = await this.ask(path);
    if (reply.kind === "answer" && reply.status === 404) return undefined;
    return answered(reply, path) as Fields;
  }

  /** Deletes an object; one that is gone already is fine. */
  async remove(path: string): Promise<void> {
    const reply = await this.ask(path, { method: "DELETE" });
    if (reply.kind === "answer" && (reply.status === 204 || reply.status === 404)) return;
    throw new Error(`Authentik did not delete ${path}: ${describe(reply)}`);
  }
}

/** An object of Authentik as its API answers it, by the API's names. */
export type Fields = Readonly<Record<string, unknown>>;

/** A text of an object; empty where it has none. */
export function text(object: unknown, key: string): string {
  const value = field(object, key);
  return typeof value === "string" ? value : "";
}

/** Whether a reply says that the token's user may not do this. */
export function isDenied(reply: Reply): boolean {
  return reply.kind === "answer" && reply.status === 403;
}

/** The JSON of a good answer. */
export function answered(reply: Reply, path: string): unknown {
  if (reply.kind === "answer" && reply.status === 200 && reply.json !== undefined)
    return reply.json;
  throw new Error(
    `Authentik did not answer ${path.split("?")[0]}: ${describe(reply)}` +
      (isDenied(reply) ? ". The token's user may not see this: docs/authentik-token.md" : ""),
  );
}

function results(answer: unknown): readonly Fields[] {
  const found = field(answer, "results");
  return Array.isArray(found) ? (found as Fields[]) : [];
}
