/* global location */
import { api, server } from "./common.js";

const { isInitialized } = await server("config");
if (!isInitialized) {
  location.replace("/auth/register");
} else {
  api("GET", "/api/users/me").then(
    () => location.replace("/photos"),
    () => location.replace("/auth/login"),
  );
}
