/** Pages that say no. */
import type { UserRow } from "../model";
import { escape, page } from "./layout";

/** There is no such page. */
export function notFoundPage(): string {
  return page("Not Found", "<h1>Not Found</h1><p>There is nothing at this address.</p>");
}

/** A request that cannot be answered; `title` as Authentik titles it. */
export function errorPage(title: string, message: string): string {
  return page(title, `<h1>${escape(title)}</h1><p>${escape(message)}</p>`);
}

/** The user may not have what it asked for. */
export function deniedPage(message: string, user: UserRow | undefined): string {
  const who = user
    ? `<p class="quiet">You are logged in as <strong>${escape(user.username)}</strong>.</p>
<a class="button" href="/flows/-/default/invalidation/">Not you? Log out</a>`
    : "";
  return page(
    "Permission denied",
    `<h1>Permission denied</h1><p role="alert">${escape(message)}</p>${who}`,
  );
}

/** Authentik is still starting up. */
export function startingPage(): string {
  return page("Starting", "<h1>authentik starting</h1><p>Please wait a moment.</p>");
}
