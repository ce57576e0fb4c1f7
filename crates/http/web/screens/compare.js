//! One question to two to four models, side by side. It goes on while another screen is shown, and is there afterwards.
import { decorate } from "../answer.js";
import { api, events, store, stored } from "../api.js";
import { models, onModels, refreshModels } from "../catalog.js";
import { button, h, icon, iconButton, set, setHtml } from "../dom.js";
import { me } from "../session.js";
import { copy } from "../toast.js";
import { check, field, number, problem, screen, seconds } from "./parts.js";

const MAX_MODELS = 4;
const DRAFT = "ollama-mcp-compare";
/** @type {[keyof Timings, string][]} */
const FIGURES = [["load_ms", "loading"], ["first_token_ms", "first token"], ["tokens_per_second", "tokens a second"], ["total_ms", "in all"]];

/** What is shown, and whose it is. @type {{ owner: string | undefined, node: HTMLElement, update: () => void } | null} */
let kept = null;

/** @param {HTMLElement} main */
export async function show(main) {
  const owner = me()?.owner;
  if (kept?.owner !== owner || !kept) kept = { owner, ...build() };
  const { node, update } = kept;
  main.append(node);
  const off = onModels(update);
  if (!models()) await refreshModels();
  return off;
}

function build() {
  const host = h("div");
  const { body } = screen(host, "Compare");
  const node = /** @type {HTMLElement} */ (host.firstElementChild);
  node.classList.add("wide");
  const prompt = h("textarea", { rows: 3, placeholder: "One question for all of them", value: stored(DRAFT) ?? "", oninput: () => store(DRAFT, prompt.value || null) });
  const pickers = h("div", { class: "pickers" });
  const together = check("All at the same time");
  const system = h("textarea", { rows: 2 });
  const temperature = h("input", { type: "number", min: 0, max: 2, step: 0.1, placeholder: "as the model has it" });
  const start = h("button", { class: "btn primary" }, "Compare");
  const stop = button("Stop", () => running?.abort(), { hidden: true });
  const wrong = h("div");
  const columns = h("div", { class: "columns" });
  /** @type {AbortController | null} */
  let running = null;
  /** @type {string[]} */
  let chosen = [];

  const names = () => (models()?.models ?? []).filter(({ capabilities }) => !capabilities?.length || capabilities.includes("completion")).map(({ name }) => name);
  const update = () => {
    const all = names();
    chosen = chosen.filter((name) => all.includes(name));
    const preferred = models()?.default;
    for (const name of [preferred, ...all]) {
      if (chosen.length < 2 && name && all.includes(name) && !chosen.includes(name)) chosen.push(name);
    }
    draw(all);
  };
  const draw = (/** @type {string[]} */ all) => {
    const few = models() !== null && all.length < 2;
    form.hidden = few;
    if (few) {
      const link = h("a", { href: "#/models" }, "Get another one");
      return set(columns, h("div", { class: "empty" }, h("h2", {}, "Comparing takes two models"), h("p", {}, `${all.length ? "One is" : "None is"} installed. `, link)));
    }
    if (!columns.querySelector("article")) set(columns);
    set(pickers, chosen.map((name, index) => picker(name, index, all)), chosen.length < Math.min(MAX_MODELS, all.length) && button("Add a model", () => add(all), { class: "small" }));
  };
  const picker = (/** @type {string} */ name, /** @type {number} */ index, /** @type {string[]} */ all) => {
    const options = all.filter((other) => other === name || !chosen.includes(other)).map((other) => h("option", {}, other));
    const change = () => {
      chosen[index] = select.value;
      draw(all);
      pickers.querySelectorAll("select")[index]?.focus();
    };
    const select = h("select", { "aria-label": `Model ${index + 1}`, onchange: change }, options);
    select.value = name;
    const remove = () => {
      chosen.splice(index, 1);
      draw(all);
      pickers.querySelector("select")?.focus();
    };
    return h("div", { class: "row" }, select, chosen.length > 2 && iconButton("close", `Without ${name}`, remove));
  };
  const add = (/** @type {string[]} */ all) => {
    const next = all.find((name) => !chosen.includes(name));
    if (next) chosen.push(next);
    draw(all);
    [...pickers.querySelectorAll("select")].at(-1)?.focus();
  };

  const run = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (running) return;
    if (!prompt.value.trim()) return prompt.focus();
    running = new AbortController();
    start.hidden = true;
    stop.hidden = false;
    stop.focus();
    set(wrong);
    const isTogether = together.input.checked;
    const answers = chosen.map((name, index) => answer(name, isTogether || index === 0));
    set(columns, answers.map(({ element }) => element));
    const request = {
      models: chosen,
      prompt: prompt.value,
      together: isTogether,
      system: system.value.trim() || undefined,
      options: temperature.value ? { temperature: Number(temperature.value) } : undefined,
    };
    try {
      for await (const event of events("/x/compare", { body: request, signal: running.signal })) {
        if (event.type === "error") throw event.error ?? event;
        const at = answers[event.index];
        at?.take(event);
        if (event.type === "reply" && !isTogether) answers[event.index + 1]?.begin();
      }
    } catch (error) {
      if (/** @type {any} */ (error).name !== "AbortError") set(wrong, problem(error));
    }
    const times = answers.map(({ end }) => end());
    best(answers, times);
    running = null;
    start.hidden = false;
    stop.hidden = true;
    if (document.activeElement === document.body || document.activeElement === stop) start.focus();
  };

  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && running) running.abort();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target === prompt) form.requestSubmit();
  };
  const settings = h("details", {}, h("summary", {}, "Settings"), h("div", { class: "pairs" }, field("System prompt", system), field("Temperature", temperature)));
  const form = h("form", { class: "stack", onsubmit: run }, field("Question", prompt), pickers, settings,
    h("div", { class: "row wrap" }, start, stop, together.element, h("span", { class: "muted small" }, "One after another gives fair times.")), wrong);
  node.addEventListener("keydown", keys);
  set(body, form, columns);
  return { node, update };
}

/**
 * Marks the quickest.
 * @param {ReturnType<typeof answer>[]} answers
 * @param {(Timings | null)[]} times
 */
function best(answers, times) {
  for (const [figure, sign] of /** @type {const} */ ([["first_token_ms", 1], ["tokens_per_second", -1]])) {
    const known = times.map((time) => time?.[figure]);
    const values = known.filter((value) => value !== undefined);
    const first = values.toSorted((a, b) => (a - b) * sign)[0];
    if (values.length < 2 || values.every((value) => value === first)) continue;
    answers[known.indexOf(first)]?.mark(figure);
  }
}

/**
 * The answer of one model: as plain text while it grows, then as Markdown, with its times.
 * @param {string} model
 * @param {boolean} isNext It is asked already.
 */
function answer(model, isNext) {
  const status = h("p", { class: "status" });
  const reasoning = h("div");
  const thinking = h("details", { class: "thinking", hidden: true }, h("summary", {}, icon("right"), "Thinking"), reasoning);
  const text = h("div", { class: "md plain", "aria-busy": "true" });
  const figures = h("dl", { class: "figures" });
  const below = h("div");
  const copyButton = iconButton("copy", `Copy the answer of ${model}`, () => void copy(content));
  copyButton.hidden = true;
  const head = h("div", { class: "row" }, h("h2", { class: "spacer name" }, model), copyButton);
  const element = h("article", { class: "card stack tight", "aria-label": `Answer of ${model}` }, head, status, thinking, text, below, figures);
  let content = "";
  /** @type {Timings | null} */
  let timings = null;
  let isOver = false;
  let isAsked = isNext;
  const say = (/** @type {string} */ line) => {
    status.hidden = !line;
    set(status, line && h("span", {}, line));
  };

  const finish = async (/** @type {any} */ reply) => {
    isOver = true;
    say("");
    timings = reply.timings ?? null;
    if (timings?.queued_ms) {
      // The wait for the others says nothing about this model.
      timings.total_ms -= timings.queued_ms;
      if (timings.first_token_ms) timings.first_token_ms -= timings.queued_ms;
    }
    content = reply.content || content;
    text.ariaBusy = null;
    text.textContent = content;
    copyButton.hidden = !content;
    const notes = (reply.warnings ?? []).map((/** @type {string} */ warning) => h("div", { class: "notice" }, warning));
    set(below, reply.error && problem(reply.error), notes);
    set(figures, FIGURES.map(([name, label]) => figure(name, label)), tokens(reply));
    if (!content) return;
    try {
      const { blocks } = await api("POST", "/x/markdown", { markdown: content });
      text.classList.remove("plain");
      set(text, blocks.map((/** @type {string} */ html) => {
        const block = h("div");
        setHtml(block, html);
        decorate(block);
        return block;
      }));
    } catch {
      // The plain text is there.
    }
  };
  const figure = (/** @type {keyof Timings} */ name, /** @type {string} */ label) => {
    const value = timings?.[name];
    if (value === undefined) return null;
    return h("div", { "data-figure": name }, h("dt", {}, label), h("dd", {}, name === "tokens_per_second" ? number(value) : seconds(value)));
  };
  const tokens = (/** @type {any} */ { usage }) =>
    usage?.completion_tokens ? h("div", {}, h("dt", {}, "tokens"), h("dd", {}, number(usage.completion_tokens))) : null;

  const self = {
    element,
    /** Its turn has come. */
    begin: () => {
      isAsked = true;
      if (!isOver && !content) say("Waiting for the model…");
    },
    /** An event of the comparison. */
    take: (/** @type {any} */ event) => {
      if (event.type === "queue" && isAsked) say(event.place ? `In the queue: ${event.place} ahead` : "Next in the queue");
      if (event.type === "delta") {
        if (event.reasoning) {
          thinking.hidden = false;
          reasoning.append(event.reasoning);
        }
        if (event.content) {
          content += event.content;
          text.append(event.content);
        }
        say(content ? "" : "Thinking…");
      }
      if (event.type === "reply") void finish(event.reply);
    },
    /** Nothing comes any more. */
    end: () => {
      if (!isOver) {
        isOver = true;
        text.ariaBusy = null;
        copyButton.hidden = !content;
        say("");
        set(below, h("p", { class: "muted small" }, "Stopped"));
      }
      return timings;
    },
    mark: (/** @type {string} */ name) => figures.querySelector(`[data-figure="${name}"]`)?.classList.add("best"),
  };
  if (isNext) self.begin();
  else say("Waits for its turn");
  return self;
}
