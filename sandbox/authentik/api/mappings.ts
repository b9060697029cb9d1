/** propertymappings/provider/scope: which scopes there are and which claims they carry. */
import type { MappingRow } from "../model";
import { problemOf } from "../oidc/expression";
import { noSpace, unique } from "./checks";
import { orNull, text } from "./fields";
import { equals, isAnyOf, isTrue } from "./lists";
import type { Resource } from "./resource";
import { resource } from "./resource";
import type { ApiRoute } from "./route";

type Body = Omit<MappingRow, "pk">;

const PATH = "propertymappings/provider/scope/";

/** What Authentik calls the field `managed` in its messages. */
const MANAGED = "Managed by authentik";
const taken = (field: string): string => `Property Mapping with this ${field} already exists.`;

function toWire(mapping: MappingRow): unknown {
  return {
    ...mapping,
    component: "ak-property-mapping-provider-scope-form",
    verbose_name: "Scope Mapping",
    verbose_name_plural: "Scope Mappings",
    meta_model_name: "authentik_providers_oauth2.scopemapping",
  };
}

const shape: Resource<MappingRow, Body> = {
  path: PATH,
  model: "ScopeMapping",
  table: (store) => store.mappings,
  listing: ({ store }) => ({
    filters: {
      managed: isAnyOf(
        () => store.mappings.all().flatMap(({ managed }) => managed ?? []),
        (mapping, values) => mapping.managed !== null && values.includes(mapping.managed),
      ),
      managed__isnull: isTrue((mapping) => mapping.managed === null),
      scope_name: equals((mapping) => mapping.scope_name),
      name: equals((mapping) => mapping.name),
    },
    search: (mapping) => [mapping.name, mapping.scope_name],
    order: (mapping) => `${mapping.scope_name} ${mapping.name}`,
    toWire,
  }),
  fields: ({ mappings }, self) => ({
    managed: orNull(text({ checks: [unique(mappings, self, "managed", taken(MANAGED))] })),
    name: text({ required: true, checks: [unique(mappings, self, "name", taken("name"))] }),
    expression: text({ required: true, then: problemOf }),
    scope_name: text({ required: true, checks: [noSpace] }),
    description: text({ blank: true, initial: "" }),
  }),
  create: (store, body) => store.mappings.put({ pk: store.newId(), ...body }),
  remove: (store, mapping) => store.deleteMapping(mapping.pk),
};

/** Routes of propertymappings/provider/scope. */
export const mappingRoutes: ApiRoute[] = resource(shape);
