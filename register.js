// Lets plain `node` run this repository's TypeScript: node -r ./register.js sandbox/main.ts
//
// Types are stripped by swc and checked elsewhere (`npm run check`, part of `npm test`). The dynamic
// providers load their code through this hook too, in the process that Pulumi starts for them.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const swc = require("@swc/core");

const options = {
  jsc: { parser: { syntax: "typescript" }, target: "es2022", keepClassNames: true },
  module: { type: "commonjs", ignoreDynamic: true },
  sourceMaps: "inline",
  swcrc: false,
};

const root = __dirname + path.sep;

require.extensions[".ts"] = (module, filename) => {
  if (!filename.startsWith(root) || filename.includes(`${path.sep}node_modules${path.sep}`)) {
    throw new Error(`${filename} is TypeScript outside this project`);
  }
  const source = fs.readFileSync(filename, "utf8");
  module._compile(swc.transformSync(source, { ...options, filename }).code, filename);
};
