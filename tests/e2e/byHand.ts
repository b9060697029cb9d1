/** Provider and application as a person makes them in Authentik's forms, by Authentik's API. */
import type { Homelab } from "./homelab/homelab";
import type { Json } from "./homelab/inventory";

interface Where {
  readonly homelab: Homelab;
  /** The name that something has in this homelab (`Lab.name`). */
  name(name: string): string;
}

/** @param where The homelab whose Authentik it is, asked when there is something to do. */
export function byHand(where: () => Where) {
  /** A request; with a body a POST. Throws with what Authentik says where it refuses. */
  const api = (path: string, body?: object): Promise<Json> =>
    where().homelab.api(body ? "POST" : "GET", path, body);

  const remove = (path: string): Promise<Json> => where().homelab.api("DELETE", path);

  /** The first of a list. */
  async function first(path: string): Promise<Json> {
    const [found] = (await api(path))["results"] as Json[];
    if (!found) throw new Error(`nothing at ${path}`);
    return found;
  }

  /** @param more Scope mappings besides the usual three, by their ids. */
  async function makeProvider(clientSecret: string, ...more: unknown[]): Promise<Json> {
    const { homelab, name } = where();
    const flow = async (slug: string) => (await first(`flows/instances/?slug=${slug}`))["pk"];
    const key = await first("crypto/certificatekeypairs/?name=authentik Self-signed Certificate");
    const mappings = await homelab.list("propertymappings/provider/scope/");
    return api("providers/oauth2/", {
      name: name("immich-oauth-provider"),
      client_type: "confidential",
      client_id: name("immich-oauth-client"),
      client_secret: clientSecret,
      authorization_flow: await flow("default-provider-authorization-explicit-consent"),
      invalidation_flow: await flow("default-provider-invalidation-flow"),
      redirect_uris: [{ matching_mode: "strict", url: `${homelab.immich.url}/auth/login` }],
      signing_key: key["pk"],
      property_mappings: mappings
        .filter(({ managed }) => /scope-(openid|email|profile)$/.test(String(managed)))
        .map(({ pk }) => pk)
        .concat(more),
    });
  }

  const makeApplication = (provider: unknown, more: object = {}): Promise<Json> =>
    api("core/applications/", {
      name: where().name("Immich"),
      slug: where().name("immich"),
      provider,
      meta_launch_url: where().homelab.immich.url,
      ...more,
    });

  return { api, first, makeProvider, makeApplication, remove };
}
