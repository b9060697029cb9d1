/** /if/user/: the applications of the user who is logged in. */
import { launchUrl } from "../api/applications";
import type { UserRow } from "../model";
import { mayUse } from "../oidc/access";
import type { Store } from "../store";
import { escape, page } from "./layout";

/** The page with a user's applications. */
export function homePage(store: Store, user: UserRow): string {
  const links = store.applications
    .all()
    .filter((application) => mayUse(store, application, user))
    .map((application) => {
      const name = escape(application.name);
      const url = launchUrl(store, application, user);
      return `<li>${url ? `<a href="${escape(url)}">${name}</a>` : name}</li>`;
    });
  return page(
    "My applications",
    `<h1>My applications</h1>
<p class="quiet">You are logged in as <strong>${escape(user.username)}</strong>.</p>
${links.length ? `<ul class="scopes">${links.join("")}</ul>` : "<p>No applications available.</p>"}
<a class="button" href="/flows/-/default/invalidation/">Log out</a>`,
  );
}
