/**
 * The commands `docker`, `podman`, their `-compose` and `sudo` in the sandbox's `bin` folder. They carry the command
 * line to the sandbox's own process, and its answer back.
 */
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Plain JavaScript, as it runs for each command and must start at once: 40 ms. */
const CARRIER = `
const [program, ...args] = process.argv.slice(2);
const call = {
  program: program.replace("-compose", ""),
  standalone: program.endsWith("-compose"),
  args,
  cwd: process.cwd(),
  sudo: process.env.SANDBOX_SUDO === "1",
};
const request = require("node:http").request(
  process.env.SANDBOX_DOCKER,
  {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: "Bearer " + process.env.SANDBOX_DOCKER_TOKEN,
    },
  },
  (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk) => (text += chunk));
    response.on("end", () => {
      const { code, stdout, stderr } = JSON.parse(text);
      process.exitCode = code;
      process.stdout.write(stdout);
      process.stderr.write(stderr);
    });
  },
);
request.on("error", () => {
  process.stderr.write("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\\n");
  process.exitCode = 1;
});
request.end(JSON.stringify(call));
`;

const SUDO = `#!/bin/sh
# sudo of the sandbox: runs what the sandbox's commands are, and nothing else.
[ "$1" = "-n" ] && shift
case $1 in
  docker|podman|docker-compose|podman-compose) SANDBOX_SUDO=1 exec "$@" ;;
esac
echo "sudo: $1: command not found" >&2
exit 1
`;

/**
 * What the scripts of this project (ssh/) and of its tests take of the system, beside what `sh` has built in. With the
 * sandbox's own these are all the commands in an SSH login's PATH.
 */
const SYSTEM = ["cat", "date", "grep", "head", "id", "ls", "sed", "sleep", "sort", "tail", "tr"];

/** Puts what is taken of the system into `bin`, which is made if absent. */
export function linkSystemCommands(bin: string): void {
  mkdirSync(bin, { recursive: true });
  for (const program of SYSTEM) {
    const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/bin"];
    const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
    const link = join(bin, program);
    if (found !== undefined && !existsSync(link)) symlinkSync(found, link);
  }
}

/** Writes the commands into `bin`, which is made if absent. */
export function writeCommands(bin: string): void {
  linkSystemCommands(bin);
  const carrier = join(bin, ".docker.js");
  writeFileSync(carrier, CARRIER);
  for (const program of ["docker", "podman", "docker-compose", "podman-compose"]) {
    executable(
      join(bin, program),
      `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(carrier)} ${program} "$@"\n`,
    );
  }
  executable(join(bin, "sudo"), SUDO);
}

function executable(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
