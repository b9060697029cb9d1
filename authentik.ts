import { describe, field, request, type Reply, type RequestOptions } from "./checks/http";
import type { AuthentikConfig } from "./config";

/** What Authentik tells of an OAuth2/OIDC provider that is there already. */
export interface ExistingProvider {
  readonly id: number;
  /** Secret. */
  readonly clientSecret: string;
}

/** What Authentik tells of an application that is there already. */
export interface ExistingApplication {
  readonly slug: string;
  /** Id of its provider, if it has one. */
  readonly provider?: number;
}

/** The little that the program itself asks Authentik's API; resources are made by `@pulumi/authentik`. */
export class AuthentikApi {
  constructor(private readonly config: Pick<AuthentikConfig, "url" | "token">) {}

  /**
   * Asks who we are, before anything else is done: a wrong address or token is told in one message
   * instead of one for each resource.
   * @throws Error that names the address, what came back and what to check.
   */
  async refuseUnreachable(): Promise<void> {
    const { url } = this.config;
    const reply = await this.ask("core/users/me/");
    if (reply.kind === "answer" && reply.status === 200) return;
    if (reply.kind === "answer" && (reply.status === 401 || reply.status === 403))
      throw new Error(
        `Authentik at ${url} does not accept the API token (HTTP ${reply.status}).\n` +
          `  make one:  in Authentik's admin interface, Directory > Tokens and App passwords, intent API\n` +
          `  set it:    npx pulumi config set --secret authentik:token`,
      );
    const what =
      reply.kind === "failure"
        ? `Authentik can't be reached at ${url}: ${describe(reply)}.`
        : `This is not Authentik's API: ${url} answered ${describe(reply)}.`;
    throw new Error(
      `${what} Nothing was touched.\n` +
        `  is this its address?       npx pulumi config set authentik:url URL\n` +
        `  is it up, and reachable?   curl -i ${url}/-/health/ready/`,
    );
  }

  /** The OAuth2/OIDC provider of this name, if there is one. */
  async provider(name: string): Promise<ExistingProvider | undefined> {
    const path = `providers/oauth2/?name=${encodeURIComponent(name)}`;
    const results = field(answered(await this.ask(path), path), "results");
    const found: unknown = Array.isArray(results) ? results[0] : undefined;
    const id = field(found, "pk");
    if (typeof id !== "number") return undefined;
    return { id, clientSecret: String(field(found, "client_secret") ?? "") };
  }

  /** The application with this slug, if there is one. */
  async application(slug: string): Promise<ExistingApplication | undefined> {
    const path = `core/applications/${encodeURIComponent(slug)}/`;
    const reply = await this.ask(path);
    if (reply.kind === "answer" && reply.status === 404) return undefined;
    const provider = field(answered(reply, path), "provider");
    return { slug, ...(typeof provider === "number" ? { provider } : {}) };
  }

  /** Deletes an object; one that is gone already is fine. */
  async remove(path: string): Promise<void> {
    const reply = await this.ask(path, { method: "DELETE" });
    if (reply.kind === "answer" && (reply.status === 204 || reply.status === 404)) return;
    throw new Error(`Authentik did not delete ${path}: ${describe(reply)}`);
  }

  private ask(path: string, options: RequestOptions = {}): Promise<Reply> {
    return request(`${this.config.url}/api/v3/${path}`, {
      ...options,
      headers: { authorization: `Bearer ${this.config.token}` },
    });
  }
}

/** The JSON of a good answer. */
function answered(reply: Reply, path: string): unknown {
  if (reply.kind === "answer" && reply.status === 200 && reply.json !== undefined)
    return reply.json;
  throw new Error(`Authentik did not answer ${path}: ${describe(reply)}`);
}
