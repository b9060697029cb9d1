"use strict";

const { resource } = require("./utilities");

exports.PropertyMappingProviderScope = resource(
  "authentik:index/propertyMappingProviderScope:PropertyMappingProviderScope",
  {
    properties: [
      "description",
      "expression",
      "name",
      "propertyMappingProviderScopeId",
      "scopeName",
    ],
    required: ["expression", "scopeName"],
  },
);
