//! Where the question is written. What is typed is kept in this browser until the server has taken it.
import { button, h, icon, iconButton, set } from "./dom.js";
import { Attachments } from "./attachments.js";
import { draftOf, remembered, saveDraft } from "./settings.js";

/**
 * @typedef {object} ComposerActions
 * @property {(text: string, files: Upload[]) => void} send
 * @property {() => void} stop
 * @property {() => void} editLast
 * @property {() => boolean} sees Whether the model sees images, or nobody knows.
 * @property {() => void} chooseModel One that sees.
 */

const isTouch = matchMedia("(hover: none) and (pointer: coarse)");

export class Composer {
  isClosed = false;
  #isRunning = false;
  #isSending = false;
  /** @type {string[]} */
  #again = [];

  /**
   * @param {string | null} id The conversation.
   * @param {ComposerActions} actions
   */
  constructor(id, actions) {
    this.id = id;
    this.actions = actions;
    const draft = draftOf(id);
    this.files = new Attachments(() => this.#changed());
    const input = h("textarea", {
      "aria-label": "Message",
      placeholder: "Ask anything",
      dir: "auto",
      rows: 1,
      value: draft.text,
      oninput: () => this.#changed(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#keys(event),
      onpaste: (/** @type {ClipboardEvent} */ event) => this.#paste(event),
    });
    this.input = input;
    const choose = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-label": "Files" });
    choose.addEventListener("change", () => {
      this.files.add(choose.files ?? []);
      choose.value = "";
      input.focus();
    });
    this.notice = h("div");
    this.suggested = h("div", { class: "chips", hidden: true });
    this.submit = h("button", { type: "button", class: "send", onclick: () => (this.#isRunning ? actions.stop() : this.#send()) });
    const attach = iconButton("attach", "Attach files", () => choose.click());
    this.tools = h("div", { class: "row" }, attach, choose, h("span", { class: "spacer" }), this.submit);
    this.box = h("div", { class: "composer" }, this.notice, this.files.element, this.suggested, input, this.tools);
    this.foot = h("div", { class: "foot" });
    this.element = h("div", { class: "compose" }, this.box, this.foot);
    this.files.restore(draft.files);
    this.#changed();
  }

  focus() {
    this.input.focus();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** @param {Iterable<File>} files */
  attach(files) {
    this.files.add(files);
    this.focus();
  }

  /** @param {string} text An example. */
  fill(text) {
    this.input.value = text;
    this.#changed();
    this.focus();
  }

  /** @param {boolean} isRunning Whether there is something to stop. */
  setRunning(isRunning) {
    this.#isRunning = isRunning;
    this.#changed();
  }

  /** What was sent was taken, so it is no draft any more. @param {string} text */
  sent(text) {
    this.#isSending = false;
    if (this.isClosed && draftOf(this.id).text.trim() !== text) return;
    this.#changed();
  }

  /**
   * Gives back what could not be sent.
   * @param {string} text
   * @param {Upload[]} files
   */
  giveBack(text, files) {
    this.#isSending = false;
    this.input.value = [text, this.input.value].filter(Boolean).join("\n");
    this.files.restore(files);
    this.#changed();
    this.focus();
  }

  /** @param {any} error A failure to show above the field; `null`: none. */
  setError(error) {
    const hint = error?.hint && h("div", { class: "hint" }, error.hint);
    set(this.notice, error && h("div", { class: "notice bad", role: "alert" }, h("div", {}, error.message), hint));
  }

  /** @param {string[]} names Files of the last question, which the model reads only with that one. */
  suggest(names) {
    this.#again = names;
    const known = remembered(this.id, names).filter((file) => !this.files.uploads.some((other) => other.id === file.id));
    this.suggested.hidden = known.length === 0;
    set(
      this.suggested,
      known.map((file) => {
        const attach = () => {
          this.files.restore([file]);
          this.suggest(this.#again);
          this.focus();
        };
        const title = `${file.filename} was read with the last question only`;
        return h("button", { type: "button", class: "chip muted", title, onclick: attach }, icon("plus"), h("span", { class: "cut" }, `Attach ${file.filename} again`));
      }),
    );
  }

  /** Looks again whether what is written can be sent: another model was chosen. */
  check() {
    this.#changed();
  }

  #changed() {
    const { input, submit } = this;
    if (!CSS.supports("field-sizing: content")) {
      input.style.height = "auto";
      input.style.height = `${input.scrollHeight + 2}px`;
    }
    if (!this.#isSending) saveDraft(this.id, { text: input.value, files: this.files.uploads });
    const isBlind = this.files.hasImage && !this.actions.sees();
    const label = this.#isRunning ? "Stop" : "Send";
    if (submit.getAttribute("aria-label") !== label) {
      submit.setAttribute("aria-label", label);
      submit.title = this.#isRunning ? "Stop the answer (Esc)" : "Send (Enter)";
      set(submit, icon(this.#isRunning ? "stop" : "up"));
    }
    submit.disabled = !this.#isRunning && (!input.value.trim() || this.files.isUploading || isBlind || this.#isSending);
    const blind = this.notice.querySelector(".blind");
    if (isBlind && !blind) {
      const choose = button("Choose another model", () => this.actions.chooseModel(), { class: "small" });
      set(this.notice, h("div", { class: "notice blind", role: "status" }, "This model does not see images.", h("div", { class: "row" }, choose)));
    } else if (!isBlind) blind?.remove();
    const waits = this.#isRunning && input.value.trim() ? "The answer is still coming. Esc stops it." : "";
    const foot = this.files.isUploading ? "Uploading…" : waits || (isTouch.matches ? "" : "Enter sends, Shift+Enter starts a new line");
    if (this.foot?.textContent !== foot) set(this.foot, foot);
  }

  #send() {
    const { input, files, submit } = this;
    if (submit.disabled || this.#isRunning) return;
    const text = input.value.trim();
    const { uploads } = files;
    this.#isSending = true;
    this.setError(null);
    input.value = "";
    files.clear();
    this.suggest([]);
    this.actions.send(text, uploads);
    this.#changed();
    input.focus();
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && (!isTouch.matches || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#send();
    }
    if (event.key === "ArrowUp" && !this.input.value && !event.shiftKey) {
      event.preventDefault();
      this.actions.editLast();
    }
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    // Office programs offer a picture of what is text beside it.
    if (!files.length || event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    // Every pasted picture is "image.png": they have to be told apart.
    const time = new Date().toISOString().slice(0, 19).replace(/[^0-9]+/g, "-");
    this.files.add(files.map((file) => (file.name === "image.png" ? new File([file], `pasted-${time}.png`, { type: file.type }) : file)));
  }
}
