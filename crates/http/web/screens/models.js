//! The models: what is installed, what is loaded and until when; getting, loading, unloading and deleting them.
import { api } from "../api.js";
import { models, onModels, refreshModels } from "../catalog.js";
import { confirm } from "../dialog.js";
import { button, h, iconButton, set } from "../dom.js";
import { on, knownJobs } from "../events.js";
import { openMenu } from "../menu.js";
import { failed, toast } from "../toast.js";
import { dotted, field, number, problem, relative, row, screen, size } from "./parts.js";

/** For whoever has none: small ones first. */
const SUGGESTED = [
  ["gemma3:1b", "0.8 GB", "Small and quick, for any machine"],
  ["qwen3:4b", "2.5 GB", "Thinks before it answers, and can use tools"],
  ["gemma3:4b", "3.3 GB", "Sees pictures"],
  ["qwen3:8b", "5.2 GB", "Better answers, for 8 GB of memory and more"],
];
/** @type {Record<string, string>} */
const ABILITIES = { vision: "sees images", tools: "tools", thinking: "thinks", embedding: "embeddings", insert: "fills gaps", audio: "hears" };

/** @typedef {{ id: string, model: string, status?: string, done?: number, total?: number, state: string, error?: any }} Job */

/** Failed downloads that were put away. @type {Set<string>} */
const dismissed = new Set();
/** Where each download began to be seen, for its speed. @type {Map<string, { at: number, done: number }>} */
const begun = new Map();

/** @param {HTMLElement} main */
export async function show(main) {
  const { body } = screen(main, "Models");
  const get = h("div");
  const running = h("div", { "aria-live": "off" });
  const list = h("div");
  set(body, get, running, list);
  /** @type {Set<string>} names that are being loaded, unloaded or deleted */
  const busy = new Set();
  let timer = 0;

  const pull = async (/** @type {string} */ name) => {
    await api("POST", "/x/models/pull", { model: name });
  };
  const act = async (/** @type {string} */ name, /** @type {() => Promise<unknown>} */ run) => {
    busy.add(name);
    draw();
    try {
      await run();
      await refreshModels();
    } catch (error) {
      failed(error);
    }
    busy.delete(name);
    draw();
  };
  const remove = async (/** @type {Model} */ model) => {
    const takes = model.size ? ` It takes ${size(model.size)} of the disk.` : "";
    const text = `To use it again, it has to be downloaded again.${takes}`;
    if (!(await confirm({ title: `Delete ${model.name}?`, text, action: "Delete", danger: true }))) return;
    await act(model.name, async () => {
      await api("DELETE", `/x/models/${encodeURIComponent(model.name)}`);
      toast(`${model.name} is deleted`);
    });
  };

  const draw = () => {
    const found = models();
    if (!found) return;
    const { models: all, can_manage: manages, reports_loaded: reports } = found;
    if (manages && !get.childElementCount) set(get, getForm(pull));
    const more = (/** @type {Model} */ model, /** @type {HTMLElement} */ anchor) =>
      openMenu(anchor, [{ label: "Delete", icon: "trash", danger: true, run: () => void remove(model) }]);
    const actions = (/** @type {Model} */ model) => {
      if (!manages) return [];
      const path = model.loaded ? "unload" : "load";
      const change = () => act(model.name, () => api("POST", `/x/models/${path}`, { model: model.name }));
      const label = model.loaded ? "Unload" : "Load";
      const isBusy = busy.has(model.name);
      const text = isBusy ? (model.loaded ? "Unloading…" : "Loading…") : label;
      return [
        reports && !(model.location && model.location !== "local") && button(text, change, { class: "small", disabled: isBusy, "aria-label": `${label} ${model.name}` }),
        iconButton("dots", `More for ${model.name}`, (event) => more(model, /** @type {HTMLElement} */ (event.currentTarget))),
      ];
    };
    const focused = document.activeElement?.getAttribute("aria-label");
    if (all.length) {
      const lines = all.map((model) => modelRow(model, model.name === found.default, actions(model)));
      set(list, h("h2", {}, all.length === 1 ? "1 installed" : `${all.length} installed`), h("ul", { class: "rows", "aria-label": "Installed models" }, lines));
    } else {
      set(list, suggestions(manages, pull));
    }
    // What was in focus was replaced.
    if (focused && document.activeElement === document.body) {
      const labels = [...list.querySelectorAll("button")].map((button) => /** @type {const} */ ([button, button.ariaLabel ?? ""]));
      const name = ` ${focused.split(" ").at(-1)}`;
      const [again] = labels.find(([, label]) => label === focused) ?? labels.find(([, label]) => label.endsWith(name)) ?? [main];
      again.focus();
    }
    // Models leave the memory without a word.
    clearTimeout(timer);
    const ends = all.flatMap(({ running }) => (running?.expires_at ? [Date.parse(running.expires_at) - Date.now()] : []));
    const next = Math.max(1000, Math.min(30_000, ...ends.map((end) => end + 1000)));
    if (ends.length) timer = window.setTimeout(() => document.hidden || void refreshModels().catch(() => {}), next);
  };

  const fetchAll = async () => {
    try {
      await refreshModels();
    } catch (error) {
      if (!models()) set(list, problem(error, fetchAll));
    }
  };
  const offs = [onModels(draw), on("jobs", ({ jobs }) => set(running, pulls(jobs, pull)))];
  set(running, pulls(knownJobs(), pull));
  await fetchAll();
  return () => {
    clearTimeout(timer);
    for (const off of offs) off();
  };
}

/** @param {(name: string) => Promise<void>} pull */
function getForm(pull) {
  const name = h("input", { type: "text", placeholder: "gemma3:4b", autocapitalize: "none", spellcheck: "false", autocomplete: "off" });
  const wrong = h("div");
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const asked = name.value.trim();
    if (!asked) return name.focus();
    try {
      await pull(asked);
      name.value = "";
      set(wrong);
    } catch (error) {
      set(wrong, problem(error));
    }
  };
  const library = h("a", { href: "https://ollama.com/library", target: "_blank", rel: "noopener noreferrer" }, "ollama.com/library");
  const help = h("div", { class: "muted small" }, "Names are listed at ", library, ".");
  const line = h("div", { class: "row end" }, field("Get a model", name), h("button", { class: "btn" }, "Download"));
  return h("form", { class: "card stack tight", onsubmit: submit }, line, help, wrong);
}

/**
 * @param {boolean} manages
 * @param {(name: string) => Promise<void>} pull
 */
function suggestions(manages, pull) {
  if (!manages) {
    return h("div", { class: "empty" }, h("h2", {}, "No models yet"), h("p", {}, "Whoever runs this server can add one, for instance with ", h("code", {}, "ollama pull gemma3:1b"), "."));
  }
  const get = (/** @type {string} */ name) => void pull(name).catch(failed);
  const lines = SUGGESTED.map(([name = "", bytes = "", what = ""]) =>
    row([h("span", { class: "name" }, name), h("span", { class: "badge" }, bytes)], [what], [button("Download", () => get(name), { class: "small", "aria-label": `Download ${name}` })]),
  );
  return h("section", {}, h("h2", {}, "No models yet. These are good to begin with:"), h("ul", { class: "rows" }, lines));
}

/**
 * @param {Model} model
 * @param {boolean} isDefault
 * @param {(HTMLElement | false)[]} actions
 */
function modelRow(model, isDefault, actions) {
  const { name, capabilities, running, loaded } = model;
  const able = (capabilities ?? []).flatMap((ability) => (ABILITIES[ability] ? [h("span", { class: "badge" }, ABILITIES[ability])] : []));
  const title = [h("span", { class: "name" }, name), isDefault ? h("span", { class: "badge on" }, "default") : "", ...able].filter((part) => part !== "");
  const facts = dotted(
    model.parameter_size,
    model.quantization,
    model.size && size(model.size),
    model.context_length && `context of ${number(model.context_length)} tokens`,
    model.location && model.location !== "local" && `runs at ${model.location}`,
  );
  return row(title, [facts, loaded && h("span", { class: "loaded" }, running ? memory(running) : "In memory")], actions);
}

/** @param {NonNullable<Model["running"]>} running */
function memory({ size: bytes = 0, size_vram: vram = 0, expires_at: until, context_length: context }) {
  const share = bytes ? Math.round((vram / bytes) * 100) : 0;
  const where = share >= 100 ? "on the GPU" : share <= 0 ? "on the processor" : `${share}% on the GPU`;
  // Ollama's "for ever" is a time in a far century.
  const isForever = !until || Date.parse(until) > Date.now() + 3.2e11;
  const end = isForever ? "until it is unloaded" : `unloads ${relative(until)}`;
  return dotted("In memory", `${size(bytes)} ${where}`, context && `context of ${number(context)}`, end);
}

/**
 * @param {Job[]} jobs
 * @param {(name: string) => Promise<void>} pull
 */
function pulls(jobs, pull) {
  const shown = jobs.filter(({ id, state }) => state === "in_progress" || (state === "failed" && !dismissed.has(id)));
  return shown.length ? h("ul", { class: "rows", "aria-label": "Downloads" }, shown.map((job) => pullRow(job, pull))) : null;
}

/**
 * @param {Job} job
 * @param {(name: string) => Promise<void>} pull
 */
function pullRow(job, pull) {
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
