/** What a homelab has, as far as tests could change it. */

/** A JSON object of an API. */
export type Json = Record<string, unknown>;

/** Everything that the tests could have changed. It holds secrets. */
export interface Inventory {
  /** Authentik's objects: list of the API → key → object. */
  readonly authentik: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  /** Rows of Immich's settings: table → key → value as text, byte for byte. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** E-mail addresses of Immich's users. */
  readonly people: readonly string[];
  /** Logins of the Postgres server; tables, functions, triggers and rights of Immich's database. */
  readonly database: readonly string[];
}

/** Lists of Authentik's API, and what an object of it is known by. What depends on others comes first. */
export const KINDS: readonly (readonly [path: string, names: readonly string[]])[] = [
  ["policies/bindings/", []],
  ["core/applications/?superuser_full_list=true", ["slug"]],
  ["providers/oauth2/", ["name"]],
  ["propertymappings/provider/scope/", ["name"]],
  ["core/tokens/", ["identifier"]],
  ["core/groups/", ["name"]],
  ["core/users/", ["username"]],
  ["rbac/roles/", ["name"]],
  ["flows/instances/", ["slug"]],
  ["crypto/certificatekeypairs/", ["name"]],
];
