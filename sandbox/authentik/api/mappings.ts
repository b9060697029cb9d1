/** propertymappings/provider/scope: which scopes there are and which claims they carry. */
import type { MappingRow } from "../model";
import { json } from "../http";
import { problemOf } from "../oidc/expression";
import { orNull, text } from "./fields";
import { equals } from "./lists";
import { resource } from "./resource";
import type { ApiRoute } from "./route";

type Body = Omit<MappingRow, "pk">;

const PATH = "propertymappings/provider/scope/";

function toWire(mapping: MappingRow): unknown {
  return {
    ...mapping,
    component: "ak-property-mapping-provider-scope-form",
    verbose_name: "Scope Mapping",
    verbose_name_plural: "Scope Mappings",
    meta_model_name: "authentik_providers_oauth2.scopemapping",
  };
}

const [collection, single] = resource<MappingRow, Body>({
  path: PATH,
  model: "ScopeMapping",
  table: (store) => store.mappings,
  listing: () => ({
    filters: {
      managed: (mapping, values) => mapping.managed !== null && values.includes(mapping.managed),
      scope_name: equals((mapping) => mapping.scope_name),
      name: equals((mapping) => mapping.name),
    },
    search: (mapping) => [mapping.name, mapping.scope_name],
    order: (mapping) => `${mapping.scope_name} ${mapping.name}`,
    toWire,
  }),
  fields: () => ({
    managed: orNull(text()),
    name: text({ required: true }),
    expression: text({ required: true, check: problemOf }),
    scope_name: text({ required: true }),
    description: text({ blank: true, initial: "" }),
  }),
  check: (store, body, self) =>
    body.name !== undefined &&
    store.mappings.find((other) => other !== self && other.name === body.name)
      ? { name: ["Property Mapping with this name already exists."] }
      : {},
  create: (store, body) => store.mappings.put({ pk: store.newId(), ...body }),
  remove: (store, mapping) => store.deleteMapping(mapping.pk),
}) as [ApiRoute, ApiRoute];

/** Routes of propertymappings/provider/scope. An unknown `managed` is an error, not an empty list. */
export const mappingRoutes: ApiRoute[] = [
  {
    ...collection,
    handlers: {
      ...collection.handlers,
      GET: (context) => {
        const known = new Set(context.store.mappings.all().map((mapping) => mapping.managed));
        const unknown = context.call.query.getAll("managed").find((name) => !known.has(name));
        return unknown
          ? json(400, {
              managed: [`Select a valid choice. ${unknown} is not one of the available choices.`],
            })
          : collection.handlers.GET!(context);
      },
    },
  },
  single,
];
