"use strict";

const { lookup } = require("./utilities");

const { plain, output } = lookup("authentik:index/getGroup:getGroup", [
  "id",
  "includeUsers",
  "name",
  "pk",
]);

exports.getGroup = plain;
exports.getGroupOutput = output;
