// Authentik's API: is it there, does the token work, who may log in.
import { configSecret, configSet, deployAgain, entries } from "./entry";

export const authentikChecks = entries({
  "authentik-reachable": {
    title: "Authentik's API",
    asks: "Does Authentik answer at `authentik:url`?",
    symptom:
      "`pulumi up` stops before it made anything; the login page of Authentik may be down too.",
    dependsOn: [],
    fixes: {
      "no-answer": {
        when: "nothing answers at that address",
        fix: (i) =>
          `Start Authentik, or correct the address: ${configSet(i, "authentik:url", "https://ADDRESS")}.`,
      },
      "bad-certificate": {
        when: "its certificate is not trusted here",
        fix: (i) =>
          `Let the proxy send its full certificate chain; for a CA of your own, set NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or use the inner address: ${configSet(i, "authentik:url", "http://ADDRESS:9000")}.`,
      },
      "not-authentik": {
        when: "something else answers there",
        fix: (i) =>
          `The address leads to another server or to a proxy's error page. Correct it: ${configSet(i, "authentik:url", "https://ADDRESS")} (scheme, host and port, no path).`,
      },
      starting: {
        when: "it is still starting, or its proxy does not reach it",
        fix: () =>
          "Wait a minute and run this again. If it stays so, look at `docker compose ps` and `docker compose logs server` in Authentik's folder.",
      },
    },
  },
  "authentik-token": {
    title: "Authentik's token",
    asks: "Does Authentik accept `authentik:token`, and may its owner see OAuth2 providers?",
    symptom: "`pulumi up` ends in HTTP 403; logging in works until something must be changed.",
    dependsOn: ["authentik-reachable"],
    fixes: {
      refused: {
        when: "it is wrong or has expired",
        fix: (i) =>
          `Authentik > Directory > Tokens and App passwords > Create (intent API Token), then ${configSecret(i, "authentik:token")}.`,
      },
      "no-rights": {
        when: "its owner may not see OAuth2 providers",
        fix: (i) =>
          `Make the token for a user of the group "authentik Admins", then ${configSecret(i, "authentik:token")}.`,
      },
    },
  },
  "access-groups": {
    title: "Access groups",
    asks: "Do the groups of `accessGroups` exist, have members, and guard the application?",
    symptom:
      'After the password, Authentik says "Permission denied" instead of going on to Immich.',
    dependsOn: ["authentik-token"],
    fixes: {
      missing: {
        when: "a group does not exist",
        fix: (i) =>
          `Create it (Authentik > Directory > Groups), or name another one: ${configSet(i, "--path 'accessGroups[0]'", "GROUP")}.`,
      },
      empty: {
        when: "no group has an active member",
        fix: () =>
          "Add somebody: Authentik > Directory > Groups > the group > Users > Add existing user.",
      },
      unbound: {
        when: "a group is not bound to the application",
        fix: (i) => `Bind it again: ${deployAgain(i)}.`,
      },
      "no-email": {
        when: "no member has an e-mail address",
        fix: () =>
          "Give each member an e-mail address: Authentik > Directory > Users > the user > Edit. Immich takes nobody without one.",
      },
    },
  },
});
