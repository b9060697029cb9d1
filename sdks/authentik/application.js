"use strict";

const { resource } = require("./utilities");

exports.Application = resource("authentik:index/application:Application", {
  properties: [
    "applicationId",
    "backchannelProviders",
    "group",
    "metaDescription",
    "metaHide",
    "metaIcon",
    "metaLaunchUrl",
    "metaPublisher",
    "name",
    "openInNewTab",
    "policyEngineMode",
    "protocolProvider",
    "slug",
    "uuid",
  ],
  required: ["slug"],
});
