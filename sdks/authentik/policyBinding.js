"use strict";

const { resource } = require("./utilities");

exports.PolicyBinding = resource("authentik:index/policyBinding:PolicyBinding", {
  properties: [
    "enabled",
    "failureResult",
    "group",
    "negate",
    "order",
    "policy",
    "policyBindingId",
    "target",
    "timeout",
    "user",
  ],
  required: ["order", "target"],
});
