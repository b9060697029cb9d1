import type * as pulumi from "@pulumi/pulumi";

/**
 * A dynamic provider whose code is loaded from this project's folder whenever Pulumi calls it.
 *
 * Pulumi writes the text of a dynamic provider into the state and runs that text. Only the lines
 * below travel there; the code itself stays on disk, so that the state holds no program, a newer
 * version of the project works on the resources of an older one, and a preview does not spend its
 * time on serialising functions. Pulumi starts the provider's process in the project's folder.
 *
 * @param module path from the project's folder of a module that exports `provider`.
 */
export function providerOnDisk(module: string): pulumi.dynamic.ResourceProvider {
  const load = (): Required<pulumi.dynamic.ResourceProvider> => {
    /* eslint-disable @typescript-eslint/no-require-imports */
    const { resolve } = require("node:path");
    require(resolve("register.js"));
    return require(resolve(module)).provider;
    /* eslint-enable */
  };
  return {
    configure: (request) => load().configure(request),
    diff: (id, olds, news) => load().diff(id, olds, news),
    create: (inputs) => load().create(inputs),
    read: (id, props) => load().read(id, props),
    update: (id, olds, news) => load().update(id, olds, news),
    delete: (id, props) => load().delete(id, props),
  };
}
