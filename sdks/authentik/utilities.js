"use strict";
// What the classes and functions of this SDK are made with.

const pulumi = require("@pulumi/pulumi");
const { name, version, pulumi: plugin } = require("./package.json");

/** Tells the engine which provider this package needs; the same request as the generated SDK makes. */
async function getPackage() {
  return pulumi.runtime.registerPackage({
    baseProviderName: plugin.name,
    baseProviderVersion: plugin.version,
    baseProviderDownloadUrl: "",
    packageName: plugin.parameterization.name,
    packageVersion: plugin.parameterization.version,
    base64Parameter: plugin.parameterization.value,
  });
}
exports.getPackage = getPackage;

/** The class of a resource: its inputs and outputs have the same names. */
exports.resource = function resource(type, { properties, required, secrets = [] }) {
  const className = type.split(":").pop();
  const made = {
    [className]: class extends pulumi.CustomResource {
      static get(resourceName, id, state, opts) {
        return new this(resourceName, state, { ...opts, id });
      }

      static isInstance(value) {
        return value !== undefined && value !== null && value.__pulumiType === type;
      }

      constructor(resourceName, argsOrState, opts = {}) {
        const inputs = {};
        if (!opts.id && !opts.urn) requireAll(required, argsOrState);
        for (const property of properties) {
          const value = argsOrState?.[property];
          const hide = !opts.id && value && secrets.includes(property);
          inputs[property] = hide ? pulumi.secret(value) : value;
        }
        const options = pulumi.mergeOptions({ version }, opts);
        const marked = secrets.length > 0 ? { additionalSecretOutputs: secrets } : {};
        super(
          type,
          resourceName,
          inputs,
          pulumi.mergeOptions(options, marked),
          false,
          getPackage(),
        );
      }
    },
  }[className];
  made.__pulumiType = type;
  return made;
};

/** A function in its two forms: one that promises, one that takes and gives outputs. */
exports.lookup = function lookup(token, properties) {
  const picked = (args = {}) => Object.fromEntries(properties.map((key) => [key, args[key]]));
  const options = (opts) => pulumi.mergeOptions({ version }, opts ?? {});
  return {
    plain: (args, opts) => pulumi.runtime.invoke(token, picked(args), options(opts), getPackage()),
    output: (args, opts) =>
      pulumi.runtime.invokeOutput(token, picked(args), options(opts), getPackage()),
  };
};

/** Fails as the generated SDK does when an input that must be there is not. */
function requireAll(required, args) {
  for (const property of required) {
    if (args?.[property] === undefined) throw new Error(`Missing required property '${property}'`);
  }
}
exports.requireAll = requireAll;
exports.version = version;
exports.packageName = name;
