//! Short messages, which go by themselves.
import { announce, byId, h, sentences } from "./dom.js";

/** Takes the action of the last message. @type {() => void} */
let undo = () => {};
document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof Element && event.target.matches("input, textarea, select");
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !isTyping) undo();
});

/**
 * @param {string} text
 * @param {{ action?: string, onAction?: () => void, onGone?: () => void, seconds?: number }} [options] `onGone`: it went, and the action was not taken
 */
export function toast(text, { action, onAction, onGone, seconds = action ? 8 : 3.5 } = {}) {
  const region = byId("toasts");
  let isGone = false;
  let timer = 0;
  const go = (/** @type {boolean} */ acted) => {
    if (isGone) return;
    isGone = true;
    undo = () => {};
    clearTimeout(timer);
    element.remove();
    if (acted) onAction?.();
    else onGone?.();
  };
  const wait = () => (timer = window.setTimeout(() => go(false), seconds * 1000));
  const element = h(
    "div",
    { class: "toast", onpointerenter: () => clearTimeout(timer), onpointerleave: wait, onfocusin: () => clearTimeout(timer), onfocusout: wait },
    h("span", {}, text),
    action && h("button", { type: "button", onclick: () => go(true) }, action),
  );
  region.popover = "manual";
  if (region.matches(":popover-open")) region.hidePopover();
  region.showPopover();
  region.append(element);
  announce(action ? `${text}. ${action}: Control Z` : text);
  wait();
  if (action) undo = () => go(true);
  return { gone: () => go(false) };
}

/**
 * Shows a failure with what to do.
 * @param {unknown} error
 */
export function failed(error) {
  const { name, message, hint } = /** @type {any} */ (error);
  if (name !== "AbortError") toast(sentences(message, hint), { seconds: 9, action: "OK" });
}

/**
 * Puts a text into the clipboard and says so.
 * @param {string} text
 * @param {string} [done]
 */
export async function copy(text, done = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    // Without https the browser offers only the old way.
    const area = h("textarea", { class: "sr", value: text });
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    toast(copied ? done : "The browser did not allow copying");
  }
}
