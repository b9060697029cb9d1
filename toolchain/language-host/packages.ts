// Which plugins a program needs: those that its SDK packages name in their package.json.
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import {
  type GetRequiredPackagesRequest,
  GetRequiredPackagesResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PackageDependency, PackageParameterization } from "@pulumi/pulumi/proto/plugin_pb";

/** The parts of a package.json that matter here. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly pulumi?: {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
    readonly parameterization?: {
      readonly name: string;
      readonly version: string;
      readonly value: string;
    };
  };
}

/** A package as installed: where, and its manifest. */
export interface Installed {
  readonly directory: string;
  readonly manifest: Manifest;
}

/** Answers GetRequiredPackages. */
export function requiredPackages(request: GetRequiredPackagesRequest): GetRequiredPackagesResponse {
  const directory = request.getInfo()?.getProgramDirectory() ?? process.cwd();
  const packages = pulumiPackages(directory).flatMap(({ manifest }) => dependency(manifest) ?? []);
  return new GetRequiredPackagesResponse().setPackagesList(packages);
}

/**
 * The SDK packages that a program depends on, directly or by way of another SDK package: those that
 * say in `pulumi.resource` that they come with a plugin.
 */
export function pulumiPackages(directory: string): Installed[] {
  const found = new Map<string, Installed>();
  const visit = (from: string, manifest: Manifest, top: boolean): void => {
    const names = { ...manifest.dependencies, ...(top ? manifest.devDependencies : {}) };
    for (const name of Object.keys(names)) {
      const installed = locate(name, from);
      if (!installed || found.has(installed.directory) || !isSdk(installed.manifest)) continue;
      found.set(installed.directory, installed);
      visit(installed.directory, installed.manifest, false);
    }
  };
  const program = readManifest(directory);
  if (program) visit(directory, program, true);
  return [...found.values()].filter(({ manifest }) => manifest.pulumi?.resource === true);
}

function isSdk({ dependencies, peerDependencies, pulumi }: Manifest): boolean {
  return pulumi !== undefined || "@pulumi/pulumi" in { ...dependencies, ...peerDependencies };
}

/** Finds an installed package as Node does: in the node_modules of the folder or of one above it. */
export function locate(name: string, from: string): Installed | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const directory = path.join(folder, "node_modules", name);
    const manifest = readManifest(directory);
    if (manifest) return { directory, manifest };
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The file of a module of the SDK, of the one that is installed beside a program or a plugin. */
export function entryPoint(module: string, directory: string): string {
  try {
    return createRequire(path.join(directory, "package.json")).resolve(module);
  } catch {
    throw new Error(
      `the package @pulumi/pulumi is not installed in ${directory}: run \`npm ci\` there first`,
    );
  }
}

/** A folder's package.json, or undefined when there is none that can be read. */
export function readManifest(directory: string): Manifest | undefined {
  try {
    return JSON.parse(fs.readFileSync(path.join(directory, "package.json"), "utf8")) as Manifest;
  } catch {
    return undefined;
  }
}

/** The plugin that an SDK package comes with, its version without a leading v. */
export function pluginOf({
  name,
  version,
  pulumi,
}: Manifest): { name: string; version: string } | undefined {
  const plugin = pulumi?.name ?? name?.replace(/^@pulumi\//, "");
  const pluginVersion = (pulumi?.version ?? version)?.replace(/^v/, "");
  return plugin && pluginVersion ? { name: plugin, version: pluginVersion } : undefined;
}

function dependency(manifest: Manifest): PackageDependency | undefined {
  const plugin = pluginOf(manifest);
  if (!plugin) return undefined;
  const { server = "", parameterization } = manifest.pulumi ?? {};
  const result = new PackageDependency()
    .setKind("resource")
    .setName(plugin.name)
    .setVersion(`v${plugin.version}`)
    .setServer(server);
  if (!parameterization) return result;
  return result.setParameterization(
    new PackageParameterization()
      .setName(parameterization.name)
      .setVersion(parameterization.version)
      .setValue(parameterization.value),
  );
}
