"use strict";

const { resource } = require("./utilities");

exports.Group = resource("authentik:index/group:Group", {
  properties: ["attributes", "groupId", "isSuperuser", "name", "parents", "roles", "users"],
  required: [],
});
