//! The answer of a model, as it grows and when it is done.
import { announce, button, h, icon, iconButton, sentences, set, setHtml } from "./dom.js";
import { store, stored } from "./api.js";
import { modelOf } from "./catalog.js";
import { copy } from "./toast.js";
import { dotted, number, seconds, size } from "./screens/parts.js";

/**
 * @typedef {object} AnswerActions
 * @property {() => void} again Asks once more.
 * @property {(answer: Answer) => void} fork
 * @property {() => void} parameters Shows them.
 * @property {() => void} retry After a failure.
 * @property {() => void} dismiss After a failure that took the place of an earlier answer.
 */

export class Answer {
  content = "";
  /** @type {number | null} */
  index = null;
  role = "assistant";
  /** Whether it takes the place of an earlier one. */
  isReplacing = false;
  createdAt = "";
  /** @type {CompletionState | null} */
  state = null;
  model = "";
  #thought = "";
  /** @type {Map<number, HTMLElement>} */
  #blocks = new Map();
  /** The HTML of each, so that what is the same stays. @type {WeakMap<HTMLElement, string>} */
  #html = new WeakMap();
  /** @type {Map<number, Block>} */
  #waiting = new Map();
  #announced = -1;
  #frame = 0;
  #timer = 0;
  #since = Date.now();
  #thinkingSince = 0;
  #thinkingMs = 0;
  /** @type {PhaseEvent | null} */
  #phase = null;

  /** @param {AnswerActions} actions */
  constructor(actions) {
    this.actions = actions;
    this.heading = h("h2", { class: "sr" }, "Answer");
    this.summary = h("span");
    this.thoughtText = h("div", { dir: "auto" });
    const summary = h("summary", {}, icon("right"), this.summary);
    this.thinking = h("details", { class: "thinking", hidden: true, open: stored("thinking") === "open" }, summary, this.thoughtText);
    summary.addEventListener("click", () => store("thinking", this.thinking.open ? null : "open"));
    this.status = h("div", { class: "status", hidden: true });
    this.body = h("div", { class: "md", dir: "auto" });
    this.notices = h("div");
    this.under = h("div", { class: "under" });
    this.element = h("article", { class: "message answer" }, this.heading, this.thinking, this.status, this.body, this.notices, this.under);
  }

  /** Begins anew, with nothing: the event stream has been opened again. */
  reset() {
    this.#thought = "";
    set(this.thoughtText);
    set(this.notices);
    set(this.under);
    this.state = null;
    // It stays so: an element that is drawn only when it is seen changes its height for a moment, and the view would jump.
    this.element.classList.add("live");
    this.#tick();
  }

  /** @param {PhaseEvent} event */
  phase(event) {
    if (event.phase !== this.#phase?.phase) this.#since = Date.now();
    this.#phase = event;
    this.model = event.model ?? this.model;
    if (event.phase === "thinking") this.#thinkingSince ||= Date.now();
    if (event.phase === "answering") this.#thinkingEnds();
    this.#tick();
  }

  /** @param {string} text */
  reasoning(text) {
    this.#thinkingSince ||= Date.now();
    this.#thought += text;
    const box = this.thoughtText;
    const follows = box.scrollTop + box.clientHeight > box.scrollHeight - 24;
    box.append(text);
    if (follows && this.thinking.open) box.scrollTop = box.scrollHeight;
    this.#tick();
  }

  /**
   * @param {number} count
   * @param {Block[]} blocks
   */
  blocks(count, blocks) {
    this.#thinkingEnds();
    for (const block of blocks) this.#waiting.set(block.index, block);
    for (const [index, element] of this.#blocks) {
      if (index < count) continue;
      element.remove();
      this.#blocks.delete(index);
    }
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /**
   * @param {CompletionState} state
   * @param {boolean} isStored
   */
  end(state, isStored) {
    this.#draw();
    this.#thinkingEnds();
    clearTimeout(this.#timer);
    this.state = state;
    this.content = state.content;
    this.model = state.model ?? this.model;
    this.#phase = null;
    this.status.hidden = true;
    this.#foldThinking();
    set(this.notices, ...(state.warnings ?? []).map((warning) => this.#warning(warning)));
    if (isStored) {
      this.#drawUnder();
      announce("The answer is complete");
      return;
    }
    const cancelled = state.status === "cancelled";
    const { message, hint } = cancelled ? { message: "Stopped before there was an answer.", hint: "" } : (state.error ?? { message: "The answer failed.", hint: "" });
    const { retry, dismiss } = this.actions;
    const buttons = h("div", { class: "row wrap" }, button("Try again", retry, { class: "small" }), this.isReplacing && button("Back to the earlier answer", dismiss, { class: "small" }));
    this.notices.append(h("div", { class: cancelled ? "notice" : "notice bad" }, h("div", {}, message), hint && h("div", { class: "hint" }, hint), buttons));
    announce(sentences(message, hint));
  }

  /**
   * A stored answer.
   * @param {Message} message
   */
  show(message) {
    this.index = message.index;
    this.createdAt = message.created_at;
    this.content = message.content;
    this.model = message.model ?? "";
    this.state = { id: "", status: "completed", content: message.content, model: message.model, usage: { completion_tokens: message.completion_tokens, prompt_tokens: message.prompt_tokens } };
    this.complete(message);
    this.#drawUnder();
    return this;
  }

  /** Adds what has not come by events; what is the same stays. @param {Message} message */
  complete(message) {
    if (!this.#thought && message.reasoning) {
      this.#thought = this.thoughtText.textContent = message.reasoning;
      this.#foldThinking();
    }
    if (!this.body.childElementCount) {
      this.body.append(...(message.tool_calls ?? []).map((call) => h("p", { class: "muted" }, `Used the tool ${call.function?.name ?? ""}`)));
    }
    message.html?.forEach((html, index) => this.#put({ index, html, open: false }));
  }

  /** @param {boolean} is Whether this is the last answer, which alone is asked again. */
  setLast(is) {
    this.element.classList.toggle("last", is);
    const again = /** @type {HTMLElement | null} */ (this.under.querySelector(".again"));
    if (again) again.hidden = !is;
  }

  /** A warning in the words of the page, where the API's are used. @param {string} text */
  #warning(text) {
    const shown = text.replace(/\bmax_completion_tokens\b/, "“Longest answer”").replace(/\bnum_ctx\b/, "“Context length”");
    const open = shown !== text && h("div", { class: "row" }, button("Parameters", this.actions.parameters, { class: "small" }));
    return h("div", { class: "notice" }, shown, open);
  }

  #drawUnder() {
    const { usage, timings, location, finish_reason: reason } = this.state ?? {};
    this.heading.textContent = this.model ? `Answer of ${this.model}` : "Answer";
    const rate = timings?.tokens_per_second;
    const tokens = usage?.completion_tokens;
    const facts = dotted(
      this.model,
      tokens !== undefined && `${number(tokens)} ${tokens === 1 ? "token" : "tokens"}`,
      rate !== undefined && `${rate.toFixed(rate < 10 ? 1 : 0)} tokens/s`,
      location && (location === "local" ? "local" : `on ${location}`),
      (reason === "cancelled" || reason === "stopped") && "stopped",
    );
    const took = (/** @type {string} */ label, /** @type {number | undefined} */ ms) => ms !== undefined && `${label} ${seconds(ms)}`;
    const more = timings && dotted(took("queue", timings.queued_ms), took("loading", timings.load_ms), took("reading", timings.prompt_ms), took("first word after", timings.first_token_ms), took("in all", timings.total_ms));
    set(
      this.under,
      iconButton("copy", "Copy the answer", () => void copy(this.content)),
      iconButton("again", "Ask again", () => this.actions.again(), { class: "again" }),
      iconButton("fork", "Go on from here in a copy", () => this.actions.fork(this)),
      h("span", { class: "facts", dir: "ltr", title: more || false }, facts),
    );
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const selection = getSelection();
    const selected = selection && !selection.isCollapsed ? selection : null;
    for (const [index, block] of this.#waiting) {
      const element = this.#blocks.get(index);
      // What is being selected stays as it is until it is done.
      if (block.open && element && selected?.containsNode(element, true)) continue;
      this.#put(block);
      this.#waiting.delete(index);
      if (!block.open && index > this.#announced) {
        this.#announced = index;
        announce(spoken(this.#blocks.get(index)));
      }
    }
  }

  /** @param {Block} block */
  #put({ index, html }) {
    let element = this.#blocks.get(index);
    if (!element) {
      element = h("div");
      this.#blocks.set(index, element);
      const after = [...this.#blocks.keys()].filter((other) => other > index);
      this.body.insertBefore(element, after.length ? (this.#blocks.get(Math.min(...after)) ?? null) : null);
    }
    if (this.#html.get(element) === html) return;
    this.#html.set(element, html);
    fill(element, html);
  }

  /** The line before there is text, and the time of thinking. */
  #tick() {
    clearTimeout(this.#timer);
    const phase = this.#phase;
    const thinks = this.#thinkingSince > 0 && this.#thinkingMs === 0;
    if (this.#thought) this.thinking.hidden = false;
    if (thinks) {
      const past = Math.round((Date.now() - this.#thinkingSince) / 1000);
      this.summary.textContent = past > 1 ? `Thinking… ${past} s` : "Thinking…";
    }
    const [text, part] = phase ? describe(phase, this.model, Date.now() - this.#since) : ["Sending…"];
    this.status.hidden = !text || (thinks && !this.thinking.hidden) || this.#blocks.size > 0;
    const line = this.status.querySelector("span");
    const bar = this.status.querySelector("progress");
    if (line && Boolean(bar) === (part !== undefined)) line.textContent = text;
    else set(this.status, h("span", {}, text), part !== undefined && h("progress", { max: 1, "aria-label": "Download" }));
    const progress = this.status.querySelector("progress");
    if (progress && part !== undefined) progress.value = part;
    this.#timer = window.setTimeout(() => this.#tick(), 1000);
  }

  #thinkingEnds() {
    if (!this.#thinkingSince || this.#thinkingMs) return;
    this.#thinkingMs = Date.now() - this.#thinkingSince;
    this.#foldThinking();
  }

  #foldThinking() {
    this.thinking.hidden = !this.#thought;
    const past = Math.max(1, Math.round(this.#thinkingMs / 1000));
    this.summary.textContent = this.#thinkingMs ? `Thought for ${past} s` : "Thoughts";
  }

  /** Ends its timers. */
  dispose() {
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
  }
}

/**
 * @param {PhaseEvent} phase
 * @param {string} model
 * @param {number} ms How long it has been so.
 * @returns {[text: string, part?: number]}
 */
function describe(phase, model, ms) {
  const name = model || "the model";
  const past = ms > 2500 ? ` ${Math.round(ms / 1000)} s` : "";
  switch (phase.phase) {
    case "pulling": {
      const { done = 0, total } = phase;
      return total ? [`Downloading ${name}: ${size(done)} of ${size(total)}`, done / total] : [`Downloading ${name}…`, 0];
    }
    case "queued": {
      const ahead = phase.place ?? 0;
      const where = ahead === 0 ? "Next in the queue" : `In the queue, ${ahead} ahead`;
      return [phase.estimate_ms ? `${where}, about ${seconds(phase.estimate_ms)}` : where];
    }
    case "retrying":
      return [`The model server is busy. Trying again in ${seconds(phase.after_ms ?? 0)}`];
    case "waiting":
      return [modelOf(model)?.loaded === false ? `Loading ${name}…${past}` : `Waiting for ${name}…${past}`];
    case "thinking":
      return ["Thinking…"];
    default:
      return [""];
  }
}

/**
 * Puts the HTML of a block into its element. The frame of code stays, so that its button and its scrolling do.
 * @param {HTMLElement} element
 * @param {string} html
 */
function fill(element, html) {
  const old = element.querySelector(":scope > .code pre");
  if (old && html.startsWith('<div class="code"')) {
    const made = h("div");
    setHtml(made, html);
    const code = /** @type {HTMLElement | null} */ (made.querySelector(".code"));
    const pre = code?.querySelector("pre");
    if (code && pre) {
      old.replaceChildren(...pre.childNodes);
      return nameCode(/** @type {HTMLElement} */ (old.parentElement), code.dataset.language ?? "");
    }
  }
  setHtml(element, html);
  decorate(element);
}

/**
 * Adds what the page adds to the server's HTML: the bar of code, names for screen readers, focus for what scrolls.
 * @param {HTMLElement} element
 */
export function decorate(element) {
  for (const code of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(".code"))) {
    const pre = code.querySelector("pre");
    pre?.setAttribute("tabindex", "0");
    pre?.setAttribute("role", "group");
    const copied = h("button", { type: "button", "aria-label": "Copy the code", onclick: () => void copy(pre?.textContent ?? "") }, icon("copy"), "Copy");
    code.prepend(h("div", { class: "bar" }, h("span"), copied));
    nameCode(code, code.dataset.language ?? "");
  }
  for (const table of element.querySelectorAll(".table")) {
    table.setAttribute("tabindex", "0");
    table.setAttribute("role", "group");
    table.setAttribute("aria-label", "Table");
  }
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (element.querySelectorAll("input[type=checkbox]"))) {
    box.setAttribute("aria-label", box.checked ? "Done" : "Not done");
  }
}

/**
 * Shows the language of code, which is known only when its first line is complete.
 * @param {HTMLElement} code
 * @param {string} language
 */
function nameCode(code, language) {
  code.dataset.language = language;
  code.querySelector("pre")?.setAttribute("aria-label", language ? `Code, ${language}` : "Code");
  const name = code.querySelector(".bar > span");
  if (name) name.textContent = language || "text";
}

/** @param {HTMLElement | undefined} block */
function spoken(block) {
  const code = /** @type {HTMLElement | null | undefined} */ (block?.querySelector(":scope > .code"));
  if (!code) return block?.textContent ?? "";
  const lines = (code.querySelector("pre")?.textContent ?? "").trimEnd().split("\n").length;
  return `Code${code.dataset.language ? `, ${code.dataset.language}` : ""}, ${lines} lines`;
}
