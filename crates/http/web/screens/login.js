//! Signing in. It lies over the page, which stays as it is.
import { button, h, icon, set } from "../dom.js";
import { asGuest, signIn } from "../session.js";
import { field, problem } from "./parts.js";

/**
 * @param {HTMLElement} over
 * @param {{ reason: string, canBeGuest: boolean, done: () => void }} need
 */
export function show(over, { reason, canBeGuest, done }) {
  const email = h("input", { type: "email", name: "email", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { type: "password", name: "password", autocomplete: "current-password", required: true });
  const submit = h("button", { class: "btn primary" }, "Sign in");
  const wrong = h("div");
  let timer = 0;

  const wait = (/** @type {number} */ until) => {
    const left = Math.ceil((until - Date.now()) / 1000);
    submit.disabled = left > 0;
    if (left <= 0) return set(wrong);
    const text = h("div", { class: "notice bad" }, `Too many attempts have failed. Try again in ${left} s.`);
    // Read out once, not every second.
    text.setAttribute("role", wrong.childElementCount && timer ? "none" : "alert");
    set(wrong, text);
    timer = window.setTimeout(() => wait(until), 1000);
  };
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (submit.disabled || submit.ariaBusy) return;
    submit.ariaBusy = "true";
    try {
      await signIn(email.value.trim(), password.value);
      clearTimeout(timer);
      done();
    } catch (error) {
      const { status, retryAfter } = /** @type {any} */ (error);
      timer = 0;
      if (status === 429) wait(Date.now() + (retryAfter ?? 5) * 1000);
      else set(wrong, problem(error));
      password.select();
    }
    submit.ariaBusy = null;
  };
  const form = h("form", { class: "stack", onsubmit: send }, field("Email", email), field("Password", password), wrong, submit);
  const guest = async () => {
    try {
      await asGuest();
      done();
    } catch (error) {
      set(wrong, problem(error));
    }
  };
  const brand = h("div", { class: "row brand" }, icon("chat"), "ollama-mcp");
  const why = reason && h("p", { class: "notice", role: "status" }, reason);
  const own = h("p", { class: "muted small" }, "For your own page, open a new link: ", h("code", {}, "ollama-mcp serve --open"));
  const shared = h("p", { class: "muted small" }, "What guests store is shared by all accounts of this machine.");
  const choice = canBeGuest
    ? [own, button("Continue as a guest", guest, { class: "primary" }), shared, h("details", {}, h("summary", {}, "Sign in with an account"), form)]
    : [form];
  if (canBeGuest) submit.classList.remove("primary");
  set(over, h("main", { class: "login stack" }, brand, h("h1", {}, canBeGuest ? "Open your page" : "Sign in"), why, choice));
  (canBeGuest ? over.querySelector("button") : email)?.focus();
}
