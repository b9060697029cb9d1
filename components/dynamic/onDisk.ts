import * as pulumi from "@pulumi/pulumi";

/**
 * A dynamic resource whose provider is loaded from this project's folder whenever Pulumi calls it.
 *
 * Pulumi writes the text of a dynamic provider into the state and runs that text. Only the lines below
 * travel there; the code itself stays on disk, so that the state holds no program, a newer version of the
 * project works on the resources of an older one, and no run spends its time on serialising functions:
 * `pulumi.dynamic.Resource` does nothing beyond this but to work the text out of a function, which takes a
 * tenth of a second. Pulumi starts the provider's process in the project's folder.
 */
export abstract class ResourceOnDisk extends pulumi.CustomResource {
  /**
   * @param provider path from the project's folder of a module that exports `provider`.
   * @param type the last part of the resource's type.
   */
  protected constructor(
    provider: string,
    type: string,
    name: string,
    props: pulumi.Inputs,
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(
      `pulumi-nodejs:dynamic/immich-sso:${type}`,
      name,
      { ...props, __provider: providerText(provider) },
      opts,
    );
  }
}

function providerText(module: string): string {
  return `const { resolve } = require("node:path");
exports.handler = () => {
  require(resolve("register.js"));
  return require(resolve(${JSON.stringify(module)})).provider;
};
`;
}
