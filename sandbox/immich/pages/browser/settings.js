/* global history, location */
import {
  api,
  element,
  hide,
  isCallback,
  requireUser,
  server,
  show,
  startOauth,
  toast,
} from "./common.js";

let user = await requireUser();
const { oauth } = await server("features");

function draw() {
  if (!oauth) return;
  hide("link", "unlink");
  show("oauth-panel");
  show("linked", user.oauthId ? "Your account is linked to OAuth." : "Your account is not linked.");
  show(user.oauthId ? "unlink" : "link");
}

if (oauth && isCallback()) {
  try {
    user = await api("POST", "/api/oauth/link", { url: location.href });
    toast("Linked OAuth account", "info");
  } catch (error) {
    show("error", error.message);
    toast("Unable to link OAuth account");
  }
  history.replaceState(null, "", "/user-settings");
}
draw();

element("link").addEventListener("click", async () => {
  try {
    await startOauth();
  } catch (error) {
    toast(error.message);
    show("error", "Unable to login with OAuth");
  }
});
element("unlink").addEventListener("click", async () => {
  try {
    user = await api("POST", "/api/oauth/unlink");
    toast("Unlinked OAuth account", "info");
    draw();
  } catch (error) {
    toast(error.message);
  }
});
