"use strict";

const { resource } = require("./utilities");

exports.ProviderOauth2 = resource("authentik:index/providerOauth2:ProviderOauth2", {
  properties: [
    "accessCodeValidity",
    "accessTokenValidity",
    "allowedRedirectUris",
    "authenticationFlow",
    "authorizationFlow",
    "clientId",
    "clientSecret",
    "clientType",
    "encryptionKey",
    "grantTypes",
    "includeClaimsInIdToken",
    "invalidationFlow",
    "issuerMode",
    "jwksSources",
    "jwtFederationProviders",
    "jwtFederationSources",
    "logoutMethod",
    "logoutUri",
    "name",
    "propertyMappings",
    "providerOauth2Id",
    "refreshTokenThreshold",
    "refreshTokenValidity",
    "signingKey",
    "subMode",
  ],
  required: ["authorizationFlow", "clientId", "invalidationFlow"],
  secrets: ["clientSecret"],
});
