// The resource PolicyBinding: who or what decides whether a user may use an application.

import type { Resource } from "../../../plugin/provider";
import type { Api } from "./api";
import { rest } from "./rest";

/** PolicyBinding, as Authentik's Terraform provider has it. */
export function policyBinding(api: () => Api): Resource {
  return rest(api, {
    kind: "policy binding",
    path: "policies/bindings/",
    idProperty: "policyBindingId",
    idOf: (body) => String(body["pk"]),
    fields: {
      target: { type: "string", required: true },
      order: { type: "number", required: true },
      policy: { type: "string", unset: null },
      user: { type: "number", unset: null },
      group: { type: "string", unset: null },
      enabled: { type: "boolean", default: true },
      negate: { type: "boolean", default: false },
      timeout: { type: "number", default: 30 },
      failureResult: { type: "boolean", default: false },
    },
  });
}
