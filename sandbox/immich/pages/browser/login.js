/* global FormData, URLSearchParams, history, location */
import { api, element, hide, isCallback, server, show, startOauth, toast } from "./common.js";

const [features, config] = await Promise.all([server("features"), server("config")]).catch(
  (error) => {
    hide("loading");
    show("error", error.message);
    throw error;
  },
);

function enter(user) {
  location.replace(user.isOnboarded === false ? "/auth/onboarding" : "/photos");
}

/** The forms, as far as the settings allow them. */
function offer() {
  hide("loading");
  if (config.loginPageMessage) show("message", config.loginPageMessage);
  if (features.passwordLogin) show("password-form");
  if (features.oauth) show("oauth", String(config.oauthButtonText));
  if (features.oauth && features.passwordLogin) show("or");
  if (!features.oauth && !features.passwordLogin) show("disabled");
}

async function finish() {
  try {
    enter(await api("POST", "/api/oauth/callback", { url: location.href }));
  } catch (error) {
    show("error", error.message || "Unable to complete OAuth login");
    offer();
  }
}

async function leave() {
  hide("error");
  try {
    await startOauth();
  } catch (error) {
    toast(error.message);
    show("error", "Unable to login with OAuth");
    offer();
  }
}

element("oauth").addEventListener("click", leave);
element("password-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  hide("error");
  try {
    const form = new FormData(event.target);
    enter(await api("POST", "/api/auth/login", Object.fromEntries(form)));
  } catch (error) {
    show("error", error.message);
  }
});

const launch = new URLSearchParams(location.search).get("autoLaunch");
if (!config.isInitialized) {
  location.replace("/auth/register");
} else if (features.oauth && isCallback()) {
  await finish();
} else if (features.oauth && launch !== "0" && (features.oauthAutoLaunch || launch === "1")) {
  // So that the back button, and a failure, end on a page that waits.
  history.replaceState(null, "", "/auth/login?autoLaunch=0");
  await leave();
} else {
  offer();
}
