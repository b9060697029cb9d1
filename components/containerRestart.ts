import { Command, type CommandArgs } from "@pulumi/command/remote/command";
import * as pulumi from "@pulumi/pulumi";

import { authorizedKeyLines } from "../ssh/hostKey";
import type { SshHost, SshTarget } from "../ssh/target";
import { restartScript } from "../ssh/restartScript";

export interface ContainerRestartArgs {
  /** The host of the containers. */
  readonly ssh: SshTarget;
  /** `docker`, `podman`, or either behind `sudo -n`. */
  readonly runtime: string;
  /** Directory of the Compose file. */
  readonly directory: string;
  /** The service to restart. */
  readonly service: string;
  /** How long it may take to be healthy again, in seconds. */
  readonly timeoutSeconds: number;
  /**
   * `removal`: restart when this resource is taken away (what depends on it is undone before).
   * Otherwise a text, usually a time: restart whenever it changes.
   */
  readonly on: "removal" | { readonly change: pulumi.Input<string> };
  /** False: nothing is restarted after all. Default: true. */
  readonly due?: pulumi.Input<boolean>;
  /** Called before SSH is used, so that its errors are told first. Default: nobody is asked. */
  readonly reach?: () => Promise<void>;
}

/** Restarts one Compose service over SSH and waits until it is healthy. */
export class ContainerRestart extends pulumi.ComponentResource {
  /** What the restart printed last. */
  readonly report: pulumi.Output<string>;

  constructor(name: string, args: ContainerRestartArgs, opts?: pulumi.ComponentResourceOptions) {
    super("immich-sso:index:ContainerRestart", name, {}, opts);
    const restart = restartScript(args);
    const script = pulumi.output(args.due ?? true).apply((due) => (due ? restart : "true"));
    const command: CommandArgs =
      args.on === "removal"
        ? { connection: connection(args.ssh), create: "true", update: "true", delete: script }
        : {
            connection: connection(args.ssh),
            create: script,
            // A new script or another host is no reason to restart; a change is.
            update: "true",
            triggers: [args.on.change],
          };
    const ran = new Command(
      `${name}-command`,
      { ...command, addPreviousOutputInEnv: false },
      { parent: this, hooks: beforehand(name, args.reach) },
    );
    this.report = ran.stdout;
    this.registerOutputs({ report: this.report });
  }
}

/** `@pulumi/command` says "host key mismatch" or "unable to authenticate" and not what to do. */
function beforehand(
  name: string,
  reach: ContainerRestartArgs["reach"],
): pulumi.ResourceHookBinding | undefined {
  if (!reach) return undefined;
  const hook = new pulumi.ResourceHook(`${name}-ssh`, reach);
  return { beforeCreate: [hook], beforeUpdate: [hook] };
}

function connection(target: SshTarget): CommandArgs["connection"] {
  return {
    ...host(target, "target"),
    ...(target.jump ? { proxy: host(target.jump, "jump") } : {}),
  };
}

function host(ssh: SshHost, role: "target" | "jump") {
  return {
    host: ssh.host,
    port: ssh.port,
    user: ssh.user,
    // @pulumi/command takes any host key where none is given, and compares with the first one only.
    hostKey: authorizedKeyLines(ssh, role)[0],
    dialErrorLimit: 3,
    ...(ssh.privateKey ? { privateKey: pulumi.secret(ssh.privateKey) } : {}),
    ...(ssh.passphrase ? { privateKeyPassword: pulumi.secret(ssh.passphrase) } : {}),
    ...(ssh.agentSocket ? { agentSocketPath: ssh.agentSocket } : {}),
  };
}
