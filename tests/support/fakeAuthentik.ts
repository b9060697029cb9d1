/** An Authentik for unit tests: lists of objects over HTTP, and what was asked of it. */
import { createServer } from "node:http";

type Json = Record<string, unknown>;

/** What is in it, by the path of the list; every object has a `pk`. */
export type Contents = Record<string, Json[]>;

export interface FakeAuthentik {
  readonly url: string;
  contents: Contents;
  /** The user of the token. */
  user: Json;
  /** Answered at `admin/version/`; undefined: 404. */
  version?: string;
  /** Requests that are refused with 403, as `GET flows/instances/`. */
  denied: readonly string[];
  /** `DELETE providers/oauth2/4/` and the like, in order; lists with their query. */
  requests: string[];
  stop(): Promise<void>;
}

const flow = (slug: string, designation: string): Json => ({
  pk: `flow ${slug}`,
  slug,
  designation,
});

/** What every Authentik has. */
export const BUILT_IN: Contents = {
  "flows/instances/": [
    flow("default-provider-authorization-explicit-consent", "authorization"),
    flow("default-provider-invalidation-flow", "invalidation"),
  ],
  "crypto/certificatekeypairs/": [
    {
      pk: "certificate authentik Self-signed Certificate",
      name: "authentik Self-signed Certificate",
    },
  ],
  "propertymappings/provider/scope/": ["email", "openid", "profile"].map((scope) => ({
    pk: `mapping ${scope}`,
    managed: `goauthentik.io/providers/oauth2/scope-${scope}`,
    name: `authentik default OAuth Mapping: OpenID '${scope}'`,
    scope_name: scope,
  })),
};

const LISTS = new Set([
  ...Object.keys(BUILT_IN),
  "core/groups/",
  "core/applications/",
  "policies/bindings/",
  "providers/oauth2/",
]);

export async function startFakeAuthentik(): Promise<FakeAuthentik> {
  const fake: FakeAuthentik = {
    url: "",
    contents: BUILT_IN,
    user: { username: "akadmin", is_superuser: true },
    version: "2026.5.0",
    denied: [],
    requests: [],
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://fake");
    const path = url.pathname.replace("/api/v3/", "");
    fake.requests.push(`${request.method} ${path}${url.search}`);
    const { status, body } = answer(fake, request.method ?? "", path, url.searchParams);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no address");
  return Object.assign(fake, { url: `http://127.0.0.1:${address.port}` });
}

function answer(
  fake: FakeAuthentik,
  method: string,
  path: string,
  query: URLSearchParams,
): { status: number; body?: unknown } {
  if (fake.denied.includes(`${method} ${path}`)) return { status: 403, body: { detail: "no" } };
  if (path === "core/users/me/") return { status: 200, body: { user: fake.user } };
  if (path === "admin/version/" && fake.version !== undefined)
    return { status: 200, body: { version_current: fake.version } };
  if (method === "POST") return { status: 400, body: { name: ["This field is required."] } };
  if (method === "DELETE") return { status: 204 };
  if (!LISTS.has(path)) {
    const [, list = "", key = ""] = /^(.*\/)([^/]+)\/$/.exec(path) ?? [];
    const found = (fake.contents[list] ?? []).find((one) =>
      [String(one["pk"]), one["slug"]].includes(decodeURIComponent(key)),
    );
    return found ? { status: 200, body: found } : { status: 404, body: { detail: "Not found." } };
  }
  const results = (fake.contents[path] ?? []).filter((one) =>
    [...query].every(([name, value]) => !(name in one) || String(one[name]) === value),
  );
  return { status: 200, body: { pagination: { next: 0, count: results.length }, results } };
}
