/**
 * Makes the SDK of the provider goauthentik/authentik with Pulumi's own generator, as
 * `pulumi package add` does, but from the schema in schema.ts: the provider that would tell its schema
 * can't be downloaded everywhere.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { report } from "../../../toolchain/setup.js";
import { buildGenerator, run } from "../../support/sdkGenerator/build";
import { authentikSchema } from "./schema";

const root = resolve(__dirname, "../../..");

/** What can run the generator here: the official language host, or Go, with the engine's own module. */
export function generator(): "language host" | "go" | undefined {
  const host = report().parts.find(({ name }) => name === "language host");
  if (host?.origin === "official" || host?.origin === "path") return "language host";
  return spawnSync("go", ["version"]).status === 0 ? "go" : undefined;
}

/**
 * Generates the SDK into `folder`.
 * @param scratch an empty folder to work in.
 */
export function generateSdk(folder: string, scratch: string): void {
  const manifest = JSON.parse(readFileSync(join(root, "sdks/authentik/package.json"), "utf8")) as {
    pulumi: { parameterization: { value: string } };
  };
  const schema = join(scratch, "schema.json");
  writeFileSync(schema, JSON.stringify(authentikSchema(manifest.pulumi.parameterization.value)));
  mkdirSync(dirname(folder), { recursive: true });
  if (generator() === "language host") {
    const cli = report().parts[0]?.path ?? "";
    const out = join(scratch, "out");
    run(cli, ["package", "gen-sdk", schema, "--language", "nodejs", "--local", "--out", out], root);
    renameSync(join(out, "nodejs"), folder);
    return;
  }
  run(buildGenerator(scratch), [schema, folder], scratch);
}

/** Compiles a generated SDK by its own script, as `npm install` of it does. */
export function compileSdk(folder: string): void {
  run(process.execPath, ["scripts/postinstall.js"], folder);
}

/** Links the packages of this project into `modules`, all but `@pulumi/authentik`, which is `sdk`. */
export function linkPackages(modules: string, names: readonly string[], sdk: string): void {
  for (const name of names) {
    const link = join(modules, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(name === "@pulumi/authentik" ? sdk : join(root, "node_modules", name), link);
  }
}
