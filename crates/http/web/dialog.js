//! Dialogs: the browser's own, which hold the focus and give it back.
import { button, h, iconButton } from "./dom.js";

let count = 0;

/**
 * @param {{ title: string, class?: string, label?: boolean }} options `label`: the title is only read out
 * @param {...(Node | string)} children
 */
export function dialog({ title, class: kind = "", label = false }, ...children) {
  const id = `dialog-${++count}`;
  const heading = h("h2", { id, class: label ? "sr" : "spacer" }, title);
  const head = label ? heading : h("div", { class: "row" }, heading, iconButton("close", "Close", () => close()));
  const body = label ? [head, ...children] : [h("div", { class: "stack" }, head, ...children)];
  const element = h("dialog", { class: kind, "aria-labelledby": id }, ...body);
  let pressedOutside = false;
  const isOutside = (/** @type {MouseEvent} */ event) => {
    const box = element.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    return event.target === element && (x < box.left || x > box.right || y < box.top || y > box.bottom);
  };
  element.addEventListener("pointerdown", (event) => (pressedOutside = isOutside(event)));
  element.addEventListener("click", (event) => pressedOutside && isOutside(event) && close());
  const closed = new Promise((resolve) => {
    element.addEventListener("close", () => {
      element.remove();
      resolve(undefined);
    });
  });
  const close = () => element.close();
  document.body.append(element);
  element.showModal();
  return { element, close, closed };
}

/**
 * @param {{ title: string, text: string, action: string, danger?: boolean }} options
 * @returns {Promise<boolean>}
 */
export async function confirm({ title, text, action, danger }) {
  let yes = false;
  const act = () => {
    yes = true;
    open.close();
  };
  const cancel = button("Cancel", () => open.close());
  const actions = h("div", { class: "actions" }, cancel, button(action, act, { class: danger ? "danger" : "primary" }));
  const open = dialog({ title }, h("p", {}, text), actions);
  (danger ? cancel : /** @type {HTMLElement} */ (actions.lastElementChild)).focus();
  await open.closed;
  return yes;
}

/**
 * @param {{ title: string, label: string, value?: string, action: string }} options
 * @returns {Promise<string | null>}
 */
export async function ask({ title, label, value = "", action }) {
  /** @type {string | null} */
  let given = null;
  const input = h("input", { id: `ask-${count}`, value, type: "text" });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    given = input.value;
    open.close();
  };
  const actions = h("div", { class: "actions" }, button("Cancel", () => open.close()), h("button", { class: "btn primary" }, action));
  const field = h("div", { class: "field" }, h("label", { for: input.id }, label), input);
  const open = dialog({ title }, h("form", { class: "stack", onsubmit: submit }, field, actions));
  input.focus();
  input.select();
  await open.closed;
  return given;
}
