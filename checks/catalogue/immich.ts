// Immich, as it answers to anybody: is it there, is OAuth on, and where does it send people.
import {
  compose,
  configSet,
  writeAgain,
  discoveryUrl,
  entries,
  intoFile,
  pulumi,
  service,
} from "./entry";

export const immichChecks = entries({
  "immich-reachable": {
    title: "Immich",
    asks: "Does Immich answer at `immichApiUrl` (default `immichUrl`)?",
    symptom: "Immich's page does not open, or shows an error of the proxy.",
    dependsOn: [],
    fixes: {
      "no-answer": {
        when: "nothing answers at that address",
        fix: (i) =>
          `Start it: ${compose(i, "up -d")}; or correct the address: ${configSet(i, "immichApiUrl", "http://ADDRESS:2283")}.`,
      },
      starting: {
        when: "it is starting, or keeps failing to start",
        fix: (i) =>
          `Wait a minute; if it stays so, read why: ${compose(i, `logs --tail 50 ${service(i)}`)}.`,
      },
      "bad-certificate": {
        when: "its certificate is not trusted here",
        fix: (i) =>
          `Ask the inner address instead: ${configSet(i, "immichApiUrl", "http://ADDRESS:2283")}; for a CA of your own, set NODE_EXTRA_CA_CERTS=/path/to/ca.pem.`,
      },
      "not-immich": {
        when: "something else answers there",
        fix: (i) =>
          `The address leads to another server, or to a login in front of Immich. Correct it: ${configSet(i, "immichApiUrl", "http://ADDRESS:2283")}.`,
      },
      failing: {
        when: "Immich answers, with an error",
        fix: (i) => `Read why: ${compose(i, `logs --tail 50 ${service(i)}`)}.`,
      },
    },
  },
  "immich-public": {
    title: "Immich's public address",
    asks: "Does Immich answer at `immichUrl` as a browser and as the phone app would ask it?",
    symptom:
      "Immich opens in some places only; the phone app finds no server at the address, or shows another login page; logging in ends at another address than it began.",
    dependsOn: ["immich-reachable"],
    fixes: {
      "bad-gateway": {
        when: "the proxy answers, Immich behind it does not",
        fix: () => "Point the proxy at Immich (port 2283): its own error page came back.",
      },
      "bad-certificate": {
        when: "its certificate has expired, or is for another name",
        fix: () =>
          "Renew the proxy's certificate for this very name: browsers and the app refuse it.",
      },
      "login-in-front": {
        when: "another login page comes first (forward authentication, basic authentication)",
        fix: (i) =>
          `Take it off ${i.immichUrl} in the proxy, /api and /.well-known/immich above all: Immich has its own login, and the phone app can't pass another.`,
      },
      "not-immich": {
        when: "something else answers there",
        fix: (i) =>
          `Let the proxy pass ${i.immichUrl} on to Immich, all paths; or name the right address: ${configSet(i, "immichUrl", "https://ADDRESS")}, then ${pulumi(i, "up")}.`,
      },
      "other-origin": {
        when: "it goes on to another address: that is where the browser comes from",
        fix: (i) =>
          `Name the address that the browser ends at: ${configSet(i, "immichUrl", "https://ADDRESS")}, then ${pulumi(i, "up")}; or take the redirect out of the proxy.`,
      },
      "plain-http": {
        when: "Immich shows itself by http too, instead of going on to https: logging in there ends in a Redirect URI Error",
        fix: () =>
          "Let the proxy redirect http to https (nginx: `return 301 https://$host$request_uri;` in the server of port 80; Nginx Proxy Manager: Force SSL).",
      },
      "well-known": {
        when: "`/.well-known/immich` sends the phone app to another API than Immich's",
        fix: (i) =>
          `${i.immichUrl}/.well-known/immich must be Immich's own answer, {"api":{"endpoint":"/api"}}: take the proxy's rule off that path.`,
      },
    },
  },
  "config-file": {
    title: "Settings from a file",
    asks: "Does Immich read its settings from the database, not from `IMMICH_CONFIG_FILE`, unless they are meant to be in that file (`settingsThrough file`)?",
    symptom: "Nothing changes in Immich, whatever is deployed.",
    dependsOn: ["immich-reachable"],
    fixes: {
      "in-use": {
        when: "Immich runs with IMMICH_CONFIG_FILE and ignores the database",
        fix: (i) =>
          `Take IMMICH_CONFIG_FILE out of Immich's compose file or .env and start it again: ${compose(i, "up -d")}; or leave its settings in that file: ${configSet(i, "settingsThrough", "file")}, then ${pulumi(i, "up")}.`,
      },
      "not-in-use": {
        when: "the settings are meant to be in a file (`settingsThrough file`), and Immich runs without IMMICH_CONFIG_FILE",
        fix: (i) =>
          `Name the file in the environment of Immich's server, IMMICH_CONFIG_FILE=/path/in/the/container, and ${intoFile(i)}; or let this stack write the settings: ${configSet(i, "settingsThrough", "api")}.`,
      },
    },
  },
  "oauth-enabled": {
    title: "OAuth in Immich",
    asks: "Does Immich say that OAuth is on?",
    symptom: 'No "Login with Authentik" button on Immich\'s login page; "OAuth is not enabled".',
    dependsOn: ["immich-reachable", "config-file", "password-login-lockout"],
    fixes: {
      off: {
        when: "it is switched off in Immich's settings",
        fix: (i) => `Write the settings again: ${writeAgain(i)}.`,
      },
      stale: {
        when: "the settings say it is on, Immich does not know it yet (before 1.106.3)",
        fix: (i) => `Restart it: ${compose(i, `restart ${service(i)}`)}.`,
      },
    },
  },
  "insecure-issuer": {
    title: "http issuer",
    asks: "May this version of Immich use an issuer that is not https? (A rule since 3.0.)",
    symptom: '"Error in OAuth discovery: only requests to HTTPS are allowed" in Immich.',
    dependsOn: ["immich-reachable", "config-file"],
    fixes: {
      "not-allowed": {
        when: "Immich is 3.0 or newer, the issuer is http, and `oauth.allowInsecureRequests` is off",
        fix: (i) =>
          `Better: give Authentik https and ${configSet(i, "authentikPublicUrl", "https://ADDRESS")}. Otherwise ${writeAgain(i)} sets oauth.allowInsecureRequests.`,
      },
    },
  },
  "immich-issuer": {
    title: "Issuer in Immich",
    asks: "Does Immich use the deployed issuer, and send people to Authentik's public address?",
    symptom: "After the click the browser lands at a wrong or unreachable address.",
    dependsOn: ["oauth-enabled"],
    fixes: {
      different: {
        when: "Immich has another issuer URL: somebody changed it, or a slash is missing",
        fix: (i) => `Write "${i.issuerUrl}" again: ${writeAgain(i)}.`,
      },
      "sent-elsewhere": {
        when: "Immich has the right issuer but sends people to another address",
        fix: (i) =>
          `Restart Immich, which may hold old settings: ${compose(i, `restart ${service(i)}`)}; then check that Authentik's proxy passes the Host header on.`,
      },
    },
  },
  "immich-client-id": {
    title: "Client ID in Immich",
    asks: "Does Immich send people with the deployed client ID?",
    symptom: '"Client ID Error" on a page of Authentik, right after the click.',
    dependsOn: ["oauth-enabled"],
    fixes: {
      different: {
        when: "Immich has another client ID",
        fix: (i) => `Write "${i.clientId}" again: ${writeAgain(i)}.`,
      },
      stale: {
        when: "the settings are right, Immich still uses older ones",
        fix: (i) => `Restart it: ${compose(i, `restart ${service(i)}`)}.`,
      },
    },
  },
  "immich-discovery": {
    title: "Immich reaches Authentik",
    asks: "Can Immich's own server fetch the discovery document?",
    symptom: '"Error in OAuth discovery: …" (HTTP 500) in Immich, right after the click.',
    dependsOn: [
      "oauth-enabled",
      "issuer-equal",
      "insecure-issuer",
      "immich-issuer",
      "immich-client-id",
    ],
    explainedBy: ["settings-usable"],
    fixes: {
      "fetch-failed": {
        when: "`fetch failed`: Immich's container does not reach Authentik (DNS, firewall, certificate)",
        fix: (i) =>
          `Try it from there: ${compose(i, `exec -T ${service(i)} curl -sS ${discoveryUrl(i)}`)}. Then fix DNS or firewall, add the name under extra_hosts in compose, or give the container NODE_EXTRA_CA_CERTS for a CA of your own.`,
      },
      status: {
        when: "`unexpected HTTP response status code`: a redirect or an error page on the way",
        fix: (i) =>
          `Immich follows no redirect. From its container ${discoveryUrl(i)} must answer 200: ${compose(i, `exec -T ${service(i)} curl -sSI ${discoveryUrl(i)}`)} shows what does answer.`,
      },
      "content-type": {
        when: "`unexpected response content-type`: another page is answered to Immich",
        fix: (i) =>
          `Take the extra login or error page off ${discoveryUrl(i)} for requests from Immich's host.`,
      },
      issuer: {
        when: "`issuer does not match`: Immich is told another issuer than we are",
        fix: () =>
          "Immich's host reaches Authentik another way than this machine (split DNS?): let it go through the same proxy, with Host and X-Forwarded-Proto passed on.",
      },
      other: {
        when: "Immich answers something else",
        fix: (i) => `Read the reason: ${compose(i, `logs --tail 50 ${service(i)}`)}.`,
      },
    },
  },
  "immich-redirect-uri": {
    title: "Redirect URI from Immich",
    asks: "Does Immich send people with redirect URIs that Authentik was told of?",
    symptom: '"Redirect URI Error" on a page of Authentik, in the phone app above all.',
    dependsOn: ["immich-discovery"],
    fixes: {
      overridden: {
        when: "Immich's mobile redirect override (`oauth.mobileRedirectUri`) names another address",
        fix: (i) =>
          `Switch it off (Immich > Administration > Settings > OAuth > Mobile redirect URI override), or allow it: ${configSet(i, "--path 'extraRedirectUris[0]'", "URI")}, then ${pulumi(i, "up")}.`,
      },
      different: {
        when: "Immich replaces the web address by another one",
        fix: (i) =>
          `Set the origin as the browser shows it: ${configSet(i, "immichUrl", "https://ADDRESS")}, then ${pulumi(i, "up")}.`,
      },
    },
  },
  "immich-scope": {
    title: "Scope from Immich",
    asks: "Does Immich ask for the deployed scopes?",
    symptom:
      '"OAuth profile does not have an email address", or a name is missing (user not created).',
    dependsOn: ["immich-discovery"],
    fixes: {
      different: {
        when: "Immich asks for other scopes",
        fix: (i) => `Write "${i.scopes.join(" ")}" again: ${writeAgain(i)}.`,
      },
    },
  },
  clocks: {
    title: "Clocks",
    asks: "Do Authentik's and Immich's clocks agree within five minutes?",
    symptom: '"Failed to finish oauth" in Immich: the ID token seems to have expired.',
    dependsOn: ["immich-reachable", "discovery-found"],
    fixes: {
      apart: {
        when: "Immich's clock is minutes ahead of Authentik's",
        fix: () =>
          "Set both hosts' clocks by NTP: `timedatectl set-ntp true` on each, then look at `timedatectl`.",
      },
    },
  },
});
