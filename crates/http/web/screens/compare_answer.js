//! The answer of one model in a comparison: as plain text while it grows, then as Markdown, with its times.
import { decorate } from "../answer.js";
import { api } from "../api.js";
import { h, icon, iconButton, set, setHtml } from "../dom.js";
import { copy } from "../toast.js";
import { number, problem, seconds } from "./parts.js";

/** @type {[keyof Timings, string][]} */
const FIGURES = [["load_ms", "loading"], ["first_token_ms", "first token"], ["tokens_per_second", "tokens a second"], ["total_ms", "in all"]];

/**
 * @param {string} model
 * @param {boolean} isNext It is asked already.
 */
export function answer(model, isNext) {
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
