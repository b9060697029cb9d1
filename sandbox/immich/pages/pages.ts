/** The pages that a browser sees. As in Immich they are empty shells: scripts fill them by the API. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reply } from "../http";
import type { Traits } from "../versions";
import { type Page, shell } from "./layout";
import { login, onboarding, photos, register, userSettings } from "./markup";

const PAGES: Readonly<Record<string, () => Page>> = {
  "/": () => ({ title: "Immich", body: "", script: "home" }),
  "/auth/login": () => ({ title: "Login - Immich", body: login(), script: "login" }),
  "/auth/register": () => ({
    title: "Admin Registration - Immich",
    body: register(),
    script: "register",
  }),
  "/auth/onboarding": () => ({
    title: "Onboarding - Immich",
    body: onboarding(),
    script: "onboarding",
  }),
  "/photos": () => ({ title: "Photos - Immich", body: photos(), script: "photos" }),
  "/user-settings": () => ({
    title: "Account Settings - Immich",
    body: userSettings(),
    script: "settings",
  }),
};

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** The page or the file at `path`; undefined for the API and for what there is none of. */
export function page(path: string, traits: Traits): Reply | undefined {
  const make = PAGES[path.length > 1 ? path.replace(/\/$/, "") : path];
  if (make !== undefined) {
    return { text: { type: "text/html; charset=utf-8", body: shell(make(), traits) } };
  }
  const [, name, type = ""] = /^\/_app\/([a-z]+\.(js|css))$/.exec(path) ?? [];
  if (name === undefined) return undefined;
  try {
    const body = readFileSync(join(__dirname, "browser", name));
    return { text: { type: TYPES[type] ?? "text/plain", body } };
  } catch {
    return undefined;
  }
}
