// The resource Application: what a user sees on Authentik's page; its id is its slug.

import { oneOf } from "../properties";
import type { Resource } from "../../../plugin/provider";
import type { Api } from "./api";
import { rest } from "./rest";

/** Application, as Authentik's Terraform provider has it. */
export function application(api: () => Api): Resource {
  return rest(api, {
    kind: "application",
    path: "core/applications/",
    idProperty: "applicationId",
    idOf: (body) => String(body["slug"]),
    fields: {
      name: { type: "string", autoNamed: true },
      slug: { type: "string", required: true },
      protocolProvider: { type: "number", field: "provider", unset: null },
      backchannelProviders: { type: "list", unset: [] },
      group: { type: "string" },
      uuid: { type: "string", field: "pk", computed: true, readOnly: true },
      metaLaunchUrl: { type: "string" },
      metaIcon: { type: "string" },
      metaDescription: { type: "string" },
      metaPublisher: { type: "string" },
      metaHide: { type: "boolean", default: false },
      openInNewTab: { type: "boolean", default: false },
      policyEngineMode: { type: "string", default: "any", check: oneOf("all", "any") },
    },
  });
}
