//! The users: adding them, setting passwords, disabling and removing them.
import { api } from "../../api.js";
import { confirm, dialog } from "../../dialog.js";
import { button, h, iconButton, set } from "../../dom.js";
import { openMenu } from "../../menu.js";
import { me } from "../../session.js";
import { failed, toast } from "../../toast.js";
import { check, date, field, problem, row } from "../parts.js";

/** @typedef {{ id: string, email: string, admin: boolean, disabled: boolean, created_at: string }} User */

const PASSWORD = "At least 8 characters. Give it to the user by another way than email.";

/** @param {HTMLElement} body */
export async function show(body) {
  const list = h("div");
  set(body, h("div", { class: "row" }, h("p", { class: "muted small spacer" }, "Everybody with an account signs in on this page."), button("Add a user", () => add(), { class: "primary" })), list);

  const load = async () => {
    try {
      const { users } = await api("GET", "/x/users");
      if (!users.length) {
        const text = "You use this server alone. Add users to share it: each has conversations, files and keys of their own.";
        return set(list, h("div", { class: "empty" }, h("h2", {}, "No users yet"), h("p", {}, text)));
      }
      set(list, h("ul", { class: "rows", "aria-label": "Users" }, users.map(line)));
    } catch (error) {
      set(list, problem(error, load));
    }
  };
  const act = async (/** @type {() => Promise<unknown>} */ run, /** @type {string} */ done) => {
    try {
      await run();
      toast(done);
    } catch (error) {
      failed(error);
    }
    await load();
  };
  const path = (/** @type {User} */ user) => `/x/users/${encodeURIComponent(user.email)}`;
  const add = () => {
    const email = h("input", { type: "email", required: true, autocomplete: "off", autocapitalize: "none" });
    const password = h("input", { type: "password", required: true, minlength: 8, autocomplete: "new-password" });
    const admin = check("Administrator: manages users, keys and models");
    void form("Add a user", "Add", [field("Email", email), field("Password", password, PASSWORD), admin.element], async () => {
      await api("POST", "/x/users", { email: email.value.trim(), password: password.value, admin: admin.input.checked });
      toast(`${email.value.trim()} can sign in now`);
      await load();
    });
  };
  const setPassword = (/** @type {User} */ user) => {
    const password = h("input", { type: "password", required: true, minlength: 8, autocomplete: "new-password" });
    void form(`New password of ${user.email}`, "Save", [field("Password", password, `${PASSWORD} The sessions of the user end.`)], async () => {
      await api("PATCH", path(user), { password: password.value });
      toast(`${user.email} has a new password`);
    });
  };
  const disable = async (/** @type {User} */ user) => {
    const text = "The user is signed out, and the user's keys do not work until the account is enabled again. Nothing is deleted.";
    if (!(await confirm({ title: `Disable ${user.email}?`, text, action: "Disable", danger: true }))) return;
    await act(() => api("PATCH", path(user), { disabled: true }), `${user.email} is disabled`);
  };
  const remove = async (/** @type {User} */ user) => {
    const text = "The conversations, files, keys and sessions of the user are deleted, for good.";
    if (!(await confirm({ title: `Remove ${user.email}?`, text, action: "Remove", danger: true }))) return;
    await act(() => api("DELETE", path(user)), `${user.email} is removed`);
  };
  const line = (/** @type {User} */ user) => {
    const title = [h("span", { class: "name" }, user.email)];
    if (user.admin) title.push(h("span", { class: "badge on" }, "administrator"));
    if (user.disabled) title.push(h("span", { class: "badge bad" }, "disabled"));
    if (user.id === me()?.owner) title.push(h("span", { class: "badge" }, "you"));
    const enable = () => void act(() => api("PATCH", path(user), { disabled: false }), `${user.email} is enabled`);
    const more = (/** @type {MouseEvent} */ event) =>
      openMenu(/** @type {HTMLElement} */ (event.currentTarget), [
        { label: "Set a password", icon: "edit", run: () => setPassword(user) },
        user.disabled ? { label: "Enable", icon: "check", run: enable } : { label: "Disable", icon: "stop", run: () => void disable(user) },
        { label: "Remove", icon: "trash", danger: true, run: () => void remove(user) },
      ]);
    return row(title, [`Since ${date(user.created_at)}`], [iconButton("dots", `More for ${user.email}`, more)]);
  };
  await load();
}

/**
 * A dialog with fields. It stays, with what was typed, until the server has taken it.
 * @param {string} title
 * @param {string} action
 * @param {HTMLElement[]} fields
 * @param {() => Promise<void>} send
 */
export async function form(title, action, fields, send) {
  const wrong = h("div");
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await send();
      open.close();
    } catch (error) {
      set(wrong, problem(error));
    }
  };
  const actions = h("div", { class: "actions" }, button("Cancel", () => open.close()), h("button", { class: "btn primary" }, action));
  const open = dialog({ title }, h("form", { class: "stack", onsubmit: submit }, fields, wrong, actions));
  /** @type {HTMLElement | null} */ (open.element.querySelector("form input, form textarea"))?.focus();
  await open.closed;
}
