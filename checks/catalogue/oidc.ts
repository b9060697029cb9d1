// Authentik as an OpenID provider, seen from outside: what a browser and a client get to see.
import {
  configSet,
  deployAgain,
  discoveryUrl,
  entries,
  oneAddress,
  publicUrl,
  pulumi,
  resetting,
} from "./entry";

const redirectFixes = {
  refused: {
    when: "it is not on the provider's list, to the letter: scheme, port and slash at the end count",
    fix: (i) => `Put the list back as this stack has it: ${deployAgain(i)}.`,
  },
} as const satisfies Record<string, import("./entry").Fix>;

const FORWARDED =
  "Let the reverse proxy send `X-Forwarded-Proto: https` and the Host header to Authentik (nginx: `proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host;`).";

const redirectSymptom =
  '"Redirect URI Error" (Invalid redirect URI) on a page of Authentik, right after the click';

export const oidcChecks = entries({
  "issuer-reachable": {
    title: "Authentik's public address",
    asks: "Does Authentik answer at the address that browsers and Immich use?",
    symptom: "The browser can't open Authentik's login page after the click.",
    dependsOn: ["authentik-reachable"],
    independentWhen: (input) => !oneAddress(input),
    fixes: {
      "no-answer": {
        when: "nothing answers there",
        fix: (i) =>
          `Check DNS and the reverse proxy for ${publicUrl(i)}, or correct it: ${configSet(i, "authentikPublicUrl", "https://ADDRESS")}.`,
      },
      "bad-certificate": {
        when: "its certificate is not trusted here",
        fix: () =>
          "Renew it, and let the proxy send the full chain. For a CA of your own, set NODE_EXTRA_CA_CERTS=/path/to/ca.pem here and in Immich's container.",
      },
      "bad-gateway": {
        when: "the proxy answers, Authentik behind it does not",
        fix: () =>
          "Start Authentik, or point the proxy at it (port 9000): its own error page came back.",
      },
    },
  },
  "discovery-found": {
    title: "Discovery document",
    asks: "Is the OpenID configuration of the application there?",
    symptom: '"Error in OAuth discovery" in Immich, right after the click.',
    dependsOn: ["issuer-reachable"],
    fixes: {
      "not-found": {
        when: "there is no application of that slug, or it has no provider",
        fix: (i) =>
          `Look for the application "${i.applicationSlug}" (Authentik > Applications) and its provider; make them again: ${deployAgain(i)}.`,
      },
      "not-json": {
        when: "something else is answered: a redirect, or another login page in front",
        fix: (i) =>
          `${discoveryUrl(i)} must answer 200 and JSON to anybody: take authentication and redirects off that path in the proxy.`,
      },
    },
  },
  "issuer-equal": {
    title: "Issuer",
    asks: "Does the document name exactly the issuer that Immich was given, scheme and slash included?",
    symptom: '"discovered metadata issuer does not match the expected issuer" in Immich.',
    dependsOn: ["discovery-found"],
    fixes: {
      scheme: {
        when: "the scheme differs: http for https is the commonest mistake",
        fix: () => FORWARDED,
      },
      "untrusted-proxy": {
        when: "the scheme differs, and Authentik is 2026.8 or newer: it believes the header only from proxies that it trusts",
        fix: () =>
          `${FORWARDED} If it does: name the proxy's address in AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS of Authentik's server, with a mask (203.0.113.7/32). It replaces the default list, the private addresses: add those you need.`,
      },
      host: {
        when: "the host or port differs: the proxy hides the public name",
        fix: (i) =>
          `Let the reverse proxy pass the Host header on with its port (nginx: \`proxy_set_header Host $http_host;\`; \`$host\` loses the port), or name the address Authentik sees: ${configSet(i, "authentikPublicUrl", "https://ADDRESS")}.`,
      },
      path: {
        when: "the path differs: another issuer mode or slug, or the slash at the end",
        fix: (i) =>
          `Set the provider's issuer mode back to "Each provider has a different issuer": ${deployAgain(i)}.`,
      },
    },
  },
  "signing-algorithm": {
    title: "Signing algorithm",
    asks: "Does Authentik sign ID tokens with the algorithm that Immich expects?",
    symptom: '"Failed to finish oauth" in Immich, after the login at Authentik.',
    dependsOn: ["discovery-found"],
    fixes: {
      "no-key": {
        when: "the provider has no signing key, so it signs HS256",
        fix: (i) =>
          `Give the provider its signing key back (config \`signingKey\`): ${deployAgain(i)}.`,
      },
      setting: {
        when: "Authentik signs as it should, and `oauth.signingAlgorithm` in Immich's settings is another",
        fix: (i) => resetting(i, ["oauth.signingAlgorithm"]),
      },
      "other-key": {
        when: "the signing key is of another kind",
        fix: (i) =>
          `Choose an RSA certificate: ${configSet(i, "signingKey", "'authentik Self-signed Certificate'")}, then ${deployAgain(i)}.`,
      },
    },
  },
  "scopes-offered": {
    title: "Scopes",
    asks: "Does the provider offer every scope that Immich asks for?",
    symptom:
      'Names or e-mail addresses are missing; "OAuth profile does not have an email address".',
    dependsOn: ["discovery-found"],
    fixes: {
      missing: {
        when: "a scope mapping was taken off the provider",
        fix: (i) => `Put the scope mappings back: ${deployAgain(i)}.`,
      },
    },
  },
  "email-claim": {
    title: "E-mail claim",
    asks: "Will Immich be told the user's e-mail address?",
    symptom: '"OAuth profile does not have an email address" in Immich (user not created).',
    dependsOn: ["scopes-offered"],
    fixes: {
      "not-asked": {
        when: "Immich is not to ask for the scope `email`",
        fix: (i) => `${configSet(i, "scopes", "'openid email profile'")}, then ${pulumi(i, "up")}.`,
      },
      "not-sent": {
        when: "no scope mapping of the provider sends the claim `email`",
        fix: (i) =>
          `Put Authentik's own mapping "scope-email" back: ${deployAgain(i)}; if you wrote your own, let it return {"email": request.user.email}.`,
      },
    },
  },
  "client-known": {
    title: "Client ID",
    asks: "Does Authentik know the client ID?",
    symptom: '"Client ID Error" on a page of Authentik, right after the click.',
    dependsOn: ["discovery-found"],
    fixes: {
      unknown: {
        when: "no provider has it: it was changed, or the provider deleted",
        fix: (i) => `Put the provider's client ID back to "${i.clientId}": ${deployAgain(i)}.`,
      },
      "no-page": {
        when: "the authorize page answers something else",
        fix: () =>
          "Look at the proxy's rules for /application/o/authorize/ and at Authentik's server log.",
      },
    },
  },
  "redirect-uri-list": {
    title: "Redirect URIs, the list",
    asks: "Has the provider any redirect URI? (Without one, Authentik takes the first that comes along, and keeps it.)",
    symptom:
      'At first nothing: whoever comes first decides where logins may go. Then "Redirect URI Error" for all others.',
    dependsOn: ["authentik-token"],
    explainedBy: ["client-known"],
    fixes: {
      empty: {
        when: "the list was emptied",
        fix: (i) => `Put the list back as this stack has it: ${deployAgain(i)}.`,
      },
    },
  },
  "redirect-uri-web": {
    title: "Redirect URI, web",
    asks: "Does Authentik accept `<immichUrl>/auth/login`?",
    symptom: `${redirectSymptom} in a browser.`,
    dependsOn: ["client-known", "redirect-uri-list"],
    fixes: {
      ...redirectFixes,
      "not-configured": {
        when: "`<immichUrl>/auth/login` is not among the URIs that were deployed",
        fix: (i) =>
          `Put it on the list: ${deployAgain(i)}. Should the browser show Immich at another address: ${configSet(i, "immichUrl", "https://ADDRESS")} first.`,
      },
    },
  },
  "redirect-uri-user-settings": {
    title: "Redirect URI, account linking",
    asks: "Does Authentik accept `<immichUrl>/user-settings` (config `accountLinking`)?",
    symptom: `${redirectSymptom} on "Link to OAuth" in Immich's account settings.`,
    dependsOn: ["client-known", "redirect-uri-list"],
    fixes: redirectFixes,
  },
  "redirect-uri-app": {
    title: "Redirect URI, phone app",
    asks: "Does Authentik accept `app.immich:///oauth-callback` (config `mobileApp`)?",
    symptom: `${redirectSymptom} in the phone app.`,
    dependsOn: ["client-known", "redirect-uri-list"],
    fixes: redirectFixes,
  },
  "redirect-uri-extra": {
    title: "Redirect URIs, further ones",
    asks: "Does Authentik accept every URI of `extraRedirectUris`?",
    symptom: `${redirectSymptom} from that address.`,
    dependsOn: ["client-known", "redirect-uri-list"],
    fixes: redirectFixes,
  },
  "client-secret": {
    title: "Client secret",
    asks: "Does Authentik accept the client secret? (A made-up code is refused only after the secret.)",
    symptom:
      'Client authentication failed: "Failed to finish oauth" in Immich, after the login at Authentik; `invalid_client` in its log.',
    dependsOn: ["client-known"],
    explainedBy: ["redirect-uri-list"],
    fixes: {
      refused: {
        when: "it is not the provider's secret: somebody changed it",
        fix: (i) =>
          `Put the same secret on both sides: ${deployAgain(i)}. For a new one: ${configSet(i, "clientSecretRotation", "$(date +%F)")}, then ${pulumi(i, "up")}.`,
      },
      "no-endpoint": {
        when: "the token endpoint answers something else",
        fix: () =>
          "Let the proxy pass POST requests to /application/o/token/ on to Authentik without a login of its own.",
      },
    },
  },
  "id-token-encryption": {
    title: "ID token in clear",
    asks: "Has the provider no encryption key? (Immich can't decrypt ID tokens.)",
    symptom: '"Failed to finish oauth" in Immich, after the login at Authentik.',
    dependsOn: ["authentik-token", "client-known"],
    fixes: {
      encrypted: {
        when: "the provider has an encryption key",
        fix: (i) =>
          `Clear "Encryption Key" in the provider (Authentik > Applications > Providers > Edit), or ${deployAgain(i)}.`,
      },
    },
  },
});
