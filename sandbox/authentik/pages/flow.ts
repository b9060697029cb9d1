/** /if/flow/<slug>/: the page that shows what the flow executor asks, and posts the answers. */
import { page } from "./layout";

/** The script of the page; it builds everything with textContent, nothing is taken as HTML. */
const SCRIPT = `
const root = document.getElementById("flow");
const slug = location.pathname.split("/")[3];
const address = "/api/v3/flows/executor/" + slug + "/?query=" +
  encodeURIComponent(location.search.slice(1));

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function problem(challenge, field) {
  const errors = (challenge.response_errors || {})[field] || [];
  return make("p", { className: "error", id: field + "-error", role: "alert",
    textContent: errors.map((error) => error.string).join(" ") });
}

function field(challenge, name, label, properties) {
  const input = make("input", { id: name, name, required: true, ...properties });
  input.setAttribute("aria-describedby", name + "-error");
  if ((challenge.response_errors || {})[name]) input.setAttribute("aria-invalid", "true");
  return [make("label", { htmlFor: name, textContent: label }), input, problem(challenge, name)];
}

function form(button, values, ...children) {
  const submit = make("button", { type: "submit", textContent: button });
  const element = make("form", { method: "post" }, ...children, submit);
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    submit.disabled = true;
    ask({ ...values, ...Object.fromEntries(new FormData(element)) });
  });
  return element;
}

function who(challenge, cancel) {
  return make("p", { className: "who" },
    make("img", { src: challenge.pending_user_avatar, alt: "" }),
    make("strong", { textContent: challenge.pending_user }),
    make("a", { href: cancel, textContent: "Not you?" }));
}

const heading = (text) => make("h1", { textContent: text });
const quiet = (text) => make("p", { className: "quiet", textContent: text });

const views = {
  "ak-stage-identification": (challenge) => [
    heading(challenge.flow_info.title),
    ...(challenge.application_pre
      ? [quiet("Log in to continue to " + challenge.application_pre + ".")] : []),
    form(challenge.primary_action, { component: challenge.component },
      ...field(challenge, "uid_field", "Email or Username", { type: "text",
        autocomplete: "username", autocapitalize: "off", spellcheck: false })),
  ],
  "ak-stage-password": (challenge) => [
    heading(challenge.flow_info.title),
    who(challenge, challenge.flow_info.cancel_url),
    form("Continue", { component: challenge.component },
      make("input", { type: "text", hidden: true, readOnly: true, autocomplete: "username",
        value: challenge.pending_user }),
      ...field(challenge, "password", "Password",
        { type: "password", autocomplete: "current-password" })),
  ],
  "ak-stage-consent": (challenge) => [
    heading(challenge.flow_info.title),
    who(challenge, "/flows/-/default/invalidation/"),
    make("p", { textContent: challenge.header_text }),
    ...scopes("Application requires following permissions:", challenge.permissions),
    ...scopes("Application requires following new permissions:", challenge.additional_permissions),
    problem(challenge, "token"),
    form("Continue", { component: challenge.component, token: challenge.token }),
  ],
  "ak-stage-access-denied": (challenge) => [
    heading("Permission denied"),
    make("p", { role: "alert", textContent: challenge.error_message }),
    make("a", { className: "button", href: "/", textContent: "Go home" }),
  ],
  "ak-stage-session-end": (challenge) => [
    heading(challenge.flow_info.title),
    ...(challenge.pending_user ? [make("a", { className: "button",
      href: challenge.invalidation_flow_url,
      textContent: "Log out of " + challenge.brand_name })] : []),
    ...(challenge.application_launch_url ? [make("a", { className: "button",
      href: challenge.application_launch_url,
      textContent: "Log back into " + challenge.application_name })] : []),
  ],
};

function scopes(title, permissions) {
  if (!permissions.length) return [];
  return [quiet(title), make("ul", { className: "scopes" }, ...permissions.map((permission) =>
    make("li", {}, make("span", { textContent: permission.name || "Who you are" }),
      make("code", { textContent: permission.id }))))];
}

async function ask(answer) {
  try {
    const response = await fetch(address, answer === undefined ? {} : { method: "POST",
      headers: { "content-type": "application/json" }, body: JSON.stringify(answer) });
    if (!response.ok) throw new Error("The server answered " + response.status + ".");
    show(await response.json());
  } catch (error) {
    root.replaceChildren(heading("Something went wrong"),
      make("p", { role: "alert", textContent: error.message }));
  }
}

function show(challenge) {
  if (challenge.component === "xak-flow-redirect") return location.assign(challenge.to);
  const view = views[challenge.component];
  root.replaceChildren(...(view ? view(challenge) : [heading(challenge.component)]));
  root.dataset.component = challenge.component;
  const first = root.querySelector("input:not([hidden]), button");
  if (first) first.focus();
}

ask();
`;

/** The page of a flow. */
export function flowPage(title: string): string {
  return page(
    title.replace("%(app)s", "application"),
    `<div id="flow" aria-live="polite"><p class="quiet">Loading…</p></div>
<noscript><p class="error">This page needs JavaScript.</p></noscript>
<script>${SCRIPT}</script>`,
  );
}
