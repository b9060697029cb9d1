/** providers/oauth2: the OpenID providers. As lax as the real one: see the README on what it takes. */
import type { ProviderRow, RedirectUri } from "../model";
import { json } from "../http";
import { issuerOf } from "../oidc/issuer";
import { previewClaims } from "../oidc/claims";
import type { Store } from "../store";
import { duration, logoutUrl, unique } from "./checks";
import type { Field, Fields } from "./fields";
import { choice, flag, listOfObjects, text } from "./fields";
import { equals, isOneOf, isTrue, refersTo } from "./lists";
import { randomText } from "./random";
import { manyOf, maybe, numberOf, uuidOf } from "./references";
import { isRegex } from "./regex";
import type { Resource } from "./resource";
import { resource, withRow } from "./resource";
import type { ApiContext, ApiRoute } from "./route";

type Body = Omit<ProviderRow, "pk">;

const PATH = "providers/oauth2/";

const CLIENT_TYPES = ["confidential", "public"] as const;
const ISSUER_MODES = ["global", "per_provider"] as const;
const SUB_MODES = [
  "hashed_user_id",
  "user_id",
  "user_uuid",
  "user_username",
  "user_email",
  "user_upn",
] as const;

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

const validity = (initial: string): Field<string> => text({ initial, checks: [duration] });

const redirectUri: Fields<RedirectUri> = {
  matching_mode: choice(["strict", "regex"]),
  url: text({ required: true }),
  redirect_uri_type: choice(["authorization", "logout"], "authorization"),
};

function expressionProblem(uris: readonly RedirectUri[]): string | undefined {
  const wrong = uris.find(({ matching_mode, url }) => matching_mode === "regex" && !isRegex(url));
  return wrong && `Invalid Regex Pattern: ${wrong.url}`;
}

function fieldsOf(store: Store, self: ProviderRow | undefined): Fields<Body> {
  const { flows, certificates, mappings, providers } = store;
  const flow = (pk: string): boolean => flows.get(pk) !== undefined;
  const certificate = (pk: string): boolean => certificates.get(pk) !== undefined;
  const ofId = "OAuth2/OpenID Provider with this Client ID already exists.";
  return {
    name: text({
      required: true,
      checks: [unique(providers, self, "name", "provider with this name already exists.")],
    }),
    authentication_flow: maybe(uuidOf(flow)),
    authorization_flow: uuidOf(flow, true),
    invalidation_flow: uuidOf(flow, true),
    property_mappings: manyOf(uuidOf((pk) => mappings.get(pk) !== undefined)),
    client_type: choice(CLIENT_TYPES, "confidential"),
    client_id: text({
      max: 255,
      initial: () => randomText(40),
      checks: [unique(providers, self, "client_id", ofId)],
    }),
    client_secret: text({ max: 255, blank: true, initial: () => randomText(128) }),
    access_code_validity: validity("minutes=1"),
    access_token_validity: validity("hours=1"),
    refresh_token_validity: validity("days=30"),
    refresh_token_threshold: validity("seconds=0"),
    include_claims_in_id_token: flag(true),
    signing_key: maybe(uuidOf(certificate)),
    encryption_key: maybe(uuidOf(certificate)),
    redirect_uris: listOfObjects(redirectUri, expressionProblem),
    logout_uri: text({ blank: true, initial: "", checks: [logoutUrl] }),
    logout_method: choice(["backchannel", "frontchannel"], "backchannel"),
    sub_mode: choice(SUB_MODES, "hashed_user_id"),
    issuer_mode: choice(ISSUER_MODES, "per_provider"),
    jwt_federation_sources: manyOf(uuidOf(() => false)),
    jwt_federation_providers: manyOf(numberOf((pk) => providers.get(pk) !== undefined)),
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
      client_type: isOneOf(CLIENT_TYPES, (row) => row.client_type),
      access_code_validity: equals((row) => row.access_code_validity),
      access_token_validity: equals((row) => row.access_token_validity),
      refresh_token_validity: equals((row) => row.refresh_token_validity),
      include_claims_in_id_token: isTrue((row) => row.include_claims_in_id_token),
      authorization_flow: refersTo(
        (pk) => store.flows.get(pk) !== undefined,
        (row) => row.authorization_flow,
      ),
      signing_key: refersTo(
        (pk) => store.certificates.get(pk) !== undefined,
        (row) => row.signing_key,
      ),
      sub_mode: isOneOf(SUB_MODES, (row) => row.sub_mode),
      issuer_mode: isOneOf(ISSUER_MODES, (row) => row.issuer_mode),
      application: refersTo(
        (pk) => store.applications.get(pk) !== undefined,
        (row) => store.applicationOf(row)?.pk,
      ),
    },
    search: (row) => [row.name, row.client_id],
    order: (row) => row.name,
    toWire: (row) => ({ ...row, ...providerSummary(store, row) }),
  }),
  fields: fieldsOf,
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
