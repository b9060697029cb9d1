/** An operation in a process of its own, which is killed at the moment that a fault strikes. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import type { Way } from "../immich/open";
import type { Ended } from "./judge";
import type { Job } from "./operations";

/** @param struck resolves when it is to be killed */
export async function inChild(
  order: { readonly context: Way; readonly job: Job },
  struck: Promise<void>,
): Promise<Ended> {
  const child = spawnChild();
  child.stdin?.end(JSON.stringify(order));
  const answer = Promise.all([text(child.stdout!), text(child.stderr!)]);
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  await Promise.race([struck, exited]);
  child.kill("SIGKILL");
  await exited;
  const [out, err] = await answer;
  if (err !== "") return { error: err };
  return out === "" ? { killed: true } : (JSON.parse(out) as Ended);
}

function spawnChild(): ChildProcess {
  const root = join(__dirname, "..");
  const register = join(root, "register.js");
  return spawn(process.execPath, ["-r", register, join(__dirname, "child.ts")], { cwd: root });
}
