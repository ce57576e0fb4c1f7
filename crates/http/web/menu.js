//! Menus under a button.
import { h, icon } from "./dom.js";

/** @typedef {{ label: string, icon?: keyof typeof import("./icons.js").ICONS, run: () => void, danger?: boolean }} MenuItem */

/**
 * @param {HTMLElement} anchor
 * @param {MenuItem[]} items
 */
export function openMenu(anchor, items) {
  const pick = (/** @type {MenuItem} */ item) => {
    menu.hidePopover();
    item.run();
  };
  const buttons = items.map((item) => {
    const props = { role: "menuitem", type: "button", tabindex: "-1", class: item.danger && "danger", onclick: () => pick(item) };
    return h("button", props, item.icon && icon(item.icon), item.label);
  });
  const menu = h("div", { class: "menu", role: "menu", popover: "auto", "aria-label": anchor.getAttribute("aria-label") }, buttons);
  const step = (/** @type {KeyboardEvent} */ event) => {
    const at = buttons.findIndex((item) => item === document.activeElement);
    /** @type {Record<string, number>} */
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    const to = moves[event.key];
    if (event.key === "Tab") menu.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    buttons.at(to % buttons.length)?.focus();
  };
  menu.addEventListener("keydown", step);
  menu.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    anchor.setAttribute("aria-expanded", "false");
    if (menu.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
    menu.remove();
  });
  document.body.append(menu);
  menu.showPopover();
  anchor.setAttribute("aria-haspopup", "menu");
  anchor.setAttribute("aria-expanded", "true");
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + 4 + height < innerHeight;
  menu.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - 4 - height)}px`;
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  buttons[0]?.focus();
}
