//! Administration: users, keys, the queue and what was used. Each part is a file of admin/.
import { h, set } from "../dom.js";
import { may } from "../session.js";
import { screen } from "./parts.js";
import * as keys from "./admin/keys.js";
import * as queue from "./admin/queue.js";
import * as usage from "./admin/usage.js";
import * as users from "./admin/users.js";

/** @type {Record<string, [string, { show: (body: HTMLElement) => unknown }]>} */
const PARTS = { users: ["Users", users], keys: ["Keys", keys], queue: ["Queue", queue], usage: ["Usage", usage] };

/**
 * @param {HTMLElement} main
 * @param {{ id?: string | null }} params The part.
 */
export async function show(main, { id }) {
  const { body } = screen(main, "Administration");
  if (!may("admin")) {
    const text = "Only administrators manage users and keys, and see what everybody uses. If you run this server, open your own page with ";
    return set(body, h("div", { class: "empty" }, h("h2", {}, "For administrators"), h("p", {}, text, h("code", {}, "ollama-mcp serve --open"), ".")));
  }
  const now = id && PARTS[id] ? id : "users";
  const links = Object.entries(PARTS).map(([name, [title]]) => h("a", { href: `#/admin/${name}`, "aria-current": name === now && "page" }, title));
  const part = h("div", { class: "stack" });
  set(body, h("nav", { class: "tabs", "aria-label": "Administration" }, links), part);
  return PARTS[now]?.[1].show(part);
}
