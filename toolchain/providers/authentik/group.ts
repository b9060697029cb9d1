// The resource Group.

import type { Resource } from "../../../plugin/provider";
import type { Value } from "../../../plugin/wire";
import type { Api } from "./api";
import { alikeJson, checkJson } from "./json";
import { rest } from "./rest";

/** Group, as Authentik's Terraform provider has it. */
export function group(api: () => Api): Resource {
  return rest(api, {
    kind: "group",
    path: "core/groups/",
    query: {
      include_children: "false",
      include_inherited_roles: "false",
      include_parents: "false",
      include_users: "false",
    },
    idProperty: "groupId",
    idOf: (body) => String(body["pk"]),
    fields: {
      name: { type: "string", autoNamed: true },
      isSuperuser: { type: "boolean", default: false },
      parents: { type: "list", unset: [] },
      users: { type: "list", computed: true, unset: [] },
      roles: { type: "list", unset: [] },
      attributes: {
        type: "string",
        default: "{}",
        check: checkJson,
        alike: alikeJson,
        send: (value) => JSON.parse(String(value)) as Value,
        receive: (value) => JSON.stringify(value),
      },
    },
  });
}
