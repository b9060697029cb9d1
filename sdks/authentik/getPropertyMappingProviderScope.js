"use strict";

const { lookup } = require("./utilities");

const { plain, output } = lookup(
  "authentik:index/getPropertyMappingProviderScope:getPropertyMappingProviderScope",
  ["id", "ids", "managed", "managedLists", "name", "scopeName"],
);

exports.getPropertyMappingProviderScope = plain;
exports.getPropertyMappingProviderScopeOutput = output;
