//! Elements without a library: h("button", { class: "btn", onclick: send }, icon("up"), "Send").
import { ICONS } from "./icons.js";

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, unknown>} Props */

/** @type {{ createHTML(html: string): string }} */
const policy = /** @type {any} */ (window).trustedTypes?.createPolicy("ollama-mcp", {
  createHTML: (/** @type {string} */ html) => html,
}) ?? { createHTML: (html) => html };

/**
 * An element. `on...` are listeners; `true` is an empty attribute; `false`, `null` and `undefined` are none; `value` and `checked` are properties.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (name === "value" || name === "checked") /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/**
 * Replaces the children of an element.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function set(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function append(element, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/**
 * A drawing that says nothing to screen readers.
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {Props} [props] `class` is added to `btn`
 */
export function button(label, onclick, { class: kind = "", ...props } = {}) {
  return h("button", { type: "button", ...props, class: `btn ${kind}`, onclick }, label);
}

/**
 * A button that shows an icon; its label is read out and shown as a tip.
 * @param {keyof typeof ICONS} name
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {Props} [props]
 */
export function iconButton(name, label, onclick, { class: kind = "", ...props } = {}) {
  const own = { type: "button", "aria-label": label, title: label, onclick };
  return h("button", { ...own, ...props, class: `icon-btn ${kind}` }, icon(name));
}

/**
 * @param {Element} element
 * @param {string} html Of the server's renderer, which lets nothing through that runs or loads.
 */
export function setHtml(element, html) {
  element.innerHTML = policy.createHTML(html);
}

/**
 * Says a text to screen readers.
 * @param {string} text
 */
export function announce(text) {
  const said = h("p", {}, text);
  byId("announce").append(said);
  // Who reads on by arrows does not meet it a second time.
  setTimeout(() => said.remove(), 4000);
}

/**
 * Texts of errors one after another, each with its full stop.
 * @param {...(string | null | undefined)} texts
 */
export const sentences = (...texts) => texts.filter(Boolean).map((text) => (/[.!?…]$/.test(text ?? "") ? text : `${text}.`)).join(" ");

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element #${id}`);
  return element;
}
