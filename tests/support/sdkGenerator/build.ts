/** Pulumi's SDK generators, built from the engine's own Go module. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const root = resolve(__dirname, "../../..");

/**
 * Builds the generator (main.go) in `scratch`. With the flags that the engine is built with, most of it is compiled already.
 * @returns path of the executable: SCHEMA.json FOLDER [nodejs|python|go]
 */
export function buildGenerator(scratch: string): string {
  const module = join(scratch, "generator");
  mkdirSync(module);
  for (const name of ["go.mod", "go.sum"])
    copyFileSync(join(root, "toolchain/engine", name), join(module, name));
  copyFileSync(join(__dirname, "main.go"), join(module, "main.go"));
  run("go", ["build", "-mod=mod", "-trimpath", "-o", "generate", "."], module);
  return join(module, "generate");
}

/** Runs a program to its end. Throws Error with what it said where it fails. */
export function run(program: string, args: readonly string[], cwd: string): void {
  const PATH = [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const env = { ...process.env, PATH };
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env,
    encoding: "utf8",
  });
  if (status !== 0)
    throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? ""}\n${stdout}\n${stderr}`);
}
