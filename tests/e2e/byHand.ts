/** Provider and application as a person makes them in Authentik's forms, by Authentik's API. */
import type { Sandbox } from "../../sandbox/client";

export type Json = Record<string, unknown>;

/** @param sandbox The one whose Authentik it is, asked when there is something to do. */
export function byHand(sandbox: () => Sandbox) {
  /** A request; with a body a POST. Throws with what Authentik says where it refuses. */
  async function api(path: string, body?: object): Promise<Json> {
    const { url, token } = sandbox().authentik;
    const response = await fetch(`${url}/api/v3/${path}`, {
      method: body ? "POST" : "GET",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async function remove(path: string): Promise<void> {
    const { url, token } = sandbox().authentik;
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await fetch(`${url}/api/v3/${path}`, { method: "DELETE", headers });
    if (status !== 204) throw new Error(`${path}: ${status}`);
  }

  /** The first of a list. */
  async function first(path: string): Promise<Json> {
    const [found] = (await api(path))["results"] as Json[];
    if (!found) throw new Error(`nothing at ${path}`);
    return found;
  }

  /** @param more Scope mappings besides the usual three, by their ids. */
  async function makeProvider(clientSecret: string, ...more: unknown[]): Promise<Json> {
    const flow = async (slug: string) => (await first(`flows/instances/?slug=${slug}`))["pk"];
    const mappings = (await api("propertymappings/provider/scope/"))["results"] as Json[];
    return api("providers/oauth2/", {
      name: "immich-oauth-provider",
      client_type: "confidential",
      client_id: "immich-oauth-client",
      client_secret: clientSecret,
      authorization_flow: await flow("default-provider-authorization-explicit-consent"),
      invalidation_flow: await flow("default-provider-invalidation-flow"),
      redirect_uris: [{ matching_mode: "strict", url: `${sandbox().immich.url}/auth/login` }],
      signing_key: (await first("crypto/certificatekeypairs/"))["pk"],
      property_mappings: mappings
        .filter(({ managed }) => /scope-(openid|email|profile)$/.test(String(managed)))
        .map(({ pk }) => pk)
        .concat(more),
    });
  }

  const makeApplication = (provider: unknown, more: object = {}): Promise<Json> =>
    api("core/applications/", {
      name: "Immich",
      slug: "immich",
      provider,
      meta_launch_url: sandbox().immich.url,
      ...more,
    });

  return { api, first, makeProvider, makeApplication, remove };
}
