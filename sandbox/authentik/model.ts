/**
 * The objects that the sandbox's Authentik keeps, in the names and shapes of its API.
 *
 * The shapes come from `@goauthentik/api`, which speaks camelCase and `Date`; `Wire` turns them back
 * into what goes over the wire. Fields that Authentik computes while answering (`component`,
 * `assigned_application_slug`, `launch_url` …) are added by the serialisers in api/.
 */
import type {
  Application,
  CertificateKeyPair,
  Flow,
  Group,
  OAuth2Provider,
  PolicyBinding,
  RedirectURI,
  ScopeMapping,
  Token,
  User,
} from "@goauthentik/api";

type SnakeCase<S extends string> = S extends `${infer Head}${infer Tail}`
  ? Head extends Lowercase<Head>
    ? `${Head}${SnakeCase<Tail>}`
    : `_${Lowercase<Head>}${SnakeCase<Tail>}`
  : S;

/** A type of `@goauthentik/api` as JSON on the wire: snake_case names, dates as ISO text. */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Element)[]
    ? Wire<Element>[]
    : T extends object
      ? { -readonly [K in keyof T as SnakeCase<K & string>]: Wire<T[K]> }
      : T;

/** What the store keeps of an API object: the fields named, all present. */
type Row<T, K extends keyof Wire<T>> = Required<Pick<Wire<T>, K>>;

/** Free-form attributes of users and groups. */
export type Attributes = Record<string, unknown>;

/** The step of a flow that a user sees, or that passes silently. Authentik calls it a stage. */
export type StageName =
  "identification" | "password" | "mfa-validate" | "user-login" | "user-logout" | "consent";

/** A flow; `steps` stands for the stage bindings that real flows have. */
export interface FlowRow extends Wire<Flow> {
  steps: StageName[];
}

/** A scope mapping. */
export type MappingRow = Row<
  ScopeMapping,
  "pk" | "managed" | "name" | "expression" | "scope_name" | "description"
>;

/** A certificate with its private key, both PEM. */
export interface CertificateRow extends Row<CertificateKeyPair, "pk" | "name" | "managed"> {
  certificate: string;
  key: string;
}

/** One redirect URI of a provider. */
export type RedirectUri = Required<Wire<RedirectURI>>;

/** An OAuth2/OpenID provider, without what is computed from other objects. */
export interface ProviderRow extends Row<
  OAuth2Provider,
  | "pk"
  | "name"
  | "authentication_flow"
  | "authorization_flow"
  | "invalidation_flow"
  | "property_mappings"
  | "client_type"
  | "client_id"
  | "client_secret"
  | "access_code_validity"
  | "access_token_validity"
  | "refresh_token_validity"
  | "refresh_token_threshold"
  | "include_claims_in_id_token"
  | "signing_key"
  | "encryption_key"
  | "logout_uri"
  | "logout_method"
  | "sub_mode"
  | "issuer_mode"
  | "jwt_federation_sources"
  | "jwt_federation_providers"
> {
  redirect_uris: RedirectUri[];
}

/** An application. */
export type ApplicationRow = Row<
  Application,
  | "pk"
  | "name"
  | "slug"
  | "provider"
  | "backchannel_providers"
  | "open_in_new_tab"
  | "meta_launch_url"
  | "meta_icon"
  | "meta_description"
  | "meta_publisher"
  | "policy_engine_mode"
  | "group"
>;

/** A group; its members are kept here, not at the user. */
export interface GroupRow extends Row<
  Group,
  "pk" | "name" | "is_superuser" | "parents" | "users" | "roles"
> {
  attributes: Attributes;
}

/** A role: permissions for the members of groups that have it. */
export interface RoleRow {
  pk: string;
  name: string;
  /** `authentik_core.view_application` */
  permissions: string[];
}

/** Who may use an application: the binding of a group, a user or a policy to it. */
export type BindingRow = Row<
  PolicyBinding,
  | "pk"
  | "policy"
  | "group"
  | "user"
  | "target"
  | "negate"
  | "enabled"
  | "order"
  | "timeout"
  | "failure_result"
>;

/** A user; `password` is null until one is set. */
export interface UserRow extends Row<
  User,
  | "pk"
  | "username"
  | "name"
  | "is_active"
  | "last_login"
  | "date_joined"
  | "email"
  | "path"
  | "type"
  | "uuid"
  | "password_change_date"
  | "last_updated"
> {
  attributes: Attributes;
  password: string | null;
}

/** An API token with its key. */
export interface TokenRow extends Row<
  Token,
  "pk" | "managed" | "identifier" | "intent" | "user" | "description" | "expires" | "expiring"
> {
  key: string;
}

/** What a user agreed to share with an application. */
export interface Consent {
  readonly user: number;
  readonly application: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expires: number;
}
