"use strict";
// Every class and function is loaded when it is first used: a program pays for what it takes.

const members = {
  Provider: () => require("./provider"),
  Application: () => require("./application"),
  Group: () => require("./group"),
  PolicyBinding: () => require("./policyBinding"),
  PropertyMappingProviderScope: () => require("./propertyMappingProviderScope"),
  ProviderOauth2: () => require("./providerOauth2"),
  getCertificateKeyPair: () => require("./getCertificateKeyPair"),
  getCertificateKeyPairOutput: () => require("./getCertificateKeyPair"),
  getFlow: () => require("./getFlow"),
  getFlowOutput: () => require("./getFlow"),
  getGroup: () => require("./getGroup"),
  getGroupOutput: () => require("./getGroup"),
  getPropertyMappingProviderScope: () => require("./getPropertyMappingProviderScope"),
  getPropertyMappingProviderScopeOutput: () => require("./getPropertyMappingProviderScope"),
};

for (const [name, load] of Object.entries(members)) {
  Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name] });
}
