"""
Immich's OAuth settings by the provider `immich`, for an application that Authentik has already:

    npx pulumi install                    # the provider's SDK in sdks/, and a virtual environment
    npx pulumi stack init homelab
    npx pulumi config set authentikUrl https://auth.example.org
    npx pulumi config set slug immich     # of the application
    npx pulumi config set clientId immich-oauth-client
    npx pulumi config set --secret clientSecret
    npx pulumi config set immichUrl https://photos.example.org
    npx pulumi config set immich:sshHost 192.0.2.22       # sshUser, sshHostKey alike
    npx pulumi config set immich:tunnelPort 15432
    npx pulumi config set --secret immich:postgresPassword
    npx pulumi up

Immich 1.106.3 and newer see their settings at once; an older one has to be restarted after this.
"""

from typing import Any

import pulumi
import pulumi_immich as immich

config = pulumi.Config()
authentik_url = config.require("authentikUrl")
slug = config.require("slug")
client_id = config.require("clientId")
client_secret = config.require_secret("clientSecret")
immich_url = config.require("immichUrl")
issuer_url = f"{authentik_url}/application/o/{slug}/"
scopes = ["openid", "email", "profile"]

wanted: dict[str, Any] = {
    "oauth.enabled": True,
    "oauth.issuerUrl": issuer_url,
    "oauth.clientId": client_id,
    "oauth.clientSecret": client_secret,
    "oauth.scope": " ".join(scopes),
    "oauth.buttonText": config.get("buttonText") or "Login with Authentik",
    "oauth.autoRegister": True,
}
# Immich 3 and newer refuse a plain http issuer otherwise.
where_known = {"oauth.allowInsecureRequests": issuer_url.startswith("http:")}

# Remembers what was there, for `pulumi destroy`, before anything is written.
before = immich.SettingsSnapshot("before", keys=sorted([*wanted, *where_known]))

settings = immich.Settings(
    "settings",
    settings=wanted,
    where_known=where_known,
    previous=before.previous,
    database_id=before.database_id,
)

# Fails the deployment where a login would fail, and says why.
check = immich.LoginCheck(
    "login-check",
    authentik_url=authentik_url,
    application_slug=slug,
    issuer_url=issuer_url,
    client_id=client_id,
    client_secret=client_secret,
    scopes=scopes,
    redirect_uris=[f"{immich_url}/auth/login"],
    immich_url=immich_url,
    settings=wanted,
    settings_changed_at=settings.settings_changed_at,
    restart="whenNeeded",
)

pulumi.export("issuerUrl", issuer_url)
pulumi.export("settingsChangedAt", settings.settings_changed_at)
pulumi.export("loginCheck", check.checks)
