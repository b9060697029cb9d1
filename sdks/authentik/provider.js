"use strict";

const pulumi = require("@pulumi/pulumi");
const { getPackage, requireAll, version } = require("./utilities");

class Provider extends pulumi.ProviderResource {
  static isInstance(value) {
    return (
      value !== undefined && value !== null && value.__pulumiType === "pulumi:providers:authentik"
    );
  }

  constructor(name, args, opts = {}) {
    if (!opts.urn) requireAll(["token", "url"], args);
    // A provider's inputs are texts: everything else goes as JSON.
    const inputs = {
      headers: pulumi
        .output(args?.headers ? pulumi.secret(args.headers) : undefined)
        .apply(JSON.stringify),
      insecure: pulumi.output(args?.insecure).apply(JSON.stringify),
      token: args?.token ? pulumi.secret(args.token) : undefined,
      url: args?.url,
    };
    const options = pulumi.mergeOptions({ version }, opts);
    const marked = { additionalSecretOutputs: ["token"] };
    super("authentik", name, inputs, pulumi.mergeOptions(options, marked), false, getPackage());
  }
}
Provider.__pulumiType = "authentik";
exports.Provider = Provider;
