//! The messages of a conversation on the screen: those that are stored, by their index, and after them the turns that are not.
import { h, icon } from "./dom.js";

/** @typedef {import("./answer.js").Answer} Answer */
/** @typedef {import("./question.js").Question} Question */
/** @typedef {{ element: HTMLElement, index: number | null, role: string, content: string, createdAt: string, dispose?: () => void, complete?: (message: Message) => void }} View */
/** @typedef {{ id: string | null, question: Question, answer: Answer, replacesLast: boolean, isRunning: boolean, createdAt: string, isSeen: boolean, isUnwanted?: boolean }} Turn */

/**
 * @typedef {object} Makers
 * @property {(content: string, attachments: string[]) => Question} question
 * @property {(turn: Turn | null) => Answer} answer
 */

export class Thread {
  /** In the order of the screen. @type {View[]} */
  #views = [];
  /** Turns that run, or have ended and are not found among the stored messages yet. @type {Turn[]} */
  #turns = [];

  /**
   * @param {HTMLElement} element
   * @param {Makers} make
   */
  constructor(element, make) {
    this.element = element;
    this.make = make;
  }

  get isEmpty() {
    return this.#views.length === 0;
  }

  get isRunning() {
    return this.#turns.some((turn) => turn.isRunning);
  }

  /** Whether one of the turns has ended well, and so is stored. */
  get hasStored() {
    return this.#views.some((view) => view.index !== null) || this.#turns.some(isStored);
  }

  running() {
    return this.#turns.findLast((turn) => turn.isRunning);
  }

  /** @param {string} id */
  turn(id) {
    return this.#turns.find((turn) => turn.id === id);
  }

  /** @param {Question} question */
  turnOf(question) {
    return this.#turns.find((turn) => turn.question === question);
  }

  /** @returns {Question | undefined} */
  lastQuestion() {
    return /** @type {Question | undefined} */ (/** @type {unknown} */ (this.#views.findLast((view) => view.role === "user")));
  }

  /**
   * A turn that has begun, here (without an id yet) or elsewhere.
   * @param {{ id?: string, created_at?: string, question: { content: string, attachments?: string[], replaces_last?: boolean } }} event
   * @returns {Turn}
   */
  begin({ id, created_at: createdAt = "", question: { content, attachments = [], replaces_last: replacesLast = false } }) {
    const own = id && this.#turns.find((turn) => turn.id === null && (turn.question.content === content || turn.replacesLast));
    if (own) return Object.assign(own, { id, createdAt });
    const last = this.lastQuestion();
    // It may have been stored while its events were on their way; they have its end.
    const isOwn = (/** @type {View} */ view) => Boolean(createdAt) && view.index !== null && Date.parse(view.createdAt) >= Date.parse(createdAt);
    const hasQuestion = this.#views.some((view) => view.role === "user" && isOwn(view));
    this.#remove(isOwn);
    if (replacesLast && !hasQuestion) this.#hideLast();
    const asked = this.make.question(content || (last?.content ?? ""), content ? attachments : (last?.attachments ?? attachments));
    const turn = /** @type {Turn} */ ({ id: id ?? null, question: asked, replacesLast, isRunning: true, createdAt, isSeen: true });
    turn.answer = this.make.answer(turn);
    turn.answer.isReplacing = replacesLast;
    turn.answer.reset();
    asked.element.classList.add("live");
    this.#turns.push(turn);
    for (const view of [asked, turn.answer]) {
      this.#views.push(view);
      this.element.append(view.element);
    }
    return turn;
  }

  /**
   * The server has named a turn that began here.
   * @param {Turn} turn
   * @param {string} id
   */
  started(turn, id) {
    const other = this.turn(id);
    if (other && other !== turn) this.drop(turn);
    else turn.id = id;
  }

  /** The event stream begins anew: turns that it does not name have ended. */
  expectAll() {
    for (const turn of this.#turns) turn.isSeen = turn.id === null || !turn.isRunning;
  }

  /**
   * Asks for the end of the turns that the event stream has not named.
   * @param {(id: string) => Promise<CompletionState>} ask
   * @returns {Promise<boolean>} Whether there were any.
   */
  async settle(ask) {
    const unseen = this.#turns.filter((turn) => !turn.isSeen && turn.id);
    for (const turn of unseen) {
      try {
        const state = await ask(turn.id ?? "");
        if (turn.isSeen || state.status === "queued" || state.status === "running") continue;
        turn.isRunning = false;
        turn.answer.end(state, state.status === "completed");
      } catch {
        // The server has been started again meanwhile.
        if (!turn.isSeen) this.drop(turn);
      }
      turn.isSeen = true;
    }
    return unseen.length > 0;
  }

  /** Takes a turn away that is not stored. @param {Turn} turn */
  drop(turn) {
    this.#turns = this.#turns.filter((other) => other !== turn);
    this.#remove((view) => view === turn.question || view === /** @type {unknown} */ (turn.answer));
  }

  clear() {
    this.#turns = [];
    this.#remove(() => true);
  }

  /** Takes the last question away, and what follows it. */
  #hideLast() {
    const at = this.#views.findLastIndex((view) => view.role === "user");
    const gone = new Set(this.#views.slice(at < 0 ? this.#views.length : at));
    this.#turns = this.#turns.filter((turn) => !gone.has(turn.question));
    this.#remove((view) => gone.has(view));
  }

  /** @param {(view: View) => boolean} which */
  #remove(which) {
    this.#views = this.#views.filter((view) => {
      if (!which(view)) return true;
      view.dispose?.();
      view.element.remove();
      return false;
    });
  }

  /**
   * Brings the screen in line with what is stored. What is the same stays, so nothing flickers and nothing loses its selection.
   * @param {Conversation} page The newest messages.
   */
  reconcile({ messages, older }) {
    // A turn that takes the place of the last one is not stored yet: the last one stays hidden.
    const replacing = this.#turns.some((turn) => turn.replacesLast && this.#views.includes(turn.question) && !isStored(turn));
    const lastQuestion = messages.findLast((message) => message.role === "user")?.index ?? Infinity;
    // Nor is a turn that runs; what is newer than its begin is its own, of which the end has not been heard yet.
    const begins = this.#turns.flatMap((turn) => (turn.isRunning && turn.createdAt ? Date.parse(turn.createdAt) : []));
    const limit = Math.min(Infinity, ...begins);
    const shown = messages.filter((message) => (!replacing || message.index < lastQuestion) && Date.parse(message.created_at) < limit);
    const end = older + shown.length;
    this.#remove((view) => view.index !== null && view.index >= end);
    for (const message of shown) this.#place(message);
    this.#turns = this.#turns.filter((turn) => turn.isRunning || turn.answer.index === null);
  }

  /** @param {Message} message */
  #place(message) {
    const at = this.#views.findIndex((view) => view.index === message.index);
    const same = (/** @type {View} */ view) => view.role === message.role && view.content.trim() === message.content.trim();
    const known = this.#views[at];
    if (known && same(known)) return;
    if (!known) {
      const ended = this.#views.find((view) => view.index === null && same(view) && !this.#isFailed(view));
      if (ended) {
        ended.index = message.index;
        ended.complete?.(message);
        return;
      }
    }
    const view = this.#view(message);
    if (known) {
      known.dispose?.();
      known.element.replaceWith(view.element);
      this.#views[at] = view;
      return;
    }
    const next = this.#views.findIndex((other) => other.index === null || other.index > message.index);
    this.element.insertBefore(view.element, this.#views[next]?.element ?? null);
    this.#views.splice(next < 0 ? this.#views.length : next, 0, view);
  }

  /** @param {View} view */
  #isFailed(view) {
    const turn = this.#turns.find((turn) => turn.question === view || /** @type {unknown} */ (turn.answer) === view);
    return turn !== undefined && !isStored(turn);
  }

  /** @param {Message[]} messages Older ones than all that are shown. */
  prepend(messages) {
    const views = messages.filter((message) => !this.#views.some((view) => view.index === message.index)).map((message) => this.#view(message));
    const first = this.#views[0]?.element ?? null;
    const all = document.createDocumentFragment();
    for (const view of views) all.append(view.element);
    this.element.insertBefore(all, first);
    this.#views.unshift(...views);
  }

  /**
   * @param {Message} message
   * @returns {View}
   */
  #view(message) {
    if (message.role === "assistant") return this.make.answer(null).show(message);
    if (message.role === "user") {
      const question = this.make.question(message.content, message.attachments ?? []);
      question.index = message.index;
      question.createdAt = message.created_at;
      return question;
    }
    const text = h("div", {}, message.content);
    const summary = h("summary", {}, icon("right"), "What a tool answered");
    const element = h("div", { class: "message" }, h("details", { class: "thinking" }, summary, text));
    return { element, index: message.index, role: message.role, content: message.content, createdAt: message.created_at };
  }

  /** Only the last answer can be asked for again. */
  markLast() {
    const last = this.#views.at(-1);
    for (const view of this.#views) {
      view.element.classList.toggle("last", view === last);
      if ("setLast" in view) /** @type {Answer} */ (/** @type {unknown} */ (view)).setLast(view === last);
    }
    for (const turn of this.#turns) {
      turn.question.element.classList.toggle("not-kept", !turn.isRunning && !turn.replacesLast && turn.answer.state !== null && !isStored(turn));
    }
  }

  dispose() {
    for (const view of this.#views) view.dispose?.();
  }
}

/** Whether the server has stored a turn that has ended. @param {Turn} turn */
function isStored(turn) {
  return turn.answer.state?.status === "completed";
}
