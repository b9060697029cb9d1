import * as authentik from "@pulumi/authentik";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";

import type { AuthentikApi } from "../authentik";
import { redirectUriProblem } from "../config";
import { adminRoleExpression, ROLE_CLAIM, ROLE_SCOPE } from "./adminRole";
import { flowId, groupId, scopeMappingIds, signingKeyId } from "./lookups";
import { refusal } from "./refusal";
import { beforeApplication, beforeProvider, beforeScopeMapping } from "./existing";

export interface OidcApplicationArgs {
  /** Name of the application, as users see it in Authentik. */
  readonly applicationName: string;
  /** Slug of the application; part of the issuer URL. */
  readonly slug: string;
  /** Name of the OAuth2/OIDC provider. */
  readonly providerName: string;
  /** Address of Authentik as browsers and the client reach it, without a slash at the end. */
  readonly authentikUrl: string;
  readonly clientId: string;
  /** Secret. Default: 64 random letters and digits. */
  readonly clientSecret?: pulumi.Input<string>;
  /** Any text; another text makes another generated secret. Default: none. */
  readonly clientSecretRotation?: string;
  /** Exactly these redirect URIs are accepted, compared character by character. At least one. */
  readonly redirectUris: readonly string[];
  /** Scopes to offer, each by Authentik's managed mapping. Default: openid email profile. */
  readonly scopes?: readonly string[];
  /** Slug of the authorization flow. Default: default-provider-authorization-explicit-consent. */
  readonly authorizationFlow?: string;
  /** Slug of the invalidation flow. Default: default-provider-invalidation-flow. */
  readonly invalidationFlow?: string;
  /** Name of the certificate that signs ID tokens. Default: authentik Self-signed Certificate. */
  readonly signingKey?: string;
  /** Where the application's tile leads. Default: Authentik's own guess. */
  readonly launchUrl?: string;
  /** Groups whose members may log in. Default: everybody. */
  readonly accessGroups?: readonly string[];
  /** Groups whose members get the role `admin` in the claim `immich_role`. Default: no such claim. */
  readonly adminGroups?: readonly string[];
  /** Asks Authentik what is there already. Default: nobody is asked. */
  readonly authentik?: AuthentikApi;
}

/**
 * An application behind Authentik: a confidential OAuth2/OIDC client with strict redirect URIs and
 * signed ID tokens, the application in front of it, and who may use it.
 *
 * Authentik itself accepts an empty redirect list (and then trusts the first URI it sees), URIs such
 * as `javascript:…`, flows of the wrong designation and an empty secret; this component refuses them.
 */
export class OidcApplication extends pulumi.ComponentResource {
  /** `https://…/application/o/<slug>/`, with the slash at the end: clients compare it exactly. */
  readonly issuerUrl: pulumi.Output<string>;
  readonly discoveryUrl: pulumi.Output<string>;
  readonly clientId: pulumi.Output<string>;
  /** Secret. */
  readonly clientSecret: pulumi.Output<string>;
  /** Scopes to ask for. */
  readonly scopes: pulumi.Output<string[]>;
  readonly redirectUris: pulumi.Output<string[]>;
  /** The claim that carries the role, where `adminGroups` are given. */
  readonly roleClaim?: string;

  constructor(name: string, args: OidcApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("immich-sso:index:OidcApplication", name, {}, opts);
    validate(args, this);
    const child = { parent: this };

    const clientSecret = args.clientSecret
      ? pulumi.secret(args.clientSecret)
      : new RandomPassword(
          `${name}-client-secret`,
          {
            length: 64,
            special: false, // survives every shell, URL and form unescaped
            keepers: { rotation: args.clientSecretRotation ?? "" },
          },
          child,
        ).result;

    const adminGroups = args.adminGroups ?? [];
    const role =
      adminGroups.length > 0
        ? new authentik.PropertyMappingProviderScope(
            `${name}-role`,
            {
              name: `${args.applicationName}: role`,
              scopeName: ROLE_SCOPE,
              description: `Administrator of ${args.applicationName} or user`,
              expression: adminRoleExpression(adminGroups),
            },
            { ...child, hooks: beforeScopeMapping(name, args.authentik) },
          )
        : undefined;

    const scopes = args.scopes ?? ["openid", "email", "profile"];
    const provider = new authentik.ProviderOauth2(
      `${name}-provider`,
      {
        name: args.providerName,
        clientType: "confidential",
        clientId: args.clientId,
        clientSecret,
        authorizationFlow: flowId(
          args.authorizationFlow ?? "default-provider-authorization-explicit-consent",
          "authorization",
          this,
        ),
        invalidationFlow: flowId(
          args.invalidationFlow ?? "default-provider-invalidation-flow",
          "invalidation",
          this,
        ),
        signingKey: signingKeyId(args.signingKey ?? "authentik Self-signed Certificate", this),
        propertyMappings: pulumi
          .all([scopeMappingIds(scopes, this), role ? [role.id] : []])
          .apply(([managed, own]) => [...managed, ...own]),
        allowedRedirectUris: args.redirectUris.map((url) => ({
          matching_mode: "strict",
          url,
          redirect_uri_type: "authorization", // left out, every preview shows a difference
        })),
        issuerMode: "per_provider",
        subMode: "hashed_user_id",
        includeClaimsInIdToken: true,
      },
      { ...child, hooks: beforeProvider(name, args.authentik) },
    );

    const application = new authentik.Application(
      `${name}-application`,
      {
        name: args.applicationName,
        slug: args.slug,
        protocolProvider: provider.id.apply(Number),
        metaLaunchUrl: args.launchUrl,
      },
      {
        ...child,
        hooks: beforeApplication(name, args.authentik),
        ignoreChanges: ["group", "metaDescription", "metaIcon", "metaPublisher"], // whoever set them by hand
      },
    );

    (args.accessGroups ?? []).forEach((group, order) => {
      new authentik.PolicyBinding(
        `${name}-access-${group}`,
        { target: application.uuid, group: groupId(group, this), order },
        child,
      );
    });

    // From the slug that Authentik answered: whoever uses these waits until the application is there.
    this.issuerUrl = pulumi.interpolate`${args.authentikUrl}/application/o/${application.slug}/`;
    this.discoveryUrl = pulumi.interpolate`${this.issuerUrl}.well-known/openid-configuration`;
    this.clientId = provider.clientId;
    this.clientSecret = pulumi.secret(clientSecret);
    this.scopes = pulumi.output([...scopes, ...(role ? [ROLE_SCOPE] : [])]);
    this.redirectUris = pulumi.output([...args.redirectUris]);
    this.roleClaim = role ? ROLE_CLAIM : undefined;
    this.registerOutputs({ issuerUrl: this.issuerUrl, clientId: this.clientId });
  }
}

/** Refuses what Authentik would accept without a word, all of it at once. */
function validate(args: OidcApplicationArgs, resource: pulumi.Resource): void {
  const problems: string[] = [];
  if (args.redirectUris.length === 0)
    problems.push(
      "redirectUris: empty; at least one is needed, or Authentik trusts the first it sees",
    );
  args.redirectUris.forEach((uri, index) => {
    const allowed = redirectUriProblem(uri);
    if (allowed)
      problems.push(`redirectUris[${index}]: ${JSON.stringify(uri)}; allowed: ${allowed}`);
  });
  if (args.clientSecret === "") problems.push("clientSecret: empty; leave it out to have one made");
  if (!/^[-a-zA-Z0-9_]+$/.test(args.slug))
    problems.push(`slug: ${JSON.stringify(args.slug)}; allowed: letters, digits, - and _`);
  if (problems.length > 0)
    throw refusal(
      `The application ${args.applicationName} can't be made like this:\n  ${problems.join("\n  ")}`,
      resource,
    );
}
