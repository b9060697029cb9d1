import * as authentik from "@pulumi/authentik";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";

import { AuthentikApi } from "../authentik/api";
import { type Answers, askFirst } from "../authentik/before";
import { Hooks } from "./hooks";
import { refuseInvalid } from "./invalidApplication";
import { refusal } from "./refusal";

/** An Authentik, as the program itself reaches it. */
export interface AuthentikArgs {
  /**
   * Address of its API, without a slash at the end. The resources are made by the provider `authentik` of the
   * program (configuration `authentik:url`, or the option `providers`): it has to be the same Authentik.
   */
  readonly url: pulumi.Input<string>;
  /** API token. Secret. What it may do is asked before anything is made: docs/authentik-token.md. */
  readonly token: pulumi.Input<string>;
  /** Its address as browsers and the client reach it, without a slash at the end. Default: `url`. */
  readonly publicUrl?: pulumi.Input<string>;
}

/** A scope of one's own, and what it tells the client of a user. */
export interface ScopeMappingArgs {
  /** Name of the mapping in Authentik. */
  readonly name: pulumi.Input<string>;
  /** The OAuth scope: the client gets the claims where it asks for this. */
  readonly scopeName: pulumi.Input<string>;
  /** Python, as Authentik runs it: `return {"role": "admin" if … else "user"}`. */
  readonly expression: pulumi.Input<string>;
  /** What a user reads when asked for consent. Default: nothing. */
  readonly description?: pulumi.Input<string>;
}

export interface OidcApplicationArgs {
  /** The Authentik that it is made in. */
  readonly authentik: AuthentikArgs;
  /** Name of the application, as users see it in Authentik. */
  readonly applicationName: pulumi.Input<string>;
  /** Slug of the application, part of the issuer URL: letters, digits, - and _. */
  readonly slug: pulumi.Input<string>;
  /** Name of the OAuth2/OIDC provider. */
  readonly providerName: pulumi.Input<string>;
  /** OAuth client ID, at most 255 characters. */
  readonly clientId: pulumi.Input<string>;
  /** Secret, at most 255 characters. Default: 64 random letters and digits. */
  readonly clientSecret?: pulumi.Input<string>;
  /** Any text; another text makes another generated secret. Default: none. */
  readonly clientSecretRotation?: pulumi.Input<string>;
  /** Whether provider and application stay in Authentik when the component is removed. Default: false. */
  readonly retainOnDelete?: boolean;
  /** Exactly these redirect URIs are accepted, compared character by character. At least one. */
  readonly redirectUris: pulumi.Input<pulumi.Input<string>[]>;
  /** Scopes to offer, each by its mapping in Authentik. Default: openid email profile. */
  readonly scopes?: pulumi.Input<pulumi.Input<string>[]>;
  /** Scopes of one's own, by a name that stays: part of the names of resources. Default: none. */
  readonly scopeMappings?: Record<string, ScopeMappingArgs>;
  /** Slug of the authorization flow. Default: default-provider-authorization-explicit-consent. */
  readonly authorizationFlow?: pulumi.Input<string>;
  /** Slug of the invalidation flow. Default: default-provider-invalidation-flow. */
  readonly invalidationFlow?: pulumi.Input<string>;
  /** Name of the certificate that signs ID tokens. Default: authentik Self-signed Certificate. */
  readonly signingKey?: pulumi.Input<string>;
  /**
   * Where Authentik tells the client that a session has ended (OpenID Connect Back-Channel Logout 1.0). Default: what is
   * set in Authentik stays: its Terraform provider never clears it again.
   */
  readonly logoutUri?: string;
  /** Where the application's tile leads. Default: Authentik's own guess. */
  readonly launchUrl?: pulumi.Input<string>;
  /** Names of groups whose members may log in; they have to be there. Default: everybody may. */
  readonly accessGroups?: string[];
  /**
   * For messages: by argument, the command by which a user changes it. `[N]` stands for the index in a list
   * (`accessGroups[N]`); `authentik.url` and `authentik.token` are arguments too, `adopt` is how to take over
   * what is in Authentik already, `heal` how to put right what was changed there. Default: the argument's name is told.
   */
  readonly commands?: Record<string, string>;
}

/**
 * Authentik's own defaults (authentik/providers/oauth2/models.py): those of its Terraform provider differ, and
 * would take an hour's validity down to ten minutes.
 */
const AUTHENTIKS_DEFAULTS = {
  accessCodeValidity: "minutes=1",
  accessTokenValidity: "hours=1",
  refreshTokenValidity: "days=30",
  refreshTokenThreshold: "seconds=0",
};

const DEFAULT_SCOPES = ["openid", "email", "profile"];

/**
 * An application behind Authentik: a confidential OAuth2/OIDC client with strict redirect URIs and
 * signed ID tokens, the application in front of it, and who may use it.
 *
 * Authentik itself accepts an empty redirect list (and then trusts the first URI it sees), URIs such
 * as `javascript:…`, flows of the wrong designation and an empty secret; this component refuses them. What it
 * refers to, and what the token may do, is asked before the first resource is registered.
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

  constructor(name: string, args: OidcApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("immich-sso:index:OidcApplication", name, {}, opts);
    const child = { parent: this };
    const own = Object.entries(args.scopeMappings ?? {});
    const found = this.ask(args);
    // Whatever waits for the answers is not registered where something is in the way.
    const after = <T>(value: pulumi.Input<T>): pulumi.Output<T> =>
      pulumi.all([found, value]).apply(([, value]) => value) as pulumi.Output<T>;
    const hooks = new Hooks({
      name,
      asked: pulumi
        .all([found, args.authentik.url, args.authentik.token])
        .apply(([{ names }, url, token]) => ({ connection: { url, token }, names })),
      generated: args.clientSecret === undefined,
      commands: args.commands ?? {},
      component: this,
    });

    const clientSecret =
      args.clientSecret === undefined
        ? new RandomPassword(
            `${name}-client-secret`,
            {
              length: 64,
              special: false, // survives every shell, URL and form unescaped
              keepers: { rotation: after(args.clientSecretRotation ?? "") },
            },
            child,
          ).result
        : pulumi.secret(args.clientSecret);

    const mappings = own.map(([key, mapping]) => {
      const mapped = {
        name: mapping.name,
        scopeName: mapping.scopeName,
        description: mapping.description,
        expression: after(mapping.expression),
      };
      const made = new authentik.PropertyMappingProviderScope(`${name}-${key}`, mapped, {
        ...child,
        hooks: hooks.scopeMapping(key),
      });
      hooks.sayDrift("scope mapping", made.id, mapped);
      return made;
    });

    const provided = {
      name: args.providerName,
      clientType: "confidential",
      clientId: args.clientId,
      clientSecret,
      authorizationFlow: found.authorizationFlow,
      invalidationFlow: found.invalidationFlow,
      signingKey: found.signingKey,
      propertyMappings: pulumi
        .all([found.scopeMappings, mappings.map(({ id }) => id)])
        .apply(([offered, made]) => [...offered, ...made]),
      allowedRedirectUris: pulumi.output(args.redirectUris).apply((uris) =>
        uris.map((url) => ({
          matching_mode: "strict",
          url,
          redirect_uri_type: "authorization", // left out, every preview shows a difference
        })),
      ),
      issuerMode: "per_provider",
      subMode: "hashed_user_id",
      includeClaimsInIdToken: true,
      ...(args.logoutUri ? { logoutUri: args.logoutUri, logoutMethod: "backchannel" } : {}),
      ...AUTHENTIKS_DEFAULTS,
    };
    const provider = new authentik.ProviderOauth2(`${name}-provider`, provided, {
      ...child,
      hooks: hooks.provider(),
      retainOnDelete: args.retainOnDelete,
      // Whoever set them by hand.
      ignoreChanges: [
        ...Object.keys(AUTHENTIKS_DEFAULTS),
        ...(args.logoutUri ? [] : ["logoutUri", "logoutMethod"]),
      ],
    });
    hooks.sayDrift("provider", provider.id, provided);

    const applied = {
      name: args.applicationName,
      slug: args.slug,
      protocolProvider: provider.id.apply(Number),
      metaLaunchUrl: args.launchUrl,
    };
    const application = new authentik.Application(`${name}-application`, applied, {
      ...child,
      hooks: hooks.application(),
      retainOnDelete: args.retainOnDelete,
      ignoreChanges: ["group", "metaDescription", "metaIcon", "metaPublisher"], // whoever set them by hand
    });
    hooks.sayDrift("application", application.slug, applied);

    (args.accessGroups ?? []).forEach((group, order) => {
      const bound = {
        target: application.uuid,
        group: found.groups.apply((ids) => ids[group] ?? ""),
        order,
      };
      const binding = new authentik.PolicyBinding(`${name}-access-${group}`, bound, {
        ...child,
        hooks: hooks.binding(group),
      });
      hooks.sayDrift("policy binding", binding.id, bound, `of the group ${group}`);
    });

    // From the slug that Authentik answered: whoever uses these waits until the application is there.
    const { url, publicUrl } = args.authentik;
    this.issuerUrl = pulumi.interpolate`${publicUrl ?? url}/application/o/${application.slug}/`;
    this.discoveryUrl = pulumi.interpolate`${this.issuerUrl}.well-known/openid-configuration`;
    this.clientId = provider.clientId;
    this.clientSecret = pulumi.secret(clientSecret);
    this.scopes = pulumi
      .all([args.scopes ?? DEFAULT_SCOPES, own.map(([, { scopeName }]) => scopeName)])
      .apply(([offered, made]) => [...offered, ...made]);
    this.redirectUris = pulumi.output(args.redirectUris);
    this.registerOutputs({ issuerUrl: this.issuerUrl, clientId: this.clientId });
  }

  /** Validates the arguments, and asks Authentik for what they refer to. */
  private ask(args: OidcApplicationArgs): pulumi.Output<Answers> {
    const asked = pulumi
      .output({
        connection: { url: args.authentik.url, token: args.authentik.token },
        texts: {
          slug: args.slug,
          clientId: args.clientId,
          applicationName: args.applicationName,
          clientSecret: args.clientSecret,
        },
        redirectUris: args.redirectUris,
        references: {
          authorizationFlow:
            args.authorizationFlow ?? "default-provider-authorization-explicit-consent",
          invalidationFlow: args.invalidationFlow ?? "default-provider-invalidation-flow",
          signingKey: args.signingKey ?? "authentik Self-signed Certificate",
          scopes: args.scopes ?? DEFAULT_SCOPES,
        },
      })
      .apply(async ({ connection, texts, redirectUris, references }) => {
        refuseInvalid(texts, redirectUris, this);
        const groups = Object.fromEntries(
          (args.accessGroups ?? []).map((group, at) => [`accessGroups[${at}]`, group]),
        );
        try {
          const answers = await askFirst(
            AuthentikApi.at(connection),
            {
              ...references,
              groups,
              slug: texts.slug,
              scopeMappings: Object.keys(args.scopeMappings ?? {}).length > 0,
            },
            args.commands,
          );
          if (answers.warning) void pulumi.log.warn(answers.warning, this);
          return answers;
        } catch (error) {
          throw refusal(error instanceof Error ? error.message : String(error), this);
        }
      });
    return pulumi.unsecret(asked); // UUIDs and names, though a token went in
  }
}
