/** providers/oauth2: the OpenID providers. As lax as the real one: see the README on what it takes. */
import type { ProviderRow } from "../model";
import { json } from "../http";
import { issuerOf } from "../oidc/issuer";
import { previewClaims } from "../oidc/claims";
import { isDuration } from "../oidc/duration";
import type { Store } from "../store";
import { choice, flag, listOf, listOfObjects, numberOf, orNull, text, uuidOf } from "./fields";
import type { Fields } from "./fields";
import { equals } from "./lists";
import { randomText } from "./random";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute } from "./route";

type Body = Omit<ProviderRow, "pk">;

const PATH = "providers/oauth2/";

/** Whatever order they were sent in: the order in which the mappings were made. */
function mappingsOf(store: Store, row: ProviderRow): string[] {
  return store.mappings.all().flatMap(({ pk }) => (row.property_mappings.includes(pk) ? [pk] : []));
}

/** The part of a provider that an application shows of it. */
export function providerSummary(store: Store, row: ProviderRow): Record<string, unknown> {
  const application = store.applicationOf(row);
  return {
    pk: row.pk,
    name: row.name,
    authentication_flow: row.authentication_flow,
    authorization_flow: row.authorization_flow,
    invalidation_flow: row.invalidation_flow,
    property_mappings: mappingsOf(store, row),
    component: "ak-provider-oauth2-form",
    assigned_application_slug: application?.slug ?? null,
    assigned_application_name: application?.name ?? null,
    assigned_backchannel_application_slug: null,
    assigned_backchannel_application_name: null,
    verbose_name: "OAuth2/OpenID Provider",
    verbose_name_plural: "OAuth2/OpenID Providers",
    meta_model_name: "authentik_providers_oauth2.oauth2provider",
  };
}

const duration = (initial: string): ReturnType<typeof text> =>
  text({
    initial,
    check: (given) =>
      isDuration(given)
        ? undefined
        : `${given} is not in the correct format of 'hours=3;minutes=1'.`,
  });

function fieldsOf(store: Store): Fields<Body> {
  const flow = (pk: string): boolean => store.flows.get(pk) !== undefined;
  const certificate = (pk: string): boolean => store.certificates.get(pk) !== undefined;
  const mapping = (pk: string): boolean => store.mappings.get(pk) !== undefined;
  const provider = (pk: number): boolean => store.providers.get(pk) !== undefined;
  return {
    name: text({ required: true }),
    authentication_flow: orNull(uuidOf(flow)),
    authorization_flow: uuidOf(flow, true),
    invalidation_flow: uuidOf(flow, true),
    property_mappings: listOf(uuidOf(mapping)),
    client_type: choice(["confidential", "public"], "confidential"),
    client_id: text({ max: 255, initial: () => randomText(40) }),
    client_secret: text({ max: 255, blank: true, initial: () => randomText(128) }),
    access_code_validity: duration("minutes=1"),
    access_token_validity: duration("hours=1"),
    refresh_token_validity: duration("days=30"),
    refresh_token_threshold: duration("seconds=0"),
    include_claims_in_id_token: flag(true),
    signing_key: orNull(uuidOf(certificate)),
    encryption_key: orNull(uuidOf(certificate)),
    redirect_uris: listOfObjects(
      {
        matching_mode: choice(["strict", "regex"]),
        url: text({ required: true }),
        redirect_uri_type: choice(["authorization", "logout"], "authorization"),
      },
      true,
    ),
    logout_uri: text({ blank: true, initial: "" }),
    logout_method: choice(["backchannel", "frontchannel"], "backchannel"),
    sub_mode: choice(
      ["hashed_user_id", "user_id", "user_uuid", "user_username", "user_email", "user_upn"],
      "hashed_user_id",
    ),
    issuer_mode: choice(["global", "per_provider"], "per_provider"),
    jwt_federation_sources: listOf(uuidOf(() => false)),
    jwt_federation_providers: listOf(numberOf(provider)),
  };
}

const shape: Resource<ProviderRow, Body> = {
  path: PATH,
  model: "OAuth2Provider",
  lookup: "number",
  table: (store) => store.providers,
  listing: ({ store }) => ({
    filters: {
      name: equals((row) => row.name),
      client_id: equals((row) => row.client_id),
      client_type: equals((row) => row.client_type),
      authorization_flow: equals((row) => row.authorization_flow),
      invalidation_flow: equals((row) => row.invalidation_flow),
      signing_key: equals((row) => row.signing_key),
      sub_mode: equals((row) => row.sub_mode),
      issuer_mode: equals((row) => row.issuer_mode),
      application: equals((row) => store.applicationOf(row)?.pk),
    },
    search: (row) => [row.name, row.client_id],
    order: (row) => row.name,
    toWire: (row) => ({ ...row, ...providerSummary(store, row) }),
  }),
  fields: fieldsOf,
  check: (store, body, self) => {
    const taken = (fits: (other: ProviderRow) => boolean): boolean =>
      store.providers.find((other) => other !== self && fits(other)) !== undefined;
    return {
      ...(taken((other) => other.name === body.name)
        ? { name: ["provider with this name already exists."] }
        : {}),
      ...(taken((other) => other.client_id === body.client_id)
        ? { client_id: ["OAuth2/OpenID Provider with this Client ID already exists."] }
        : {}),
    };
  },
  create: (store, body) => store.providers.put({ pk: store.nextNumber(), ...body }),
  remove: (store, row) => store.deleteProvider(row.pk),
};

/** The addresses that a client of the provider needs; most are null while no application has it. */
function setupUrls(context: ApiContext): ReturnType<typeof json> {
  return withRow(shape, context, (row) => {
    const { origin } = context.call;
    const slug = context.store.applicationOf(row)?.slug;
    const base = `${origin}/application/o/`;
    return json(200, {
      issuer: slug ? issuerOf(row, slug, origin) : null,
      authorize: `${base}authorize/`,
      token: `${base}token/`,
      user_info: `${base}userinfo/`,
      provider_info: slug ? `${base}${slug}/.well-known/openid-configuration` : null,
      logout: slug ? `${base}${slug}/end-session/` : null,
      ...(slug ? { jwks: `${base}${slug}/jwks/` } : {}),
    });
  });
}

/** The ID token that the asking user would get. */
function previewUser(context: ApiContext): ReturnType<typeof json> {
  const { store, user, call } = context;
  return withRow(shape, context, (row) =>
    json(200, { preview: previewClaims(store, row, user, call.origin) }),
  );
}

function usedBy(context: ApiContext): ReturnType<typeof json> {
  return withRow(shape, context, (row) =>
    json(
      200,
      mappingsOf(context.store, row).map((pk) => ({
        app: "authentik_core",
        model_name: "propertymapping",
        pk,
        name: `Property Mapping ${context.store.mappings.get(pk)?.name}`,
        action: "cascade_many",
      })),
    ),
  );
}

/** Routes of providers/oauth2. */
export const providerRoutes: ApiRoute[] = [
  ...resource(shape),
  { path: `${PATH}:key/setup_urls/`, handlers: { GET: setupUrls } },
  { path: `${PATH}:key/preview_user/`, handlers: { GET: previewUser } },
  { path: `${PATH}:key/used_by/`, handlers: { GET: usedBy } },
];
