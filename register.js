// Lets plain `node` run this repository's TypeScript: node -r ./register.js sandbox/main.ts
//
// Types are stripped by swc and checked elsewhere (`npm run check`, part of `npm test`). The program is
// loaded through this hook (program.js), and so is its provider (provider/index.js). What was stripped is kept
// in node_modules/.cache, where `npm ci` takes it away.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const options = {
  jsc: { parser: { syntax: "typescript" }, target: "es2022", keepClassNames: true },
  module: { type: "commonjs", ignoreDynamic: true },
  sourceMaps: "inline",
  swcrc: false,
};

const root = __dirname + path.sep;
const cache = path.join(__dirname, "node_modules/.cache/register");
/** What else the result depends on: the options above. */
const ourselves = fs.readFileSync(path.join(__dirname, "register.js"));
/** By file name: what it became, with its source map, for stack traces. */
const compiled = new Map();

require.extensions[".ts"] = (module, filename) => {
  if (!filename.startsWith(root) || filename.includes(`${path.sep}node_modules${path.sep}`)) {
    throw new Error(`${filename} is TypeScript outside this project`);
  }
  const code = strip(fs.readFileSync(filename, "utf8"), filename);
  compiled.set(filename, code);
  module._compile(code, filename);
};

require("source-map-support").install({
  environment: "node",
  handleUncaughtExceptions: false,
  retrieveFile: (filename) => compiled.get(filename) ?? null,
});

function strip(source, filename) {
  const hash = crypto.createHash("sha1").update(ourselves).update(filename).update("\0");
  const file = path.join(cache, `${hash.update(source).digest("hex")}.js`);
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    // Not yet.
  }
  // Loaded late: in most runs it has nothing to do.
  const { code } = require("@swc/core").transformSync(source, { ...options, filename });
  try {
    fs.mkdirSync(cache, { recursive: true });
    fs.writeFileSync(`${file}.${process.pid}`, code);
    fs.renameSync(`${file}.${process.pid}`, file);
  } catch {
    // A folder that cannot be written to: it is stripped again the next time.
  }
  return code;
}
