/** A client of the sandbox's Authentik: makes an application, logs people in, redeems codes. */
import { createHmac, createPublicKey, verify } from "node:crypto";

import type { Answer, AuthentikProcess } from "./authentik";

/** The client's own address; nothing listens there, nobody goes there. */
export const CALLBACK = "http://127.0.0.1:2283/auth/login";

/** The list envelope of the API, as far as needed. */
interface Page<T> {
  readonly results: readonly T[];
}

/** Settings of a provider that a test wants otherwise. */
export type ProviderSettings = Readonly<Record<string, unknown>>;

/** An application with its provider. */
export interface Client {
  readonly provider: number;
  readonly application: string;
  readonly slug: string;
  readonly id: string;
  readonly secret: string;
}

/** Finds one object by a filter and gives its key. */
export async function find(
  authentik: AuthentikProcess,
  resource: string,
  filter: string,
): Promise<string> {
  const page = await authentik.api<Page<{ pk: string }>>("GET", `${resource}?${filter}`);
  if (!page.results[0]) throw new Error(`no ${resource} with ${filter}`);
  return page.results[0].pk;
}

/** Makes an application with a provider that has the three usual scopes and signs RS256. */
export async function makeClient(
  authentik: AuthentikProcess,
  slug: string,
  settings: ProviderSettings = {},
  scopes: readonly string[] = ["openid", "email", "profile"],
): Promise<Client> {
  const flow = (name: string): Promise<string> =>
    find(authentik, "flows/instances/", `slug=${name}`);
  const mapping = (scope: string): Promise<string> =>
    find(authentik, "propertymappings/provider/scope/", `scope_name=${scope}`);
  const provider = await authentik.api<{ pk: number; client_secret: string }>(
    "POST",
    "providers/oauth2/",
    {
      name: slug,
      client_id: slug,
      authorization_flow: await flow("default-provider-authorization-implicit-consent"),
      invalidation_flow: await flow("default-provider-invalidation-flow"),
      redirect_uris: [{ matching_mode: "strict", url: CALLBACK }],
      property_mappings: await Promise.all(scopes.map(mapping)),
      signing_key: await find(
        authentik,
        "crypto/certificatekeypairs/",
        "name=authentik+Self-signed+Certificate",
      ),
      ...settings,
    },
  );
  const application = await authentik.api<{ pk: string }>("POST", "core/applications/", {
    name: slug,
    slug,
    provider: provider.pk,
  });
  return {
    provider: provider.pk,
    application: application.pk,
    slug,
    id: slug,
    secret: provider.client_secret,
  };
}

/** A browser without a screen: keeps its cookie and follows redirects inside Authentik. */
export class Browser {
  private cookie = "";

  constructor(
    private readonly authentik: AuthentikProcess,
    private readonly headers: Record<string, string> = {},
  ) {}

  /** Opens a path, without following redirects. */
  async open(path: string, body?: unknown): Promise<Answer> {
    const answer = await this.authentik.ask({
      method: body === undefined ? "GET" : "POST",
      path,
      headers: {
        ...this.headers,
        cookie: this.cookie,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const set = answer.headers["set-cookie"]?.[0]?.split(";")[0];
    if (set) this.cookie = set;
    return answer;
  }

  /** Sends an authorization request; gives where the browser is sent. */
  async authorize(client: Client, extra: Record<string, string> = {}): Promise<string> {
    const query = new URLSearchParams({
      client_id: client.id,
      redirect_uri: CALLBACK,
      response_type: "code",
      scope: "openid email profile",
      state: "st4te",
      ...extra,
    });
    const answer = await this.open(`/application/o/authorize/?${query}`);
    return (
      answer.headers.location ?? `${answer.status} ${/<h1>(.*?)<\/h1>/.exec(answer.body)?.[1]}`
    );
  }

  /** Goes through the flow that a location leads to; gives where it ends, outside of flows. */
  async finish(location: string, username: string, password: string): Promise<string> {
    let at = location;
    for (let steps = 0; steps < 20 && at.startsWith("/"); steps += 1) {
      const flow = /^\/if\/flow\/([^/]+)\/\??(.*)$/.exec(at);
      if (!flow) {
        const answer = await this.open(at);
        if (!answer.headers.location)
          return `${answer.status} ${/<h1>(.*?)<\/h1>/.exec(answer.body)?.[1]}`;
        at = answer.headers.location;
        continue;
      }
      at = await this.walk(flow[1] ?? "", flow[2] ?? "", username, password);
    }
    return at;
  }

  /** Logs in and agrees; gives the address that the client is called back on. */
  async login(client: Client, username: string, extra: Record<string, string> = {}): Promise<URL> {
    const end = await this.finish(await this.authorize(client, extra), username, `pw-${username}`);
    if (!URL.canParse(end)) throw new Error(end);
    return new URL(end);
  }

  private async walk(
    flow: string,
    query: string,
    username: string,
    password: string,
  ): Promise<string> {
    const path = `/api/v3/flows/executor/${flow}/?query=${encodeURIComponent(query)}`;
    let answer = await this.open(path);
    for (let steps = 0; steps < 20; steps += 1) {
      if (answer.status === 302) {
        answer = await this.open(path);
        continue;
      }
      const challenge = JSON.parse(answer.body) as Record<string, string>;
      const { component } = challenge;
      if (component === "xak-flow-redirect") return String(challenge.to);
      if (challenge.response_errors) return JSON.stringify(challenge.response_errors);
      const given: Record<string, object> = {
        "ak-stage-identification": { uid_field: username },
        "ak-stage-password": { password },
        "ak-stage-consent": { token: challenge.token },
      };
      if (!component || !given[component]) return `${component}: ${challenge.error_message}`;
      answer = await this.open(path, { component, ...given[component] });
    }
    throw new Error(`the flow ${flow} does not end`);
  }
}

/** What the token endpoint answered. */
export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly error?: string;
}

/** Redeems a code. */
export async function redeem(
  authentik: AuthentikProcess,
  client: Client,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Tokens> {
  const answer = await authentik.ask({
    method: "POST",
    path: "/application/o/token/",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      redirect_uri: CALLBACK,
      ...(headers.authorization ? {} : { client_id: client.id, client_secret: client.secret }),
      ...form,
    }).toString(),
  });
  return JSON.parse(answer.body) as Tokens;
}

/** Checks the signature of a JWT against the published keys (or the secret), and gives its claims. */
export async function verified(
  authentik: AuthentikProcess,
  client: Client,
  jwt: string,
): Promise<Record<string, unknown>> {
  const [head = "", payload = "", signature = ""] = jwt.split(".");
  const header = JSON.parse(Buffer.from(head, "base64url").toString()) as {
    alg: string;
    kid: string;
  };
  const given = Buffer.from(signature, "base64url");
  const text = Buffer.from(`${head}.${payload}`);
  if (header.alg === "HS256") {
    if (!createHmac("sha256", client.secret).update(text).digest().equals(given)) {
      throw new Error("the signature is wrong");
    }
  } else {
    const answer = await authentik.ask({ path: `/application/o/${client.slug}/jwks/` });
    const { keys } = JSON.parse(answer.body) as { keys: { kid: string }[] };
    const jwk = keys.find((key) => key.kid === header.kid);
    if (!jwk) throw new Error("the key is not published");
    const key = createPublicKey({ key: jwk, format: "jwk" });
    if (!verify("sha256", text, { key, dsaEncoding: "ieee-p1363" }, given)) {
      throw new Error("the signature is wrong");
    }
  }
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<
    string,
    unknown
  >;
  return { ...claims, alg: header.alg };
}
