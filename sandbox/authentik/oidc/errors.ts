/** The words that Authentik explains OAuth errors with. */

const INVALID_CLIENT =
  "Client authentication failed (e.g., unknown client, no client authentication included, " +
  "or unsupported authentication method)";
const INVALID_GRANT =
  "The provided authorization grant or refresh token is invalid, expired, revoked, does not match " +
  "the redirection URI used in the authorization request, or was issued to another client";

const TOKEN_ERRORS: Readonly<Record<string, string>> = {
  invalid_request: "The request is otherwise malformed",
  invalid_client: INVALID_CLIENT,
  invalid_grant: INVALID_GRANT,
  unauthorized_client:
    "The authenticated client is not authorized to use this authorization grant type",
  unsupported_grant_type:
    "The authorization grant type is not supported by the authorization server",
  invalid_scope:
    "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the " +
    "resource owner",
};

const AUTHORIZE_ERRORS: Readonly<Record<string, string>> = {
  unauthorized_client:
    "The client is not authorized to request an authorization code using this method",
  access_denied: "The resource owner or authorization server denied the request",
  unsupported_response_type:
    "The authorization server does not support obtaining an authorization code using this method",
  invalid_scope: "The requested scope is invalid, unknown, or malformed",
  login_required: "The Authorization Server requires End-User authentication",
  consent_required: "The Authorization Server requires End-Userconsent",
  invalid_request: "The request is otherwise malformed",
};

/** What an access token that is no good gets told; goes into WWW-Authenticate. */
export const INVALID_TOKEN =
  'error="invalid_token", error_description="The access token provided is expired, revoked, ' +
  'malformed, or invalid for other reasons"';

/** What an access token without the scope `openid` gets told by userinfo. */
export const INSUFFICIENT_SCOPE =
  'error="insufficient_scope", error_description="The request requires higher privileges than ' +
  'provided by the access token"';

/** Explains an error of the token endpoint. */
export function tokenError(error: string, otherwise = ""): string {
  return TOKEN_ERRORS[error] ?? otherwise;
}

/** Explains an error of the authorize endpoint. */
export function authorizeError(error: string, otherwise = ""): string {
  return AUTHORIZE_ERRORS[error] ?? otherwise;
}
