//! Downloads of models, with what is done, how long it takes, and a way to end them.
import { api } from "../api.js";
import { button, h, iconButton } from "../dom.js";
import { failed } from "../toast.js";
import { dotted, problem, size } from "./parts.js";

/** @typedef {{ id: string, model: string, status?: string, done?: number, total?: number, state: string, error?: any }} Job */

/** Failures that were put away. @type {Set<string>} */
const dismissed = new Set();
/** Where each began to be seen, for its speed. @type {Map<string, { at: number, done: number }>} */
const begun = new Map();

/**
 * @param {Job[]} jobs
 * @param {(name: string) => Promise<void>} pull
 */
export function pulls(jobs, pull) {
  const shown = jobs.filter(({ id, state }) => state === "in_progress" || (state === "failed" && !dismissed.has(id)));
  return shown.length ? h("ul", { class: "rows", "aria-label": "Downloads" }, shown.map((job) => line(job, pull))) : null;
}

/**
 * @param {Job} job
 * @param {(name: string) => Promise<void>} pull
 */
function line(job, pull) {
  const { id, model, state, error } = job;
  if (state === "failed") {
    const put = () => {
      dismissed.add(id);
      item.remove();
    };
    const again = async () => {
      put();
      await pull(model).catch(failed);
    };
    const text = typeof error === "object" && error ? error : { message: String(error ?? "It failed.") };
    const item = h("li", {}, h("div", {}, h("span", { class: "name" }, model), problem(text, again)), iconButton("close", `Put away ${model}`, put));
    return item;
  }
  const cancel = () => void api("DELETE", `/x/completions/${id}`).catch(failed);
  const { done = 0, total = 0 } = job;
  const bar = total ? h("progress", { max: total, value: done, "aria-label": `Download of ${model}` }) : null;
  const title = h("div", { class: "row" }, h("span", { class: "name" }, model), h("span", { class: "spacer" }), h("span", { class: "muted small" }, progress(job)));
  return h("li", {}, h("div", {}, title, bar), button("Cancel", cancel, { class: "small", "aria-label": `Cancel the download of ${model}` }));
}

/** @param {Job} job */
function progress({ id, done = 0, total = 0, status }) {
  if (!total) return status || "Starting…";
  const first = begun.get(id) ?? { at: Date.now(), done };
  begun.set(id, first);
  const rate = (done - first.done) / (Date.now() - first.at);
  const left = rate > 0 && Date.now() - first.at > 2000 ? (total - done) / rate / 60_000 : NaN;
  const time = done >= total ? "" : left < 1 ? "less than a minute left" : left < 600 ? `about ${Math.round(left)} min left` : "";
  return dotted(done >= total ? status || "Checking" : `${size(done)} of ${size(total)}`, time);
}
