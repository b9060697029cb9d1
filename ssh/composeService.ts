import { type ComposeService, findScript, TOLD } from "./composeScript";
import type { ExecResult } from "./exec";
import type { SshConnection } from "./openConnection";
import { runtimeError } from "./containerErrors";
import { SshError } from "./errors";
import { type RestartScriptArgs, restartScript } from "./restartScript";

/** Compose stops a container for 10 s before it kills it, and the health check's own time comes on top of that. */
const restartMarginMs = 120_000;

/**
 * Looks whether a Compose service could be restarted. Nothing is changed.
 *
 * @throws SshError (`container`) that names what is wrong and the command that sets it right: no such directory, no
 *   Compose file, no such service, no container of it in this project (and where there are some), no Compose, no runtime,
 *   not allowed to use it
 */
export async function lookAtService(ssh: SshConnection, service: ComposeService): Promise<void> {
  const answer = await ssh.exec(findScript(service));
  if (answer.code !== 0) throw await serviceError(ssh, service, answer);
}

/**
 * Restarts a Compose service and waits until it is healthy.
 *
 * @returns what it came to: `immich-server is healthy`
 * @throws SshError (`container`): as `lookAtService`, the restart failed, or it is not healthy in time; whether the
 *   service is down now is said
 */
export async function restartService(ssh: SshConnection, args: RestartScriptArgs): Promise<string> {
  const answer = await ssh.exec(restartScript(args), {
    timeoutMs: args.timeoutSeconds * 1000 + restartMarginMs,
  });
  if (answer.code !== 0) throw await serviceError(ssh, args, answer);
  return answer.stdout.trim();
}

/**
 * When the service's container was started; with several, the one that was started first.
 *
 * @throws SshError as `lookAtService`
 */
export async function serviceStartedAt(ssh: SshConnection, service: ComposeService): Promise<Date> {
  // As JSON it is RFC 3339 with both runtimes; podman's own form has a time zone's letters, which Date can't read.
  const format = `'{{json .State.StartedAt}}'`;
  const script = `${findScript(service)}${service.runtime} inspect --type container --format ${format} $ids`;
  const answer = await ssh.exec(script);
  if (answer.code !== 0) throw await serviceError(ssh, service, answer);
  const times = answer.stdout
    .split("\n")
    .map((line) => Date.parse(line.replaceAll('"', "").replace(/(\.\d{3})\d+/, "$1")))
    .filter((time) => !Number.isNaN(time));
  if (times.length > 0) return new Date(Math.min(...times));
  throw await serviceError(ssh, service, answer);
}

async function serviceError(
  ssh: SshConnection,
  { runtime }: ComposeService,
  answer: ExecResult,
): Promise<SshError> {
  if (answer.code !== TOLD) return runtimeError(ssh, runtime, answer, { command: `${runtime} ps` });
  return new SshError("container", `On ${ssh.name}: ${printable(answer.stderr)}`);
}

/** The script's own lines, and a log's last ones, without what a terminal would obey. */
function printable(text: string): string {
  const kept = Array.from(text).filter((c) => c === "\n" || (c >= " " && c !== "\u007f"));
  return kept.join("").trim().slice(0, 6_000);
}
