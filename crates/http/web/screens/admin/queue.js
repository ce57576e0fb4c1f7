//! The queue in front of the models, as it is now.
import { api } from "../../api.js";
import { button, h, set } from "../../dom.js";
import { failed } from "../../toast.js";
import { dotted, problem, row, seconds } from "../parts.js";

const EVERY_MS = 2000;

/** @typedef {{ id: string, model?: string, place: number, waiting_ms: number, estimate_ms?: number }} Waiting */

/** @param {HTMLElement} body */
export async function show(body) {
  let isOpen = true;
  let drawn = "";
  const load = async () => {
    if (document.hidden) return;
    try {
      const queue = await api("GET", "/x/queue");
      const text = JSON.stringify(queue);
      if (isOpen && text !== drawn) draw(queue);
      drawn = text;
    } catch (error) {
      drawn = "";
      if (isOpen) set(body, problem(error));
    }
  };
  const draw = (/** @type {{ running: number, waiting: number, max_concurrent: number, own: Waiting[] }} */ { running, waiting, max_concurrent: max, own }) => {
    const figures = h("dl", { class: "figures" }, [
      h("div", {}, h("dt", {}, "running now"), h("dd", {}, `${running} of ${max}`)),
      h("div", {}, h("dt", {}, "waiting"), h("dd", {}, String(waiting))),
    ]);
    const meter = h("progress", { max, value: Math.min(running, max), "aria-label": "Completions that run" });
    const cancel = (/** @type {string} */ id) => void api("DELETE", `/x/completions/${id}`).then(load, failed);
    const lines = own.map(({ id, model, place, waiting_ms: waits, estimate_ms: left }) => {
      const facts = dotted(place ? `${place} ahead` : "next", `waiting for ${seconds(waits)}`, left !== undefined && `about ${seconds(left)} more`);
      return row([h("span", { class: "name" }, model || "a completion")], [facts], [button("Cancel", () => cancel(id), { class: "small" })]);
    });
    const mine = lines.length > 0 && h("section", {}, h("h2", {}, "Yours that wait"), h("ul", { class: "rows" }, lines));
    const text = "Turns go round everybody who asks, so that a long batch does not stand before another person's question.";
    set(body, h("div", { class: "card stack" }, figures, meter), h("p", { class: "muted small" }, text), mine);
  };
  await load();
  const timer = setInterval(load, EVERY_MS);
  return () => {
    isOpen = false;
    clearInterval(timer);
  };
}
