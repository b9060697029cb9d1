"use strict";

const { lookup } = require("./utilities");

const { plain, output } = lookup("authentik:index/getCertificateKeyPair:getCertificateKeyPair", [
  "fetchCertificate",
  "fetchKey",
  "keyData",
  "name",
]);

exports.getCertificateKeyPair = plain;
exports.getCertificateKeyPairOutput = output;
