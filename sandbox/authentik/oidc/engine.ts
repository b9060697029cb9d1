/**
 * The OpenID side: an oidc-provider instance for every Authentik provider and issuer, made from the
 * store's objects when first asked and again when they changed.
 */
import type { RequestListener } from "node:http";

import type Provider from "oidc-provider" with { "resolution-mode": "import" };

import type { ProviderRow, UserRow } from "../model";
import type { Store } from "../store";
import { ACR, mappingsOf, subjectOf } from "./claims";
import type { Collected } from "./inject";
import { inject } from "./inject";
import { issuerOf } from "./issuer";
import { Memory } from "./memory";
import { CONSENT_HEADER, settingsOf } from "./settings";

type Library = typeof import("oidc-provider", { with: { "resolution-mode": "import" } });

/** A login as the browser session remembers it. */
export interface Login {
  readonly user: UserRow;
  /** Seconds since 1970. */
  readonly at: number;
  /** Tells this browser session from others, in ID tokens too. */
  readonly sid: string;
}

/** What an authorization request came to. */
export type Authorization =
  /** The user must log in, or agree, first. */
  | { readonly kind: "login" | "consent" }
  /** Back to the client, with a code or an error. */
  | { readonly kind: "redirect"; readonly to: string }
  /** The request is so wrong that there is nowhere to go back to. */
  | { readonly kind: "refused"; readonly why: string };

interface Instance {
  readonly made: string;
  readonly provider: Provider;
  readonly handler: RequestListener;
}

const FORM = "application/x-www-form-urlencoded";

/** Runs the OpenID protocol for all providers of a store. */
export class Engine {
  private readonly instances = new Map<string, Instance>();
  private readonly memories = new Map<number, Memory>();

  private constructor(
    private readonly store: Store,
    private readonly library: Library,
  ) {}

  /** Loads oidc-provider, which is an ES module. */
  static async start(store: Store): Promise<Engine> {
    return new Engine(store, await load());
  }

  /** Judges an authorization request, for a logged-in user or for nobody. */
  async authorize(
    provider: ProviderRow,
    origin: string,
    query: URLSearchParams,
    login: Login | undefined,
    agreed: boolean,
  ): Promise<Authorization> {
    const instance = this.instance(provider, origin);
    const session = login && (await this.session(instance, provider, login));
    const answer = await inject(instance.handler, {
      method: "GET",
      url: `/auth?${query}`,
      headers: {
        ...(session ? { cookie: `_session=${session}` } : {}),
        ...(agreed ? { [CONSENT_HEADER]: "yes" } : {}),
      },
    });
    const to = answer.headers.location;
    if (to === undefined) return { kind: "refused", why: answer.body };
    if (to.endsWith("/interaction/login")) return { kind: "login" };
    if (to.endsWith("/interaction/consent")) return { kind: "consent" };
    return { kind: "redirect", to };
  }

  /** Posts a form to one of the endpoints that clients use. */
  post(
    provider: ProviderRow,
    origin: string,
    endpoint: "token" | "introspection" | "revocation",
    form: URLSearchParams,
  ): Promise<Collected> {
    const path = {
      token: "/token",
      introspection: "/token/introspection",
      revocation: "/token/revocation",
    };
    return inject(this.instance(provider, origin).handler, {
      method: "POST",
      url: path[endpoint],
      headers: { "content-type": FORM },
      body: form.toString(),
    });
  }

  /** Asks for the claims that an access token gives. */
  userinfo(provider: ProviderRow, origin: string, token: string): Promise<Collected> {
    return inject(this.instance(provider, origin).handler, {
      method: "GET",
      url: "/me",
      headers: { authorization: `Bearer ${token}` },
    });
  }

  private async session(instance: Instance, provider: ProviderRow, login: Login): Promise<string> {
    const session = Object.assign(new instance.provider.Session(), {
      uid: login.sid,
      jti: login.sid,
      accountId: subjectOf(this.store, provider, login.user),
      loginTs: login.at,
      amr: ["pwd"],
      acr: ACR,
      authorizations: { [provider.client_id]: { sid: login.sid } },
    });
    await session.save(86_400);
    return login.sid;
  }

  private instance(provider: ProviderRow, origin: string): Instance {
    const { store, library } = this;
    const slug = store.applicationOf(provider)?.slug ?? "";
    const issuer = issuerOf(provider, slug, origin);
    const made = JSON.stringify([
      provider,
      mappingsOf(store, provider),
      store.certificates.get(provider.signing_key)?.key,
    ]);
    const name = `${provider.pk} ${issuer}`;
    const known = this.instances.get(name);
    if (known?.made === made) return known;
    const memory = this.memories.get(provider.pk) ?? new Memory();
    this.memories.set(provider.pk, memory);
    const settings = settingsOf(store, provider, memory, library.interactionPolicy);
    const instance = new library.default(issuer, settings);
    const client = instance.Client.prototype as unknown as {
      redirectUriAllowed: () => boolean;
      includeSid: () => boolean;
    };
    client.redirectUriAllowed = () => true;
    client.includeSid = () => true;
    instance.on("server_error", (_ctx, error) => {
      process.stderr.write(`authentik sandbox: ${error.message}\n`);
    });
    const fresh = { made, provider: instance, handler: instance.callback() as RequestListener };
    this.instances.set(name, fresh);
    return fresh;
  }
}

/** oidc-provider 9 asks for Node 22 as it loads; it works on 20.19, which this project supports. */
async function load(): Promise<Library> {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await import("oidc-provider");
  } finally {
    console.warn = warn;
  }
}
