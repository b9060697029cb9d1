// Who may use the engine, and what is missing on the host.
import { restartService } from "../../ssh/composeService";
import { type Engine, ENGINES, freshProject, serviceOf } from "./engines";
import { over, refused, type State } from "./expect";

export function loginStates(): State[] {
  const [docker] = ENGINES as [Engine, ...Engine[]];
  const podman = ENGINES.find(({ program }) => program === "podman") ?? docker;
  const plugin = "/usr/libexec/docker/cli-plugins/docker-compose";
  const command = "/usr/local/bin/docker-compose"; // Debian's own is a link to the plugin
  const as = (engine: Engine, user: Engine["user"], runtime: string): Engine => ({
    ...engine,
    user,
    runtime,
  });
  return [
    {
      name: "a user outside the group docker",
      check: async (homelab) => {
        await freshProject(homelab, docker);
        await refused(homelab, as(docker, "nobody-special", "docker"), {}, [
          "may not use docker",
          "sudo usermod -aG docker nobody-special",
          'containerRuntime "sudo -n docker"',
        ]);
      },
    },
    {
      name: "sudo that asks for a password",
      check: async (homelab) => {
        await freshProject(homelab, docker);
        await refused(homelab, as(docker, "asked", "sudo -n docker"), {}, [
          "sudo asks asked for a password",
          "NOPASSWD: /usr/bin/docker",
        ]);
      },
    },
    {
      name: "sudo without the command",
      check: async (homelab) => {
        await freshProject(homelab, docker);
        homelab.must("mv /usr/bin/podman /usr/bin/podman.hidden");
        try {
          await refused(homelab, as(docker, "sudoer", "sudo -n podman"), {}, [
            "there is no command podman",
          ]);
        } finally {
          homelab.must("mv /usr/bin/podman.hidden /usr/bin/podman");
        }
      },
    },
    {
      name: "podman where sudo -n podman is meant",
      check: async (homelab) => {
        await freshProject(homelab, podman);
        await refused(homelab, as(podman, "sudoer", "podman"), {}, [
          "podman lists no container at all",
          'npx pulumi config set containerRuntime "sudo -n podman"',
        ]);
      },
    },
    {
      name: "no Compose plugin: the command docker-compose is used; without that, it is said",
      check: async (homelab) => {
        await freshProject(homelab, docker);
        homelab.must(`mv ${plugin} ${plugin}.hidden && cp ${plugin}.hidden ${command}`);
        try {
          await over(homelab, docker, (ssh) =>
            restartService(ssh, { ...serviceOf(docker), timeoutSeconds: 60 }),
          );
          homelab.must(`rm ${command}`);
          await refused(homelab, docker, {}, ["docker has no Compose here", "apt-get install"]);
        } finally {
          homelab.run(`rm -f ${command}; mv ${plugin}.hidden ${plugin}`);
        }
      },
    },
  ];
}
