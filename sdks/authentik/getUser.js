"use strict";

const { lookup } = require("./utilities");

const { plain, output } = lookup("authentik:index/getUser:getUser", ["id", "pk", "username"]);

exports.getUser = plain;
exports.getUserOutput = output;
