/** Grafana at Authentik: login, roles from a group that is made here, and what Grafana is to be told. */
import * as authentik from "@pulumi/authentik";
import * as pulumi from "@pulumi/pulumi";

import { OidcApplication } from "../../components/oidcApplication";

const config = new pulumi.Config();
const grafanaUrl = config.require("grafanaUrl");
// The settings of the provider, which makes the resources.
const provider = new pulumi.Config("authentik");
const url = provider.require("url");
const token = provider.requireSecret("token");

const admins = new authentik.Group("admins", { name: "Grafana admins" });

const grafana = new OidcApplication("grafana", {
  authentik: { url, token },
  applicationName: "Grafana",
  slug: "grafana",
  providerName: "Grafana",
  clientId: "grafana",
  redirectUris: [`${grafanaUrl}/login/generic_oauth`],
  launchUrl: grafanaUrl,
  scopeMappings: {
    role: {
      name: "Grafana: role",
      scopeName: "grafana",
      description: "Your role in Grafana",
      expression: pulumi.interpolate`return {"grafana_role": "Admin" if ak_is_group_member(request.user, name="${admins.name}") else "Viewer"}`,
    },
  },
});

/** Grafana's environment (its documentation, "Configure generic OAuth2 authentication"). */
export const environment = {
  GF_SERVER_ROOT_URL: grafanaUrl,
  GF_AUTH_GENERIC_OAUTH_ENABLED: "true",
  GF_AUTH_GENERIC_OAUTH_NAME: "Authentik",
  GF_AUTH_GENERIC_OAUTH_CLIENT_ID: grafana.clientId,
  GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: grafana.clientSecret,
  GF_AUTH_GENERIC_OAUTH_SCOPES: grafana.scopes.apply((scopes) => scopes.join(" ")),
  GF_AUTH_GENERIC_OAUTH_AUTH_URL: `${url}/application/o/authorize/`,
  GF_AUTH_GENERIC_OAUTH_TOKEN_URL: `${url}/application/o/token/`,
  GF_AUTH_GENERIC_OAUTH_API_URL: `${url}/application/o/userinfo/`,
  GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH: "grafana_role",
};

export const issuerUrl = grafana.issuerUrl;
