//! The files of the next question: chosen, dropped or pasted, uploaded immediately, with progress.
import { upload } from "./api.js";
import { announce, h, icon, iconButton, sentences } from "./dom.js";
import { size } from "./screens/parts.js";

/** @typedef {{ name: string, type: string, bytes: number, done?: Upload, error?: string, part: number, preview?: string, abort: AbortController, chip?: HTMLElement, file?: File }} Item */

export class Attachments {
  /** @type {Item[]} */
  #items = [];

  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.element = h("div", { class: "chips", hidden: true });
  }

  /** Those that are uploaded. @returns {Upload[]} */
  get uploads() {
    return this.#items.flatMap((item) => item.done ?? []);
  }

  get isUploading() {
    return this.#items.some((item) => !item.done && !item.error);
  }

  get hasImage() {
    return this.#items.some((item) => item.type.startsWith("image/"));
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      const { type, size: bytes } = file;
      const preview = /^image\/(png|jpeg|gif|webp|avif)$/.test(type) ? URL.createObjectURL(file) : undefined;
      const item = { name: file.name, type, bytes, part: 0, preview, abort: new AbortController(), file };
      this.#items.push(item);
      void this.#send(item);
    }
    this.#draw();
  }

  /** @param {Upload[]} uploads Of a draft, or of a question of before. */
  restore(uploads) {
    for (const done of uploads) {
      if (this.#items.some((item) => item.done?.id === done.id)) continue;
      this.#items.push({ name: done.filename, type: done.type, bytes: done.bytes, done, part: 1, abort: new AbortController() });
    }
    this.#draw();
  }

  clear() {
    for (const item of this.#items) {
      item.abort.abort();
      if (item.preview) URL.revokeObjectURL(item.preview);
    }
    this.#items = [];
    this.#draw();
  }

  /** @param {Item} item */
  async #send(item) {
    try {
      const file = /** @type {File} */ (item.file);
      const done = await upload(file, (part) => this.#progress(item, part), item.abort.signal);
      item.done = { ...done, filename: item.name };
      item.type = done.type || item.type;
      announce(`${item.name} is attached`);
    } catch (error) {
      const { name, message, hint } = /** @type {any} */ (error);
      if (name === "AbortError") return;
      item.error = sentences(message, hint);
      announce(`${item.name}: ${item.error}`);
    }
    this.#draw();
  }

  /**
   * @param {Item} item
   * @param {number} part
   */
  #progress(item, part) {
    item.part = part;
    const bar = item.chip?.querySelector("progress");
    if (bar) bar.value = part;
  }

  /** @param {Item} item */
  #remove(item) {
    item.abort.abort();
    if (item.preview) URL.revokeObjectURL(item.preview);
    this.#items = this.#items.filter((other) => other !== item);
    this.#draw();
  }

  #draw() {
    this.element.hidden = this.#items.length === 0;
    const chips = this.#items.map((item) => {
      const again = () => {
        item.error = undefined;
        void this.#send(item);
        this.#draw();
      };
      const known = item.error ?? size(item.bytes);
      item.chip = h(
        "div",
        { class: `chip ${item.error ? "bad" : ""}`, title: `${item.name}: ${known}` },
        item.preview ? h("img", { src: item.preview, alt: "" }) : icon("file"),
        h("div", { class: "cut" }, h("div", { class: "cut" }, item.name), h("div", { class: item.error ? "cut" : "cut muted" }, known)),
        item.error && item.file && iconButton("again", `Upload ${item.name} again`, again),
        iconButton("close", `Remove ${item.name}`, () => this.#remove(item)),
        !item.done && !item.error && h("progress", { value: item.part, max: 1, "aria-label": `Upload of ${item.name}` }),
      );
      return item.chip;
    });
    this.element.replaceChildren(...chips);
    this.changed();
  }
}

/**
 * Takes files that are dragged onto the page.
 * @param {HTMLElement} element Shows where they may be dropped.
 * @param {(files: Iterable<File>) => void} add
 * @returns {() => void} Ends it.
 */
export function acceptDrops(element, add) {
  const drop = h("div", { class: "drop", hidden: true }, "Drop files to attach them");
  element.append(drop);
  const ends = new AbortController();
  const listen = (/** @type {"dragover" | "dragleave" | "drop"} */ type, /** @type {(event: DragEvent) => void} */ run) =>
    document.addEventListener(type, run, { signal: ends.signal });
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  listen("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.hidden = false;
  });
  listen("dragleave", (event) => {
    if (!event.relatedTarget) drop.hidden = true;
  });
  listen("drop", (event) => {
    drop.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    add(event.dataTransfer?.files ?? []);
  });
  return () => ends.abort();
}
