/** Providers, applications, scope mappings and bindings that are in Authentik already. */
import { strings } from "../checks/http";
import { type AuthentikApi, type Fields, text } from "./api";

/** An OAuth2/OIDC provider that is there already. */
export interface ExistingProvider {
  readonly id: number;
  readonly name: string;
  readonly clientId: string;
  /** Secret. */
  readonly clientSecret: string;
  /** Slug of the application that it belongs to, if it belongs to one. */
  readonly application?: string;
  /** All of it; the client secret is among it. */
  readonly fields: Fields;
}

/** An application that is there already. */
export interface ExistingApplication {
  /** Its UUID. */
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** Its provider, if it has one. */
  readonly provider?: { readonly id: number; readonly name: string };
  readonly fields: Fields;
}

/** A scope mapping that is there already. */
export interface ExistingScopeMapping {
  readonly id: string;
  /** Whether an OAuth2/OIDC provider uses it. */
  readonly inUse: boolean;
  readonly fields: Fields;
}

/** The OAuth2/OIDC provider with this name, or with this client ID, if there is one. */
export async function providerWhere(
  api: AuthentikApi,
  key: "name" | "client_id",
  value: string,
): Promise<ExistingProvider | undefined> {
  const found = await api.list(`providers/oauth2/?${key}=${encodeURIComponent(value)}`);
  return providerOf(found.find((one) => one[key] === value));
}

/** The OAuth2/OIDC provider with this number, if there is one. */
export async function provider(
  api: AuthentikApi,
  id: string,
): Promise<ExistingProvider | undefined> {
  return providerOf(await api.get(`providers/oauth2/${encodeURIComponent(id)}/`));
}

function providerOf(fields: Fields | undefined): ExistingProvider | undefined {
  const id = fields?.["pk"];
  if (fields === undefined || typeof id !== "number") return undefined;
  return {
    id,
    name: text(fields, "name"),
    clientId: text(fields, "client_id"),
    clientSecret: text(fields, "client_secret"),
    application: text(fields, "assigned_application_slug") || undefined,
    fields,
  };
}

/** The application with this slug, if there is one. */
export async function application(
  api: AuthentikApi,
  slug: string,
): Promise<ExistingApplication | undefined> {
  const fields = await api.get(`core/applications/${encodeURIComponent(slug)}/`);
  if (fields === undefined) return undefined;
  const id = fields["provider"];
  return {
    id: text(fields, "pk"),
    slug,
    name: text(fields, "name"),
    ...(typeof id === "number"
      ? { provider: { id, name: text(fields["provider_obj"], "name") } }
      : {}),
    fields,
  };
}

/** The scope mapping with this name, if there is one. */
export async function scopeMapping(
  api: AuthentikApi,
  name: string,
): Promise<ExistingScopeMapping | undefined> {
  const path = "propertymappings/provider/scope/";
  const [fields] = (await api.list(`${path}?name=${encodeURIComponent(name)}`)).filter(
    (one) => one["name"] === name,
  );
  if (fields === undefined) return undefined;
  const id = text(fields, "pk");
  const uses = (one: Fields): boolean => strings(one["property_mappings"]).includes(id);
  return { id, inUse: (await api.list("providers/oauth2/")).some(uses), fields };
}

/** The scope mapping with this UUID, if there is one. */
export async function scopeMappingAt(
  api: AuthentikApi,
  id: string,
): Promise<{ readonly fields: Fields } | undefined> {
  const fields = await api.get(`propertymappings/provider/scope/${encodeURIComponent(id)}/`);
  return fields && { fields };
}

/** A policy binding that is there already. */
export interface ExistingBinding {
  readonly fields: Fields;
  /** What its policy, group and user are called, by their ids. */
  readonly names: Readonly<Record<string, string>>;
}

/** The policy binding with this UUID, if there is one. */
export async function binding(api: AuthentikApi, id: string): Promise<ExistingBinding | undefined> {
  const fields = await api.get(`policies/bindings/${encodeURIComponent(id)}/`);
  if (fields === undefined) return undefined;
  const named = (kind: string, key: string) => [
    String(fields[kind]),
    text(fields[`${kind}_obj`], key),
  ];
  return {
    fields,
    names: Object.fromEntries([
      named("policy", "name"),
      named("group", "name"),
      named("user", "username"),
    ]) as Record<string, string>,
  };
}

/** The bindings of an application: who may use it. */
export function bindings(api: AuthentikApi, application: string): Promise<readonly Fields[]> {
  return api.list(`policies/bindings/?target=${encodeURIComponent(application)}`);
}
