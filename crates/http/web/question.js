//! What somebody asked, as a bubble that can be edited and asked again.
import { button, h, icon, iconButton, set } from "./dom.js";
import { copy } from "./toast.js";

/** Longer ones are folded. */
const MAX_SHOWN = 1500;
const MAX_LINES = 16;

export class Question {
  /** @type {number | null} */
  index = null;
  role = "user";
  createdAt = "";

  /**
   * @param {string} content
   * @param {string[]} attachments Names.
   * @param {(question: Question, text: string) => Promise<boolean>} ask Asks the edited one; `false`: it could not be sent.
   */
  constructor(content, attachments, ask) {
    this.content = content;
    this.attachments = attachments;
    this.ask = ask;
    this.element = h("article", { class: "message question" });
    this.#draw();
  }

  #draw() {
    const long = this.content.length > MAX_SHOWN || this.content.split("\n").length > MAX_LINES;
    const bubble = h("div", { class: `bubble ${long ? "folded" : ""}`, dir: "auto" }, this.content);
    const unfold = () => {
      const folded = bubble.classList.toggle("folded");
      more.textContent = folded ? "Show all" : "Show less";
    };
    const more = h("button", { type: "button", class: "link small", onclick: unfold }, "Show all");
    set(
      this.element,
      h("h2", { class: "sr" }, "Question"),
      this.attachments.length > 0 && h("div", { class: "chips" }, this.attachments.map((name) => h("span", { class: "chip", title: name }, icon("file"), h("span", { class: "cut" }, name)))),
      bubble,
      long && more,
      h("div", { class: "under" }, iconButton("copy", "Copy the question", () => void copy(this.content)), iconButton("edit", "Edit the question", () => this.edit())),
    );
  }

  /** Shows a field in place of the bubble. */
  edit() {
    const area = h("textarea", { value: this.content, "aria-label": "Edited question", dir: "auto", rows: Math.min(14, this.content.split("\n").length + 2) });
    const cancel = () => {
      this.#draw();
      /** @type {HTMLElement | null} */ (this.element.querySelector(".under button:last-child"))?.focus();
    };
    const send = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const text = area.value.trim();
      if (!text) return area.focus();
      submit.disabled = true;
      if (await this.ask(this, text)) this.#draw();
      submit.disabled = false;
    };
    const submit = h("button", { class: "btn primary small" }, "Ask in a copy");
    const note = h("span", { class: "small muted spacer" }, "The conversation stays as it is.");
    const form = h("form", { onsubmit: send }, area, h("div", { class: "row wrap" }, note, button("Cancel", cancel, { class: "small" }), submit));
    area.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && !event.shiftKey) void send(event);
      if (event.key === "Escape") {
        event.preventDefault();
        cancel();
      }
    });
    set(this.element, h("h2", { class: "sr" }, "Question"), form);
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }
}
