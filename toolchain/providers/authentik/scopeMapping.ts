// The resource PropertyMappingProviderScope: what a scope says of a user.

import type { Resource } from "../../../plugin/provider";
import type { Api } from "./api";
import { rest } from "./rest";

/** PropertyMappingProviderScope, as Authentik's Terraform provider has it. */
export function scopeMapping(api: () => Api): Resource {
  return rest(api, {
    kind: "scope mapping",
    path: "propertymappings/provider/scope/",
    idProperty: "propertyMappingProviderScopeId",
    idOf: (body) => String(body["pk"]),
    fields: {
      name: { type: "string", autoNamed: true },
      scopeName: { type: "string", required: true },
      description: { type: "string" },
      expression: {
        type: "string",
        required: true,
        alike: (was, wanted) => was === String(wanted).replace(/\n$/, ""),
      },
    },
  });
}
