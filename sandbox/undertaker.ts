/**
 * Sees to it that nothing outlives this process, however it ends.
 *
 * A tiny `sh`, in a session of its own, reads a pipe of ours. Pipes close when their writer dies,
 * SIGKILL included; the shell then ends the children that it was told about and removes the folders.
 * In an orderly stop the owner does that work itself and tells the undertaker to forget.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Writable } from "node:stream";

const SCRIPT = `
children=
while read -r verb what; do
  case $verb in
    child) children="$children $what" ;;
    forget-child)
      kept=
      for child in $children; do [ "\${child%%:*}" = "$what" ] || kept="$kept $child"; done
      children=$kept ;;
    folder) set -- "$@" "$what" ;;
    forget-folder)
      count=$#
      while [ $count -gt 0 ]; do
        folder=$1; shift; count=$((count - 1))
        [ "$folder" = "$what" ] || set -- "$@" "$folder"
      done ;;
  esac
done
for child in $children; do kill -"\${child#*:}" "\${child%%:*}"; done
for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  left=
  for child in $children; do kill -0 "\${child%%:*}" && left="$left \${child%%:*}"; done
  [ -z "$left" ] && break
  sleep 0.1
done
for child in $left; do kill -KILL "$child"; done
[ $# -gt 0 ] && rm -rf -- "$@"
exit 0
`;

let line: Writable | undefined;

function tell(words: string): void {
  if (line === undefined || line.destroyed) {
    const shell = spawn("/bin/sh", ["-c", SCRIPT], {
      detached: true,
      cwd: "/",
      stdio: ["pipe", "ignore", "ignore"],
    });
    // It must keep no test runner and no command waiting.
    shell.unref();
    line = shell.stdin;
    line.on("error", () => undefined);
    (line as Writable & { unref?: () => void }).unref?.();
  }
  line.write(`${words}\n`);
}

/**
 * Has `child` ended with `signal` should this process die before it. Forgotten by itself when the
 * child exits.
 *
 * @param signal what ends the child at once and leaves nothing behind (PostgreSQL: QUIT). Default KILL.
 * @param group the child leads a process group (`detached`): all of the group.
 */
export function endWithUs(
  child: ChildProcess,
  signal: "KILL" | "TERM" | "QUIT" = "KILL",
  group = false,
): void {
  if (child.pid === undefined) return;
  const pid = group ? -child.pid : child.pid;
  tell(`child ${pid}:${signal}`);
  child.once("exit", () => tell(`forget-child ${pid}`));
}

/** Has `folder` (absolute, made by this process) removed should this process die before removing it. */
export function removeWithUs(folder: string): void {
  tell(`folder ${folder}`);
}

/** Takes `removeWithUs` back: the folder is gone, or is to stay. */
export function keepFolder(folder: string): void {
  tell(`forget-folder ${folder}`);
}
