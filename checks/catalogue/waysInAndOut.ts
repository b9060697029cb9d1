// Who gets into Immich and as what, and how people get out of it.
import {
  compose,
  deployAgain,
  entries,
  keepingRights,
  lettingAdminsIn,
  service,
  writeAgain,
} from "./entry";

export const wayChecks = entries({
  "password-login-lockout": {
    title: "A way in",
    asks: "Is at least one way to log in to Immich on: OAuth or passwords?",
    symptom: "Immich's login page has neither a form nor a button: nobody can log in.",
    dependsOn: ["immich-reachable"],
    fixes: {
      "both-off": {
        when: "password login and OAuth are both off",
        fix: (i) =>
          `${compose(i, `exec -T ${service(i)} immich-admin enable-password-login`)} lets you in again; then ${writeAgain(i)}.`,
      },
    },
  },
  "admin-way-in": {
    title: "A way in for administrators",
    asks: "With password login off (config `passwordLogin`), can an administrator of Immich come in through Authentik?",
    symptom:
      "People get in, and nobody can administer Immich any more: the menu has no Administration.",
    dependsOn: ["immich-reachable", "password-login-lockout"],
    fixes: {
      "no-admin": {
        when: "password login is off, or about to be, and no administrator of Immich has a user in Authentik",
        fix: (i) => lettingAdminsIn(i),
      },
    },
  },
  "admin-rights": {
    title: "Administrators' rights",
    asks: "With `adminGroupsDemote`: who of Immich's administrators is in none of `adminGroups`, and loses the rights at the next login?",
    symptom:
      "Somebody who administered Immich does not any more, after logging in through Authentik.",
    dependsOn: ["authentik-token", "immich-reachable"],
    fixes: {
      nobody: {
        when: "nobody is in the groups: every administrator of Immich would lose the rights",
        fix: (i) => keepingRights(i),
      },
    },
  },
  logout: {
    title: "Logging out",
    asks: "Does a logout in Authentik end the session in Immich, and a logout in Immich lead to Authentik's? (Immich 3.0 and later.)",
    symptom: "Logged out of Authentik, people are still in Immich; or the other way round.",
    dependsOn: ["authentik-token", "immich-reachable"],
    fixes: {
      unset: {
        when: "the provider in Authentik has no logout URI, as after an upgrade of Immich from before 3.0",
        fix: (i) => `Set it: ${deployAgain(i)}.`,
      },
      different: {
        when: "the logout URI or the logout method was changed in Authentik",
        fix: (i) => `Put both back: ${deployAgain(i)}.`,
      },
      elsewhere: {
        when: "`oauth.endSessionEndpoint` in Immich leads elsewhere",
        fix: (i) => `Put it back: ${deployAgain(i)}.`,
      },
      "no-endpoint": {
        when: "at Immich's public address something else answers Authentik",
        fix: (i) =>
          `Let the proxy pass POST ${i.logoutUri ?? `${i.immichUrl}/api/oauth/backchannel-logout`} on to Immich without a login in front: Authentik's worker asks it.`,
      },
    },
  },
});
