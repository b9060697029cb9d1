// What Pulumi runs: index.ts, by way of this repository's loader.
"use strict";

require("../../register.js");

module.exports = require("./index.ts");
