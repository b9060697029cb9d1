// Immich's settings in its database, over SSH, and the container that uses them.
import { compose, writeAgain, entries, pulumi, resetting, service } from "./entry";

export const settingsChecks = entries({
  "host-reachable": {
    title: "Immich's host",
    asks: "Does SSH to Immich's host work, with the pinned host key?",
    symptom: "Logging in may work; `pulumi up` and `pulumi refresh` fail.",
    dependsOn: [],
    fixes: {
      failed: {
        when: "SSH does not answer, shows another host key, or refuses the login",
        fix: (i) =>
          `Do what the message says; the keys are sshHost, sshPort, sshUser, sshHostKey and sshPrivateKey: ${pulumi(i, "config")} shows them.`,
      },
    },
  },
  "settings-readable": {
    title: "Immich's database",
    asks: "Can Immich's settings be read from its database, and are they such that Immich can use them?",
    symptom: "Logging in may work; `pulumi up` and `pulumi refresh` fail.",
    dependsOn: ["host-reachable"],
    fixes: {
      stored: {
        when: "what is stored keeps Immich from starting, or breaks the login",
        fix: () => "The message names the setting and the command that fixes it.",
      },
      failed: {
        when: "the container or the database in it does not answer, or refuses the login",
        fix: (i) =>
          `Do what the message says; the keys are postgresContainer, postgresDatabase, postgresUser and postgresPassword: ${pulumi(i, "config")} shows them.`,
      },
    },
  },
  "settings-usable": {
    title: "Other settings of OAuth",
    asks: "Is every setting of Immich's that this stack does not write such that a login survives it?",
    symptom:
      '"Failed to finish oauth" in Immich, after the login at Authentik, or "Error in OAuth discovery: operation timed out", though all else is right.',
    dependsOn: ["settings-readable", "config-file"],
    fixes: {
      unusable: {
        when: "a setting was changed to what Immich or Authentik can't work with (`oauth.profileSigningAlgorithm`, `oauth.timeout`, `oauth.tokenEndpointAuthMethod`, …)",
        fix: (i) => resetting(i, ["oauth.SETTING"]),
      },
    },
  },
  "auto-register": {
    title: "Auto-registration",
    asks: "Does Immich make an account for somebody new, as deployed (`autoRegister`)?",
    symptom:
      '"User does not exist and auto registering is disabled." in Immich (user not created), after the login at Authentik.',
    dependsOn: ["settings-readable", "config-file"],
    fixes: {
      off: {
        when: "it is off in Immich's settings although this stack has it on",
        fix: (i) => `Switch it on again: ${writeAgain(i)}.`,
      },
    },
  },
  "settings-row": {
    title: "Deployed settings",
    asks: "Are Immich's settings still those that were deployed, key by key?",
    symptom:
      'Depends on the key; a changed secret: "Failed to finish oauth" (Client authentication failed).',
    dependsOn: ["settings-readable"],
    explainedBy: [
      "password-login-lockout",
      "oauth-enabled",
      "insecure-issuer",
      "immich-issuer",
      "immich-client-id",
      "immich-redirect-uri",
      "immich-scope",
      "auto-register",
    ],
    fixes: {
      different: {
        when: "somebody changed a setting in Immich, or a backup was restored",
        fix: (i) =>
          `To put them back: ${writeAgain(i)}. To keep a change, set the same value in the stack's config first.`,
      },
    },
  },
  "container-restarted": {
    title: "Restart",
    asks: "Was Immich restarted since its settings changed, where that is needed or wanted?",
    symptom: "Immich behaves as before the change (before 1.106.3), or nothing at all.",
    dependsOn: ["host-reachable"],
    fixes: {
      older: {
        when: "the container has been running since before the change",
        fix: (i) =>
          `Restart it: ${compose(i, `restart ${service(i)}`)}; or tell the stack that it need not: ${pulumi(i, "config set restart whenNeeded")}.`,
      },
    },
  },
});
