import { Credential, credentialFor } from "./credentials";
import { dial } from "./dial";
import { SshError } from "./errors";
import { HostKeyPin, readPins } from "./hostKey";
import { login } from "./login";
import { type Carrier, OpenConnection } from "./openConnection";
import {
  Role,
  SshHost,
  SshTarget,
  SshTimeouts,
  addressOf,
  defaultTimeouts,
  nameOf,
} from "./target";

/**
 * Connects and logs in: jump host first, if there is one. Host keys are compared before a login is offered, and a host
 * without a pin is not even dialled.
 *
 * @throws SshError with the cause and what to do
 */
export async function connect(
  target: SshTarget,
  timeouts: Partial<SshTimeouts> = {},
): Promise<OpenConnection> {
  const limits = { ...defaultTimeouts, ...timeouts };
  const pins = readPins(target, "target");
  const jumpPins = target.jump ? readPins(target.jump, "jump") : [];
  const credential = await credentialFor(target, limits);
  const jumpHost = target.jump;
  if (!jumpHost) {
    const socket = await dial(target, "target", limits.dialMs);
    return open(socket, target, "target", pins, credential, limits);
  }
  // An encrypted key takes a second to open, on purpose: once is enough where both hosts take the same.
  const jumpCredential = sameLogin(target, jumpHost)
    ? credential
    : await credentialFor(jumpHost, limits);
  const jumpSocket = await dial(jumpHost, "jump", limits.dialMs);
  const jump = await open(jumpSocket, jumpHost, "jump", jumpPins, jumpCredential, limits);
  try {
    const carrier = await jump
      .channel(target.host, target.port, limits.dialMs)
      .catch((error: unknown) => Promise.reject(throughJump(error, target, jumpHost)));
    const connection = await open(carrier, target, "target", pins, credential, limits);
    connection.onDeath(() => jump.close());
    return connection;
  } catch (error) {
    const why = jump.death;
    jump.close();
    throw why ?? error;
  }
}

function sameLogin(a: SshHost, b: SshHost): boolean {
  return (
    a.privateKey === b.privateKey &&
    a.passphrase === b.passphrase &&
    a.agentSocket === b.agentSocket
  );
}

/** A `channel` error of the jump host, told as what it means for the way to the target. */
function throughJump(error: unknown, target: SshTarget, jump: SshHost): unknown {
  if (!(error instanceof SshError) || (error.kind !== "channel" && error.kind !== "timeout")) {
    return error;
  }
  return new SshError(
    error.kind,
    `SSH to ${nameOf(target)}: the jump host ${nameOf(jump)} cannot reach ${addressOf(target.host, target.port)} ` +
      `(${error.what})`,
    `sshHost and sshPort must be right as seen from the jump host; is sshd running on the target?`,
  );
}

async function open(
  socket: Carrier,
  host: SshHost,
  role: Role,
  pins: readonly HostKeyPin[],
  credential: Credential,
  limits: SshTimeouts,
): Promise<OpenConnection> {
  const client = await login(socket, host, role, pins, credential, limits);
  return new OpenConnection(client, socket, nameOf(host), limits);
}
