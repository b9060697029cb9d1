/* global location */
import { api, element, requireUser, toast } from "./common.js";

const user = await requireUser();
element("done").addEventListener("click", async () => {
  try {
    await api("PUT", "/api/users/me/onboarding", { isOnboarded: true });
    if (user.isAdmin) {
      await api("POST", "/api/system-metadata/admin-onboarding", { isOnboarded: true });
    }
    location.replace("/photos");
  } catch (error) {
    toast(error.message);
  }
});
