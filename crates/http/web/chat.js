//! The chat screen.
import { h, set } from "./dom.js";
import { menuButton } from "./sidebar.js";

/**
 * @param {HTMLElement} main
 * @param {{ id: string | null }} params
 */
export function show(main, { id }) {
  set(main, h("div", { class: "topbar" }, menuButton()), h("p", { class: "empty" }, id ?? "New chat"));
}
