// Stand-in for the plugin `terraform-provider` (Pulumi's bridge to any Terraform provider) when it is
// asked to be the provider `goauthentik/authentik`. It makes the requests that provider makes.

import { standInFor } from "../standIn";
import { ProviderError, type Lookup, type Provider, type Resource } from "../../../plugin/provider";
import { Api, type Connection } from "./api";
import { application } from "./application";
import { group } from "./group";
import { lookups } from "./lookups";
import { policyBinding } from "./policyBinding";
import { oauth2Provider } from "./providerOauth2";
import { scopeMapping } from "./scopeMapping";

let connection: Connection | undefined;

/** The API of the Authentik that this provider was configured for. */
function api(): Api {
  if (!connection)
    throw new ProviderError("The provider authentik was used before it was configured.");
  return new Api(connection);
}

const resources: Record<string, Resource> = {
  "authentik:index/application:Application": application(api),
  "authentik:index/group:Group": group(api),
  "authentik:index/policyBinding:PolicyBinding": policyBinding(api),
  "authentik:index/propertyMappingProviderScope:PropertyMappingProviderScope": scopeMapping(api),
  "authentik:index/providerOauth2:ProviderOauth2": oauth2Provider(api),
};

const functions: Record<string, Lookup> = Object.fromEntries(
  Object.entries(lookups(api)).map(([name, lookup]) => [`authentik:index/${name}:${name}`, lookup]),
);

/** What the engine is told of this provider. */
export const provider: Provider = {
  name: "terraform-provider",
  version: "1.1.3",
  ...standInFor("terraform-provider", "1.1.3"),
  likeness: {
    noHandshake: "Handshake is not yet implemented",
    accepts: { resources: true, autonaming: true },
    diffConfig: "bridged",
    secretConfig: ["token"],
  },
  resources,
  lookups: functions,

  parameterize({ name, version, value }) {
    if (!value.includes("goauthentik/authentik")) {
      throw new ProviderError(
        `This stand-in for the plugin terraform-provider can be goauthentik/authentik only; it was asked to be ` +
          `${name} ${version}. Anything else takes the official plugin.`,
      );
    }
    return { name, version };
  },

  async configure(config, session) {
    const url = config["url"] || process.env["AUTHENTIK_URL"] || "";
    const token = config["token"] || process.env["AUTHENTIK_TOKEN"] || "";
    if (!url || !token) {
      const missing = !url ? "authentik:url" : "authentik:token";
      throw new ProviderError(
        `The provider authentik has no ${!url ? "address" : "token"}: set it with ` +
          `npx pulumi config set ${!url ? "" : "--secret "}${missing} …`,
      );
    }
    const insecure =
      (config["insecure"] || process.env["AUTHENTIK_INSECURE"] || "false") === "true";
    const headers = config["headers"]
      ? (JSON.parse(config["headers"]) as Record<string, string>)
      : {};
    connection = { url, token, insecure, headers: headers ?? {} };
    // The official provider asks too, and does nothing about a failure: what fails, fails where it matters.
    void api()
      .get("root/config/", undefined, session)
      .catch(() => undefined);
  },
};
