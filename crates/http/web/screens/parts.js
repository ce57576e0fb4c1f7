//! What the screens beside the chat share.
//   const { body, header } = screen(main, "Models", button(...)); rows(items, (item) => [title, ...lines], actions); problem(error)
import { button, h } from "../dom.js";

/**
 * A screen with its title.
 * @param {HTMLElement} main
 * @param {string} title
 * @param {...(Node | false)} actions Beside the title.
 */
export function screen(main, title, ...actions) {
  const header = h("header", {}, h("h1", {}, title), h("span", { class: "spacer" }), actions);
  const body = h("div", { class: "stack" });
  main.append(h("div", { class: "screen" }, header, body));
  return { header, body };
}

/**
 * A failure with what to do next.
 * @param {any} error
 * @param {(() => void)} [again]
 */
export function problem({ message, hint }, again) {
  const retry = again && h("div", { class: "row" }, button("Try again", again, { class: "small" }));
  return h("div", { class: "notice bad", role: "alert" }, h("div", {}, message), hint && h("div", { class: "hint" }, hint), retry);
}

/**
 * A line of a list: what it is, what is known of it, what can be done.
 * @param {(Node | string)[]} title
 * @param {(Node | string | false | null | undefined)[]} lines
 * @param {(Node | false | null | undefined)[]} actions
 */
export function row(title, lines, actions) {
  const known = lines.filter(Boolean).map((line) => h("div", { class: "muted small" }, line));
  return h("li", {}, h("div", {}, h("div", { class: "row wrap" }, title), known), h("div", { class: "row" }, actions));
}

/**
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [help]
 */
export function field(label, input, help) {
  input.id ||= `field-${++fields}`;
  if (help) input.setAttribute("aria-describedby", `${input.id}-help`);
  const text = help && h("div", { class: "help", id: `${input.id}-help` }, help);
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, text);
}
let fields = 0;

/**
 * @param {string} label
 * @param {import("../dom.js").Props} [props]
 */
export function check(label, props) {
  const input = h("input", { type: "checkbox", ...props });
  return { input, element: h("label", { class: "check" }, input, label) };
}

/** @param {(string | false | 0 | null | undefined)[]} parts */
export const dotted = (...parts) => parts.filter(Boolean).join(" · ");

/** @param {number} bytes */
export function size(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  while (bytes >= 999.5 && at < units.length - 1) {
    bytes /= 1000;
    at += 1;
  }
  return `${bytes >= 99.5 || at === 0 ? Math.round(bytes) : Number(bytes.toPrecision(2))} ${units[at]}`;
}

/** @param {number} value */
export const number = (value) => value.toLocaleString("en");

/**
 * "in 5 min", "in 3 days", "2 hours ago".
 * @param {string} time
 */
export function relative(time) {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, length] of /** @type {const} */ ([["day", 86400], ["hour", 3600], ["minute", 60]])) {
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return seconds < 0 ? "just now" : "in less than a minute";
}

/** @param {string} time */
export const date = (time) => new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });

/**
 * @param {number} ms
 */
export function seconds(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
