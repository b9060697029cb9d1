"use strict";

const { lookup } = require("./utilities");

const { plain, output } = lookup("authentik:index/getBrand:getBrand", [
  "brandingCustomCss",
  "brandingDefaultFlowBackground",
  "brandingFavicon",
  "brandingLogo",
  "brandingTitle",
  "clientCertificates",
  "default",
  "defaultApplication",
  "domain",
  "flowAuthentication",
  "flowDeviceCode",
  "flowInvalidation",
  "flowRecovery",
  "flowUnenrollment",
  "flowUserSettings",
  "id",
  "webCertificate",
]);

exports.getBrand = plain;
exports.getBrandOutput = output;
