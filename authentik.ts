import { describe, field, request, type Reply, type RequestOptions } from "./checks/http";
import type { AuthentikConfig } from "./config";

/** What Authentik tells of an OAuth2/OIDC provider that is there already. */
export interface ExistingProvider {
  readonly id: number;
  readonly name: string;
  readonly clientId: string;
  /** Secret. */
  readonly clientSecret: string;
  /** Slug of the application that it belongs to, if it belongs to one. */
  readonly application?: string;
}

/** What Authentik tells of an application that is there already. */
export interface ExistingApplication {
  readonly slug: string;
  readonly name: string;
  /** Its provider, if it has one. */
  readonly provider?: { readonly id: number; readonly name: string };
  /** Whether somebody gave it what this program does not: an icon, a description, who may use it. */
  readonly adorned: boolean;
}

/** What Authentik tells of a scope mapping that is there already. */
export interface ExistingScopeMapping {
  readonly id: string;
  readonly scopeName: string;
  readonly expression: string;
  /** Whether an OAuth2/OIDC provider uses it. */
  readonly inUse: boolean;
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
  provider(name: string): Promise<ExistingProvider | undefined> {
    return this.providerWhere("name", name);
  }

  /** The OAuth2/OIDC provider with this client ID, if there is one. */
  providerOfClient(clientId: string): Promise<ExistingProvider | undefined> {
    return this.providerWhere("client_id", clientId);
  }

  private async providerWhere(key: string, value: string): Promise<ExistingProvider | undefined> {
    const path = `providers/oauth2/?${key}=${encodeURIComponent(value)}`;
    const found = results(await this.ask(path), path).find((one) => field(one, key) === value);
    const id = field(found, "pk");
    if (typeof id !== "number") return undefined;
    return {
      id,
      name: text(found, "name"),
      clientId: text(found, "client_id"),
      clientSecret: text(found, "client_secret"),
      application: text(found, "assigned_application_slug") || undefined,
    };
  }

  /** The application with this slug, if there is one. */
  async application(slug: string): Promise<ExistingApplication | undefined> {
    const path = `core/applications/${encodeURIComponent(slug)}/`;
    const reply = await this.ask(path);
    if (reply.kind === "answer" && reply.status === 404) return undefined;
    const found = answered(reply, path);
    const id = field(found, "provider");
    const bindings = `policies/bindings/?target=${text(found, "pk")}`;
    const more = ["meta_description", "meta_icon", "meta_publisher", "group"];
    return {
      slug,
      name: text(found, "name"),
      ...(typeof id === "number"
        ? { provider: { id, name: text(field(found, "provider_obj"), "name") } }
        : {}),
      adorned:
        more.some((key) => text(found, key) !== "") ||
        results(await this.ask(bindings), bindings).length > 0,
    };
  }

  /** The scope mapping of this name, if there is one. */
  async scopeMapping(name: string): Promise<ExistingScopeMapping | undefined> {
    const path = `propertymappings/provider/scope/?name=${encodeURIComponent(name)}`;
    const found = results(await this.ask(path), path).find((one) => field(one, "name") === name);
    if (found === undefined) return undefined;
    const id = text(found, "pk");
    const providers = "providers/oauth2/?page_size=1000";
    const uses = (one: unknown) => {
      const mappings = field(one, "property_mappings");
      return Array.isArray(mappings) && mappings.includes(id);
    };
    return {
      id,
      scopeName: text(found, "scope_name"),
      expression: text(found, "expression"),
      inUse: results(await this.ask(providers), providers).some(uses),
    };
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
  const denied = reply.kind === "answer" && reply.status === 403;
  throw new Error(
    `Authentik did not answer ${path}: ${describe(reply)}` +
      (denied
        ? "\n  the token's user may not see this: take a token of an administrator of Authentik\n" +
          "  set it:    npx pulumi config set --secret authentik:token"
        : ""),
  );
}

/** The objects of a list. */
function results(reply: Reply, path: string): readonly unknown[] {
  const found = field(answered(reply, path), "results");
  return Array.isArray(found) ? found : [];
}

function text(object: unknown, key: string): string {
  const value = field(object, key);
  return typeof value === "string" ? value : "";
}
