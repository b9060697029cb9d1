/** Python for tests: a virtual environment, and what keeps one from being made. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

import { run } from "../sdkGenerator/build";

/** What this machine lacks to generate an SDK for Python and to install it; empty: nothing. */
export function lacking(): string {
  if (spawnSync("go", ["version"]).status !== 0) return "Go is not here";
  const probe = [join(__dirname, "probe.py"), "pulumi"];
  const { status, stderr, error } = spawnSync("python3", probe, { encoding: "utf8" });
  if (error) return "Python is not here";
  return status === 0 ? "" : stderr.trim();
}

/** Python's interpreter in a virtual environment. */
export const interpreter = (folder: string): string => join(folder, "bin/python");

/**
 * Makes a virtual environment with what files of requirements list. Throws with Python's words where it fails.
 * @param project What paths in those files start from.
 */
export function makeEnvironment(folder: string, project: string, ...lists: readonly string[]) {
  run("python3", ["-m", "venv", folder], project);
  const args = lists.flatMap((list) => ["--requirement", list]);
  run(interpreter(folder), ["-m", "pip", "install", "--quiet", ...args], project);
}
