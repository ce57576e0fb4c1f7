//! One's own account: another password, and what was used.
import { h, set } from "../dom.js";
import { changePassword, me } from "../session.js";
import { toast } from "../toast.js";
import { field, problem, screen } from "./parts.js";
import * as usage from "./admin/usage.js";

/** @param {HTMLElement} main */
export async function show(main) {
  const { body } = screen(main, "Your account");
  const email = me()?.email;
  if (!email) {
    const text = "Accounts are for servers that several people share.";
    return set(body, h("div", { class: "empty" }, h("h2", {}, "You use this page without an account"), h("p", {}, text)));
  }
  const used = h("div", { class: "stack" });
  set(body, h("p", { class: "muted" }, email), passwordForm(), h("h2", {}, "Usage"), used);
  await usage.show(used);
}

function passwordForm() {
  const now = h("input", { type: "password", autocomplete: "current-password", required: true });
  const fresh = h("input", { type: "password", autocomplete: "new-password", required: true });
  const submit = h("button", { class: "btn" }, "Change the password");
  const wrong = h("div");
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (submit.ariaBusy) return;
    submit.ariaBusy = "true";
    set(wrong);
    try {
      await changePassword(now.value, fresh.value);
      now.value = fresh.value = "";
      toast("The password is changed. Your other sessions have ended.");
    } catch (error) {
      set(wrong, problem(error));
      now.select();
    }
    submit.ariaBusy = null;
  };
  const fields = h("div", { class: "pairs" }, field("Current password", now), field("New password", fresh));
  return h("form", { class: "card stack", onsubmit: send }, fields, wrong, h("div", { class: "row" }, submit));
}
