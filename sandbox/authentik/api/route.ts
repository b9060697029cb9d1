/** What an API resource is made of: paths with handlers. */
import type { Call, Reply } from "../http";
import { json } from "../http";
import type { UserRow } from "../model";
import type { Store } from "../store";

/** What a handler gets. */
export interface ApiContext {
  readonly store: Store;
  readonly call: Call;
  /** The user whom the token belongs to. */
  readonly user: UserRow;
  /** The `:name` parts of the path. */
  readonly params: Readonly<Record<string, string>>;
  /**
   * The parsed body, an empty object when there was none.
   * @throws Refusal where it can't be read
   */
  readonly body: () => unknown;
}

/** Answers one method of one path. */
export type Handler = (context: ApiContext) => Reply;

/** Methods that the API knows. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A path below /api/v3/, with a slash at its end, and what answers there. */
export interface ApiRoute {
  readonly path: string;
  readonly handlers: Readonly<Partial<Record<Method, Handler>>>;
  /** Who may use it; default "permitted": administrators, and whoever a role permits it. */
  readonly access?: "everyone" | "users" | "permitted";
}

/** A request that is answered without going on; caught in index.ts. */
export class Refusal extends Error {
  constructor(readonly reply: Reply) {
    super("the request is refused");
  }
}

/** An error in the form that Django REST framework gives it. */
export function detail(status: number, text: string): Reply {
  return json(status, { detail: text });
}

/** The object is not there. */
export function notFound(model: string): Reply {
  return detail(404, `No ${model} matches the given query.`);
}
