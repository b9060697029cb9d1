// Starts the provider `immich`: PulumiPlugin.yaml and pulumi-resource-immich lead here.
"use strict";

require("../register.js");
require("./main.ts");
