import type { ExecResult } from "./exec";
import type { SshConnection } from "./openConnection";
import { SshError, said } from "./errors";

/**
 * Tells why docker or podman refused, and what to do. Asks for the containers there are when the wanted one is missing.
 *
 * @param answer what the failed command came to
 * @param asked the command, or as much of it as a person would run by hand, and the container that it was about
 */
export async function runtimeError(
  ssh: SshConnection,
  runtime: string,
  answer: ExecResult,
  asked: { readonly command: string; readonly container?: string },
): Promise<SshError> {
  const words = `${answer.stderr}\n${answer.stdout}`;
  const say = (what: string, next: string) =>
    new SshError("container", `On ${ssh.name}: ${what}`, next);
  const user = ssh.name.split("@")[0] ?? "";
  const program = runtime.split(/\s+/).at(-1) ?? runtime;

  if (
    /a password is required|a terminal is required|not in the sudoers|not allowed to execute/i.test(
      words,
    )
  ) {
    return say(
      `sudo asks ${user} for a password (${said(answer.stderr)})`,
      `allow it without one: echo '${user} ALL=(root) NOPASSWD: /usr/bin/${program}' | sudo tee /etc/sudoers.d/${program}`,
    );
  }
  if (/permission denied/i.test(words)) {
    return say(
      `${user} may not use ${program} (${said(answer.stderr)})`,
      `put the user into the group: sudo usermod -aG docker ${user}   (new logins have it), ` +
        `or: npx pulumi config set containerRuntime "sudo -n ${program}"`,
    );
  }
  if (runtime.startsWith("sudo") && /sudo: (command )?not found/i.test(words)) {
    return say(
      `there is no sudo (${said(answer.stderr)})`,
      `let the user use ${program} itself: sudo usermod -aG docker ${user}, and: npx pulumi config set containerRuntime ${program}`,
    );
  }
  if (answer.code === 127 || /command not found|: not found/i.test(words)) {
    return say(
      `there is no command ${program} for ${user} (${said(answer.stderr || "exit code 127")})`,
      `is this the machine that runs Immich? ${other(runtime, program)}; ` +
        `elsewhere than in PATH, there: sudo ln -s "$(command -v ${program})" /usr/local/bin/${program}`,
    );
  }
  if (
    /cannot connect to the docker daemon|cannot connect to podman|is the docker daemon running/i.test(
      words,
    )
  ) {
    return say(
      `${program} itself does not answer (${said(answer.stderr)})`,
      `start it there: sudo systemctl start ${program}`,
    );
  }
  if (/no such (object|container)/i.test(words)) {
    const names = await containerNames(ssh, runtime);
    const none =
      runtime === "podman"
        ? `; are they root's (npx pulumi config set containerRuntime "sudo -n podman"), or is this not the machine that runs Immich (sshHost)?`
        : `; is this the machine that runs Immich (sshHost)?`;
    return say(
      `there is no container ${said(asked.container ?? "of that name")}; ${names.length > 0 ? `there are: ${names.map(said).join(", ")}` : "there are none at all"}`,
      `npx pulumi config set postgresContainer NAME` + (names.length > 0 ? "" : none),
    );
  }
  return say(
    `${said(asked.command)} failed with code ${answer.code} (${said(answer.stderr || answer.stdout)})`,
    `run it by hand there: ${said(asked.command)}`,
  );
}

/** The other runtime, as it would be configured. */
function other(runtime: string, program: string): string {
  const name = program === "podman" ? "docker" : "podman";
  const configured = runtime.startsWith("sudo") ? `"sudo -n ${name}"` : name;
  return `For ${name}: npx pulumi config set containerRuntime ${configured}`;
}

/** Names of all containers, running or not; empty when they cannot be had. */
async function containerNames(ssh: SshConnection, runtime: string): Promise<string[]> {
  const answer = await ssh.exec(`${runtime} ps -a --format '{{.Names}}'`).catch(() => undefined);
  if (!answer || answer.code !== 0) return [];
  return answer.stdout
    .split("\n")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .slice(0, 20);
}
