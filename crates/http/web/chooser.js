//! A field with a list under it: type to filter, arrows to move, Enter to take.
import { dialog } from "./dialog.js";
import { h, icon, set } from "./dom.js";

/** @typedef {{ label: string, detail?: string, group?: string, icon?: keyof typeof import("./icons.js").ICONS, badges?: string[], selected?: boolean, run: () => void }} Choice */

/**
 * @param {{ title: string, placeholder: string, under?: HTMLElement, items: (words: string) => Choice[], empty?: string, watch?: (redraw: () => void) => () => void }} options `watch` runs whenever there are other items
 */
export function choose({ title, placeholder, under, items, empty = "Nothing found", watch }) {
  const list = h("div", { role: "listbox", id: "choices", "aria-label": title });
  const input = h("input", {
    type: "text",
    role: "combobox",
    placeholder,
    "aria-label": title,
    "aria-expanded": "true",
    "aria-controls": "choices",
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
  });
  const none = h("div", { class: "none", hidden: true }, empty);
  /** @type {Choice[]} */
  let shown = [];
  let at = 0;
  const take = (/** @type {Choice | undefined} */ choice) => {
    if (!choice) return;
    open.close();
    // After the dialog has given the focus back.
    setTimeout(choice.run);
  };
  const mark = () => {
    const options = list.querySelectorAll("[role=option]");
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    input.setAttribute("aria-activedescendant", shown.length ? `choice-${at}` : "");
    options[at]?.scrollIntoView({ block: "nearest" });
    if (at === 0) list.scrollTop = 0;
  };
  const draw = () => {
    shown = items(input.value.trim().toLowerCase());
    at = input.value ? 0 : Math.max(0, shown.findIndex((choice) => choice.selected));
    let group = "";
    const children = shown.flatMap((choice, index) => {
      const head = choice.group && choice.group !== group ? [h("div", { class: "group", role: "presentation" }, choice.group)] : [];
      group = choice.group ?? "";
      const text = h("div", {}, h("div", { class: "cut", dir: "auto" }, choice.label), choice.detail && h("div", { class: "cut muted small" }, choice.detail));
      const badges = (choice.badges ?? []).map((badge) => h("span", { class: `badge ${badge === "loaded" ? "on" : ""}` }, badge));
      const check = choice.selected && icon("check");
      const option = h("div", { role: "option", id: `choice-${index}` }, choice.icon && icon(choice.icon), text, badges, check);
      option.addEventListener("click", () => take(choice));
      option.addEventListener("pointermove", () => {
        if (at === index) return;
        at = index;
        list.querySelectorAll("[role=option]").forEach((other) => other.setAttribute("aria-selected", String(other === option)));
      });
      return [...head, option];
    });
    set(list, ...children);
    none.hidden = shown.length > 0;
    list.hidden = shown.length === 0;
    input.setAttribute("aria-expanded", String(shown.length > 0));
    mark();
  };
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const moves = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 });
    const by = moves[event.key];
    if (by) {
      event.preventDefault();
      const to = at + by;
      at = Math.abs(by) > 1 ? Math.max(0, Math.min(to, shown.length - 1)) : (to + shown.length) % (shown.length || 1);
      mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(shown[at]);
    }
  });
  const open = dialog({ title, class: under ? "palette under-button" : "palette", label: true }, input, list, none);
  if (under) {
    const { bottom, left } = under.getBoundingClientRect();
    open.element.style.margin = `${bottom + 4}px auto auto ${Math.max(12, Math.min(left, innerWidth - open.element.offsetWidth - 12))}px`;
  }
  draw();
  input.focus();
  if (watch) void open.closed.then(watch(draw));
  return open;
}
