// Loaded into every Node process of a test (NODE_OPTIONS=--require): writes down who loads what speaks SSH or SQL.
const { appendFileSync } = require("node:fs");
const Module = require("node:module");

const load = Module._load;
Module._load = function (request, ...rest) {
  if (request === "ssh2" || request === "pg")
    appendFileSync(process.env.LOADED_MODULES, `${request} ${process.argv.slice(1).join(" ")}\n`);
  return load.call(this, request, ...rest);
};
