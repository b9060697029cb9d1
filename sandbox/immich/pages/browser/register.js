/* global FormData, location */
import { api, element, hide, show } from "./common.js";

element("register-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  hide("error");
  try {
    const form = new FormData(event.target);
    await api("POST", "/api/auth/admin-sign-up", Object.fromEntries(form));
    location.replace("/auth/login");
  } catch (error) {
    show("error", error.message);
  }
});
