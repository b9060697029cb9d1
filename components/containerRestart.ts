import { Command, type CommandArgs } from "@pulumi/command/remote/command";
import * as pulumi from "@pulumi/pulumi";

import type { ProviderArgs } from "../provider/sdk";
import { authorizedKeyLines } from "../ssh/hostKey";
import { restartScript } from "../ssh/restartScript";

export interface ContainerRestartArgs {
  /** The host of the containers, the Compose file and the service in it. */
  immich: ProviderArgs;
  /** How long it may take to be healthy again, in seconds. Default: 120. */
  timeoutSeconds?: pulumi.Input<number>;
  /** Usually a time: a restart follows whenever it changes. */
  change: pulumi.Input<string>;
  /** False: nothing is restarted after all. Default: true. */
  due?: pulumi.Input<boolean>;
}

/** Restarts one Compose service over SSH after a change, and waits until it is healthy. */
export class ContainerRestart extends pulumi.ComponentResource {
  constructor(name: string, args: ContainerRestartArgs, opts?: pulumi.ComponentResourceOptions) {
    super("immich-sso:index:ContainerRestart", name, {}, opts);
    const { immich } = args;
    const script = pulumi
      .all([
        immich.containerRuntime ?? "docker",
        immich.composeDirectory ?? "/opt/immich",
        immich.composeService ?? "immich-server",
        args.timeoutSeconds ?? 120,
        args.due ?? true,
      ])
      .apply(([runtime, directory, service, timeoutSeconds, due]) =>
        due ? restartScript({ runtime, directory, service, timeoutSeconds }) : "true",
      );
    new Command(
      `${name}-command`,
      {
        connection: connection(immich),
        create: script,
        // A new script or another host is no reason to restart; a change is.
        update: "true",
        triggers: [args.change],
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

function connection(immich: ProviderArgs): CommandArgs["connection"] {
  const { sshHost = "", sshPort, sshUser = "", sshHostKey } = immich;
  const target = login(immich, sshHost, sshPort, sshUser, sshHostKey);
  const { sshJumpHost, sshJumpPort, sshJumpUser, sshJumpHostKey } = immich;
  if (!sshJumpHost) return target;
  const proxy = login(immich, sshJumpHost, sshJumpPort, sshJumpUser ?? sshUser, sshJumpHostKey);
  return { ...target, proxy };
}

function login(
  { sshPrivateKey, sshPrivateKeyPassphrase, sshAgentSocket }: ProviderArgs,
  host: pulumi.Input<string>,
  port: pulumi.Input<number> = 22,
  user: pulumi.Input<string>,
  hostKey: pulumi.Input<string> = "",
) {
  return {
    host,
    port,
    user,
    // @pulumi/command takes any host key where none is given, and compares with the first one only.
    hostKey: pulumi
      .all([host, user, hostKey])
      .apply(
        ([to, name, key]) =>
          authorizedKeyLines({ host: to, port: 22, user: name, hostKey: key }, "target")[0] ?? "",
      ),
    dialErrorLimit: 3,
    ...(sshPrivateKey ? { privateKey: pulumi.secret(sshPrivateKey) } : {}),
    ...(sshPrivateKeyPassphrase
      ? { privateKeyPassword: pulumi.secret(sshPrivateKeyPassphrase) }
      : {}),
    ...(sshAgentSocket ? { agentSocketPath: sshAgentSocket } : {}),
  };
}
