//! The chat screen: a conversation, its turns as they run, and the field for the next question.
import { api, store, stored } from "./api.js";
import { Answer } from "./answer.js";
import { modelOf, models, onModels } from "./catalog.js";
import { Composer } from "./composer.js";
import { actionsOf, addPlaceholder, dropPlaceholder, titleOf } from "./conversations.js";
import { byId, h, iconButton, set } from "./dom.js";
import { follow, on } from "./events.js";
import { openMenu } from "./menu.js";
import { pickerButton } from "./model_picker.js";
import { Question } from "./question.js";
import { adopt, go } from "./router.js";
import { follows } from "./scroll.js";
import { change, copySettings, countOf, remember, remembered, saveDraft, settingsOf, toRequest } from "./settings.js";
import { menuButton } from "./sidebar.js";
import { Thread } from "./thread.js";
import { failed, toast } from "./toast.js";
import { welcome } from "./welcome.js";

/** Messages of a page. */
const PAGE = 40;

/**
 * @param {HTMLElement} main
 * @param {{ id: string | null }} params
 * @returns {() => void}
 */
export function show(main, { id }) {
  const chat = new Chat(main, id);
  return () => chat.close();
}

class Chat {
  /** @type {(() => void)[]} */
  #ends = [];
  /** Events that came before the messages. @type {any[] | null} */
  #early = [];
  /** @type {string | undefined} */
  #system;
  /** @type {string | undefined} */
  #lastModel;
  #title = "";
  #updated = "";
  #older = 0;
  #isLoadingOlder = false;
  #isClosed = false;
  #isNew = false;

  /**
   * @param {HTMLElement} main
   * @param {string | null} id
   */
  constructor(main, id) {
    this.id = id;
    this.messages = h("div", { class: "messages" });
    this.log = h("div", { class: "log", role: "log", "aria-label": "Conversation", "aria-live": "off", tabindex: "0" }, this.messages);
    this.scroll = follows(this.log, this.messages);
    this.thread = new Thread(this.messages, {
      question: (content, names) => new Question(content, names, (question, text) => this.#edit(question, text)),
      answer: (turn) => new Answer(this.#answerActions(turn)),
    });
    this.composer = new Composer(id, {
      send: (text, files) => void this.#send(text, files),
      stop: () => void this.#stop(),
      editLast: () => this.thread.lastQuestion()?.edit(),
      sees: () => modelOf(this.#model())?.capabilities.includes("vision") ?? true,
      chooseModel: () => this.picker.choose("vision"),
    });
    this.composer.element.prepend(this.scroll.button);
    this.picker = pickerButton({ current: () => this.#model(), pick: (model) => this.#pick(model) });
    this.parameters = iconButton("sliders", "Parameters", () => void this.#openParameters());
    this.more = iconButton("dots", "More", () => openMenu(this.more, actionsOf({ id: this.id ?? "", title: this.#title })), { "aria-haspopup": "menu" });
    this.heading = h("h1", { class: "sr" });
    const top = h("div", { class: "topbar" }, menuButton(), this.heading, this.picker.element, h("span", { class: "spacer" }), this.parameters, this.more);
    this.element = h("div", { class: "chat" }, top, this.log, this.composer.element);
    set(main, this.element);
    this.#listen();
    this.#drawHead();
    follow(id);
    if (id) void this.#load(id);
    else this.#begin();
    if (!matchMedia("(hover: none)").matches) this.composer.focus();
  }

  close() {
    this.#isClosed = this.composer.isClosed = true;
    for (const end of this.#ends) end();
    this.scroll.stop();
    this.thread.dispose();
  }

  #listen() {
    for (const type of ["turn", "phase", "reasoning", "blocks", "end"]) {
      this.#ends.push(on(type, (event) => (this.#early ? this.#early.push(event) : this.#event(event))));
    }
    this.#ends.push(
      on("changed", (event) => (event.everything || event.conversations?.includes(this.id)) && void this.#refresh()),
      on("hello", () => {
        this.thread.expectAll();
        // All that is known comes with it.
        setTimeout(() => {
          if (this.thread.dropUnseen()) this.#updated = "";
          this.#drawState();
          void this.#refresh();
        }, 50);
      }),
      onModels(() => {
        this.#drawHead();
        this.composer.check();
      }),
    );
    const listen = (/** @type {string} */ type, /** @type {(event: any) => void} */ run, /** @type {EventTarget} */ target = document) => {
      target.addEventListener(type, run);
      this.#ends.push(() => target.removeEventListener(type, run));
    };
    listen("keydown", (event) => this.#keys(event));
    this.log.addEventListener("scroll", () => this.log.scrollTop < 1500 && void this.#loadOlder(), { passive: true });
    const drop = h("div", { class: "drop", hidden: true }, "Drop files to attach them");
    this.element.append(drop);
    const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
    listen("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      drop.hidden = false;
    });
    listen("dragleave", (event) => !event.relatedTarget && (drop.hidden = true));
    listen("drop", (event) => {
      drop.hidden = true;
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.composer.files.add(event.dataTransfer.files);
      this.composer.focus();
    });
  }

  /** The model that will answer, if it is known. */
  #model() {
    return settingsOf(this.id).model ?? this.#lastModel ?? preferred();
  }

  /** @param {string} model */
  #pick(model) {
    change(this.id, { model });
    this.#drawHead();
    this.composer.check();
    this.composer.focus();
  }

  async #openParameters() {
    const { openParameters } = await import("./parameters.js");
    openParameters(this.id, { model: this.#model(), system: this.#system, changed: () => this.#drawHead() });
  }

  #drawHead() {
    this.#title = titleOf(this.id) ?? this.#title;
    const title = this.id ? this.#title || "Conversation" : "New chat";
    this.heading.textContent = title;
    document.title = `${title} · ollama-mcp`;
    this.picker.draw();
    this.more.hidden = !this.id;
    const count = countOf(this.id);
    this.parameters.classList.toggle("changed", count > 0);
    this.parameters.setAttribute("aria-label", count ? `Parameters, ${count} changed` : "Parameters");
  }

  /** A chat that has nothing yet. */
  #begin() {
    this.#early = null;
    const fill = (/** @type {string} */ text) => {
      this.composer.input.value = text;
      this.composer.check();
      this.composer.focus();
    };
    const element = welcome(fill);
    this.messages.append(element.element);
    this.#ends.push(element.stop);
  }

  /** @param {string} id */
  async #load(id) {
    // Its first turn runs, as far as this browser knows: it is stored when it is complete.
    this.#isNew = stored(`new:${id}`) !== null;
    try {
      if (!this.#isNew) this.#show(await fetchPage(id));
    } catch (error) {
      if (this.#isClosed) return;
      if (/** @type {any} */ (error).status === 404) this.#isNew = true;
      else failed(error);
    }
    if (this.#isClosed) return;
    const early = this.#early ?? [];
    this.#early = null;
    for (const event of early) this.#event(event);
    this.#drawState();
    this.scroll.toEnd();
    performance.mark("conversation-shown");
  }

  /** @param {Conversation} page */
  #show(page) {
    if (this.#isNew) store(`new:${page.id}`, null);
    this.#isNew = false;
    this.#system = page.system;
    this.#lastModel = page.model;
    this.#title = page.title;
    this.#updated = page.updated_at;
    if (this.thread.isEmpty) this.#older = page.older;
    this.thread.reconcile(page);
    this.#drawHead();
    this.#drawState();
  }

  /** Fetches again what may have changed. */
  async #refresh() {
    const { id } = this;
    if (!id || this.#early || this.#isClosed || (this.#isNew && this.#hasUnstored())) return;
    try {
      // Most often nothing has: without messages it costs nothing to ask.
      const head = await fetchPage(id, { limit: 1, html: false });
      if (this.#isClosed || (head.updated_at === this.#updated && !this.#isNew)) {
        this.#title = head.title;
        return this.#drawHead();
      }
      this.#show(await fetchPage(id));
    } catch (error) {
      if (/** @type {any} */ (error).status !== 404 || this.#isClosed) return;
      if (this.thread.isEmpty || !this.#isNew) this.#gone();
    }
  }

  /** Whether all that is shown is a first turn that runs, or has failed. */
  #hasUnstored() {
    return !this.thread.isEmpty && !this.thread.hasStored;
  }

  #gone() {
    if (this.thread.isRunning) return;
    store(`new:${this.id}`, null);
    this.thread.clear();
    this.messages.append(h("div", { class: "empty" }, h("h2", {}, "This conversation does not exist"), h("p", {}, "It was deleted, or belongs to somebody else."), h("a", { class: "btn", href: "#/" }, "New chat")));
  }

  async #loadOlder() {
    if (!this.#older || this.#isLoadingOlder || !this.id) return;
    this.#isLoadingOlder = true;
    try {
      const page = await fetchPage(this.id, { before: this.#older });
      if (this.#isClosed) return;
      this.#older = page.older;
      this.scroll.keepPlace(() => this.thread.prepend(page.messages));
    } catch (error) {
      failed(error);
    }
    this.#isLoadingOlder = false;
  }

  /** @param {any} event */
  #event(event) {
    if (event.type === "turn" && !this.thread.turn(event.id)) {
      this.messages.querySelector(".empty")?.remove();
      this.thread.begin(event);
    }
    const turn = this.thread.turn(event.id);
    if (!turn) return;
    const { answer } = turn;
    if (event.type === "turn") {
      Object.assign(turn, { isSeen: true, createdAt: event.created_at });
      if (this.#isNew) addPlaceholder(this.id ?? "", turn.question.content);
      answer.reset();
    }
    if (event.type === "phase") answer.phase(event);
    else if (event.type === "reasoning") answer.reasoning(event.content);
    else if (event.type === "blocks") answer.blocks(event.count, event.blocks);
    else if (event.type === "end") {
      turn.isRunning = false;
      answer.end(event.state, event.stored);
      if (event.stored) {
        this.#updated = "";
        void this.#refresh();
      }
      else if (this.#isNew) dropPlaceholder(this.id ?? "");
      this.#lastModel = event.state.model ?? this.#lastModel;
    }
    this.#drawState();
  }

  #drawState() {
    this.composer.setRunning(this.thread.isRunning);
    this.thread.markLast();
    const last = this.thread.lastQuestion();
    this.composer.suggest(this.thread.isRunning ? [] : (last?.attachments ?? []));
    this.#drawHead();
  }

  /**
   * @param {string} text
   * @param {Upload[]} files
   */
  async #send(text, files) {
    // One whose first turn has failed is not stored.
    const id = this.#isNew ? null : this.id;
    this.messages.querySelector(".welcome, .empty")?.remove();
    const turn = this.thread.begin({ question: { content: text, attachments: files.map((file) => file.filename) } });
    this.#drawState();
    this.scroll.toEnd();
    try {
      const settings = toRequest(this.id, this.#system);
      settings.model ??= id ? undefined : preferred();
      const body = { ...settings, message: text, attachments: files.length ? files.map((file) => file.id) : undefined, background: true };
      const started = await api("POST", id ? `/x/conversations/${id}/turns` : "/x/conversations", body);
      this.thread.started(turn, started.id);
      remember(files);
      this.composer.sent(text);
      if (!id) this.#becomes(started.chat_id, text);
    } catch (error) {
      this.thread.drop(turn);
      this.composer.giveBack(text, files);
      this.composer.setError(error);
      if (this.thread.isEmpty && !this.id) this.#begin();
    }
    this.#drawState();
  }

  /**
   * The new chat has become a conversation.
   * @param {string} id
   * @param {string} text
   */
  #becomes(id, text) {
    copySettings(this.id, id);
    addPlaceholder(id, text);
    if (this.#isClosed) return;
    saveDraft(this.id, { text: "", files: [] });
    this.id = this.composer.id = id;
    this.composer.check();
    this.#isNew = true;
    store(`new:${id}`, "1");
    follow(id);
    adopt(`#/c/${id}`);
  }

  async #stop() {
    const turn = this.thread.running();
    this.composer.focus();
    if (!turn?.id) return;
    await api("POST", `/x/completions/${turn.id}/stop`, {}).catch(failed);
  }

  /** Asks the last question again; the new answer takes the place of the old one. */
  async #again() {
    const last = this.thread.lastQuestion();
    if (!this.id || !last || this.thread.isRunning) return;
    const turn = this.thread.begin({ question: { content: "", attachments: last.attachments, replaces_last: true } });
    this.#drawState();
    this.scroll.toEnd();
    try {
      const attachments = remembered(last.attachments).map((file) => file.id);
      const body = { ...toRequest(this.id, this.#system), replace_last: true, attachments: attachments.length ? attachments : undefined, background: true };
      // The files are only with a message that is given.
      const message = attachments.length ? last.content : undefined;
      this.thread.started(turn, (await api("POST", `/x/conversations/${this.id}/turns`, { ...body, message })).id);
    } catch (error) {
      this.thread.drop(turn);
      failed(error);
      this.#updated = "";
      await this.#refresh();
    }
    this.#drawState();
  }

  /** @param {import("./thread.js").Turn | null} turn @returns {import("./answer.js").AnswerActions} */
  #answerActions(turn) {
    return {
      again: () => void this.#again(),
      fork: (answer) => void this.#fork(answer.index === null ? undefined : answer.index + 1),
      retry: () => {
        if (!turn) return;
        this.thread.drop(turn);
        if (turn.replacesLast) return void this.#again();
        void this.#send(turn.question.content, remembered(turn.question.attachments));
      },
      dismiss: turn?.replacesLast
        ? () => {
            this.thread.drop(turn);
            this.#updated = "";
            void this.#refresh();
          }
        : null,
    };
  }

  /** @param {number | undefined} at */
  async #fork(at) {
    const from = this.id;
    try {
      const copy = await api("POST", `/x/conversations/${from}/fork`, { at });
      copySettings(from, copy.id);
      go(`#/c/${copy.id}`);
      toast("This is a copy", { action: "To the original", onAction: () => go(`#/c/${from}`) });
    } catch (error) {
      failed(error);
    }
  }

  /**
   * Asks an edited question in a copy that ends before it.
   * @param {Question} question
   * @param {string} text
   */
  async #edit(question, text) {
    const from = this.id;
    const turn = this.thread.turnOf(question);
    const files = remembered(question.attachments);
    // It is not stored: it failed, or is still running, and there is nothing to copy from.
    if (question.index === null && turn) {
      if (turn.isRunning) await this.#stop();
      this.thread.drop(turn);
      void this.#send(text, files);
      return true;
    }
    try {
      const isFirst = question.index === 0;
      const settings = { ...toRequest(from, isFirst ? undefined : this.#system), model: this.#model(), message: text, background: true };
      const body = { ...settings, system: settings.system ?? (isFirst ? this.#system : undefined), attachments: files.length ? files.map((file) => file.id) : undefined };
      let id = isFirst ? null : (await api("POST", `/x/conversations/${from}/fork`, { at: question.index })).id;
      const started = await api("POST", id ? `/x/conversations/${id}/turns` : "/x/conversations", body);
      id = started.chat_id;
      copySettings(from, id);
      go(`#/c/${id}`);
      toast("The edited question is in a copy", { action: "To the original", onAction: () => go(`#/c/${from}`) });
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open], :popover-open.menu") || byId("app").inert) return;
    if (event.key === "Escape" && this.thread.isRunning && !byId("app").classList.contains("drawer")) {
      event.preventDefault();
      void this.#stop();
      return;
    }
    // Whoever begins to type means the field.
    const plain = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && (document.activeElement === document.body || document.activeElement === this.log)) this.composer.focus();
  }
}

/** The model of the last chat, or the default one. */
function preferred() {
  const chosen = stored("model");
  return (chosen && modelOf(chosen)?.name) || models()?.default || undefined;
}

/**
 * @param {string} id
 * @param {{ before?: number, limit?: number, html?: boolean }} [options]
 * @returns {Promise<Conversation>}
 */
function fetchPage(id, { before, limit = PAGE, html = true } = {}) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (html) query.set("html", "true");
  if (before !== undefined) query.set("before", String(before));
  return api("GET", `/x/conversations/${encodeURIComponent(id)}?${query}`);
}
