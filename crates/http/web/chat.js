//! The chat screen: a conversation, its turns as they run, and the field for the next question.
import { api, store, stored } from "./api.js";
import { Answer } from "./answer.js";
import { acceptDrops } from "./attachments.js";
import { modelOf, onModels, preferredModel } from "./catalog.js";
import { Composer } from "./composer.js";
import { actionsOf, addPlaceholder, askInCopy, conversationPage, dropPlaceholder, openCopy, titleOf } from "./conversations.js";
import { byId, h, iconButton, set } from "./dom.js";
import { follow, on } from "./events.js";
import { openMenu } from "./menu.js";
import { pickerButton } from "./model_picker.js";
import { Question } from "./question.js";
import { adopt } from "./router.js";
import { follows } from "./scroll.js";
import { change, copySettings, countOf, idsOf, remember, remembered, saveDraft, settingsOf, toRequest } from "./settings.js";
import { menuButton } from "./sidebar.js";
import { Thread } from "./thread.js";
import { failed } from "./toast.js";
import { notThere, welcome } from "./welcome.js";

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
    void (id ? this.#load(id) : this.#begin());
    if (!matchMedia("(hover: none)").matches) this.composer.focus();
  }

  close() {
    this.#isClosed = this.composer.isClosed = true;
    for (const end of this.#ends) end();
    this.thread.dispose();
  }

  #listen() {
    const take = (/** @type {any} */ event) => (this.#early ? this.#early.push(event) : this.#event(event));
    this.#ends.push(
      ...["turn", "phase", "reasoning", "blocks", "end"].map((type) => on(type, take)),
      on("changed", (event) => (event.everything || event.conversations?.includes(this.id)) && void this.#refresh()),
      on("hello", () => {
        this.thread.expectAll();
        // All that is known comes with it.
        setTimeout(async () => {
          await this.#refresh(await this.thread.settle((id) => api("GET", `/x/completions/${id}`)));
          this.#drawState();
        }, 50);
      }),
      onModels(() => this.#pick(null)),
    );
    const keys = (/** @type {KeyboardEvent} */ event) => this.#keys(event);
    document.addEventListener("keydown", keys);
    this.#ends.push(() => document.removeEventListener("keydown", keys));
    this.log.addEventListener("scroll", () => this.log.scrollTop < 1500 && void this.#loadOlder(), { passive: true });
    this.#ends.push(acceptDrops(this.element, (files) => this.composer.attach(files)), this.scroll.stop);
  }

  /** The model that will answer, if it is known. */
  #model() {
    return settingsOf(this.id).model ?? this.#lastModel ?? preferredModel();
  }

  /** @param {string | null} model `null`: the same one, of which something may have changed */
  #pick(model) {
    if (model) change(this.id, { model });
    this.#drawHead();
    this.composer.check();
    if (model) this.composer.focus();
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
    const { element, stop } = welcome((text) => this.composer.fill(text));
    this.messages.append(element);
    this.#ends.push(stop);
  }

  /** @param {string} id */
  async #load(id) {
    // Its first turn runs, as far as this browser knows: it is stored when it is complete.
    this.#isNew = stored(`new:${id}`) !== null;
    try {
      if (!this.#isNew) this.#show(await conversationPage(id));
    } catch (error) {
      if (this.#isClosed) return;
      if (/** @type {any} */ (error).status === 404) this.#isNew = true;
      else failed(error);
    }
    if (this.#isClosed) return;
    const early = this.#early ?? [];
    this.#early = null;
    early.forEach((event) => this.#event(event));
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

  /** Fetches again what may have changed. @param {boolean} [isKnown] It has. */
  async #refresh(isKnown = false) {
    if (isKnown) this.#updated = "";
    const { id } = this;
    if (!id || this.#early || this.#isClosed || (this.#isNew && this.#hasUnstored())) return;
    try {
      // Most often nothing has: without messages it costs nothing to ask.
      const head = await conversationPage(id, { limit: 1, html: false });
      if (this.#isClosed || (head.updated_at === this.#updated && !this.#isNew)) {
        this.#title = head.title;
        return this.#drawHead();
      }
      this.#show(await conversationPage(id));
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
    this.messages.append(notThere());
  }

  async #loadOlder() {
    if (!this.#older || this.#isLoadingOlder || !this.id) return;
    this.#isLoadingOlder = true;
    try {
      const page = await conversationPage(this.id, { before: this.#older });
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
      if (event.stored) void this.#refresh(true);
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
      settings.model ??= id ? undefined : preferredModel();
      const body = { ...settings, message: text, attachments: idsOf(files), background: true };
      const started = await api("POST", id ? `/x/conversations/${id}/turns` : "/x/conversations", body);
      this.thread.started(turn, started.id);
      remember(started.chat_id, files);
      this.composer.sent(text);
      if (!id) this.#becomes(started.chat_id, text);
      if (turn.isUnwanted) void this.#stop();
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
    // Without an id it is on its way to the server.
    if (turn && !turn.id) turn.isUnwanted = true;
    if (turn?.id) await api("POST", `/x/completions/${turn.id}/stop`, {}).catch(failed);
  }

  /** Asks the last question again; the new answer takes the place of the old one. */
  async #again() {
    const last = this.thread.lastQuestion();
    if (!this.id || !last || this.thread.isRunning) return;
    const turn = this.thread.begin({ question: { content: "", attachments: last.attachments, replaces_last: true } });
    this.#drawState();
    this.scroll.toEnd();
    try {
      const attachments = idsOf(remembered(this.id, last.attachments));
      const body = { ...toRequest(this.id, this.#system), replace_last: true, attachments, background: true };
      // The files are only with a message that is given.
      const message = attachments && last.content;
      this.thread.started(turn, (await api("POST", `/x/conversations/${this.id}/turns`, { ...body, message })).id);
    } catch (error) {
      this.thread.drop(turn);
      failed(error);
      await this.#refresh(true);
    }
    this.#drawState();
  }

  /** @param {import("./thread.js").Turn | null} turn @returns {import("./answer.js").AnswerActions} */
  #answerActions(turn) {
    return {
      again: () => void this.#again(),
      parameters: () => void this.#openParameters(),
      fork: (answer) => void openCopy(this.id ?? "", answer.index === null ? undefined : answer.index + 1).catch(failed),
      retry: () => {
        if (!turn) return;
        this.thread.drop(turn);
        if (turn.replacesLast) return void this.#again();
        void this.#send(turn.question.content, remembered(this.id, turn.question.attachments));
      },
      dismiss: () => {
        if (turn) this.thread.drop(turn);
        void this.#refresh(true);
      },
    };
  }

  /**
   * Asks an edited question in a copy that ends before it.
   * @param {Question} question
   * @param {string} text
   */
  async #edit(question, text) {
    const from = this.id;
    const turn = this.thread.turnOf(question);
    const files = remembered(from, question.attachments);
    if (turn?.isRunning) await this.#stop();
    for (let tries = 0; turn?.isRunning && tries < 60; tries++) await new Promise((next) => setTimeout(next, 50));
    // It may be stored, and this page has not heard of it yet.
    if (question.index === null) await this.#refresh(true);
    // It has failed: there is nothing to copy from.
    if (question.index === null && turn) {
      this.thread.drop(turn);
      void this.#send(text, files);
      return true;
    }
    try {
      const isFirst = question.index === 0;
      const settings = toRequest(from, isFirst ? undefined : this.#system);
      settings.system ??= isFirst ? this.#system : undefined;
      await askInCopy(from ?? "", question.index, { ...settings, model: this.#model(), message: text, attachments: idsOf(files) });
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
      return void this.#stop();
    }
    // Whoever begins to type means the field.
    const plain = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && (document.activeElement === document.body || document.activeElement === this.log)) this.composer.focus();
  }
}
