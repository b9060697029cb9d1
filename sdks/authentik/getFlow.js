"use strict";

const { lookup } = require("./utilities");

const { plain, output } = lookup("authentik:index/getFlow:getFlow", [
  "authentication",
  "designation",
  "id",
  "slug",
]);

exports.getFlow = plain;
exports.getFlowOutput = output;
