/* global document, fetch, location, setTimeout */
// What the pages share: asking the API, saying what went wrong, knowing who is logged in.

/** Asks the API; resolves to the answer's body, throws its message. */
export async function api(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text === "" ? undefined : JSON.parse(text);
  if (response.ok) return answer;
  const message = [answer?.message ?? `HTTP ${response.status}`].flat().join(", ");
  throw Object.assign(new Error(message), { status: response.status });
}

export const server = (name) => api("GET", `${document.body.dataset.serverApi}/${name}`);

export const element = (id) => document.getElementById(id);

export function show(id, text) {
  const target = element(id);
  if (text !== undefined) target.textContent = text;
  target.hidden = false;
}

export function hide(...ids) {
  for (const id of ids) element(id).hidden = true;
}

/** A message in the corner, as Immich shows what went wrong or right. */
export function toast(text, kind = "error") {
  const box = document.createElement("div");
  box.className = `toast ${kind}`;
  box.textContent = text;
  element("toasts").append(box);
  setTimeout(() => box.remove(), 15_000);
}

/** Whether the provider has just sent the browser back here. */
export const isCallback = () => /[?&](code|error)=/.test(location.search);

/** Sends the browser to the provider; it comes back to this very page. */
export async function startOauth() {
  const redirectUri = location.href.split("?")[0];
  const { url } = await api("POST", "/api/oauth/authorize", { redirectUri });
  location.href = url;
}

/** Fills in who is logged in; sends everybody else to the login page. */
export async function requireUser() {
  let user;
  try {
    user = await api("GET", "/api/users/me");
  } catch {
    location.replace("/auth/login");
    return new Promise(() => undefined);
  }
  const facts = {
    name: user.name,
    email: user.email,
    label: user.storageLabel ?? "none",
    initial: (user.name || user.email).slice(0, 1).toUpperCase(),
    role: user.isAdmin ? ", an administrator" : "",
  };
  for (const place of document.querySelectorAll("[data-user]")) {
    place.textContent = facts[place.dataset.user];
  }
  for (const avatar of document.querySelectorAll(".avatar")) avatar.classList.add(user.avatarColor);
  element("logout")?.addEventListener("click", async () => {
    const { redirectUri } = await api("POST", "/api/auth/logout");
    location.href = redirectUri;
  });
  return user;
}
