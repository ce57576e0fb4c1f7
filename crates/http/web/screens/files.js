//! The files that were uploaded: what they are, how long they are kept; adding and deleting them.
import { api, download, upload } from "../api.js";
import { confirm } from "../dialog.js";
import { button, h, iconButton, set } from "../dom.js";
import { failed, toast } from "../toast.js";
import { date, dotted, problem, relative, row, screen, size } from "./parts.js";

/** @typedef {{ id: string, name: string, type: string, bytes: number, created_at: string, expires_at?: string }} FileEntry */

/** @param {HTMLElement} main */
export async function show(main) {
  const picker = h("input", { type: "file", multiple: true, class: "sr", tabindex: "-1", "aria-hidden": "true", onchange: () => add(picker.files) });
  const { body } = screen(main, "Files", picker, button("Upload a file", () => picker.click(), { class: "primary" }));
  const sending = h("ul", { class: "rows", hidden: true, "aria-label": "Uploads" });
  const list = h("div");
  const more = h("div");
  set(body, sending, list, more);
  /** @type {FileEntry[]} */
  let files = [];
  /** @type {string | undefined} */
  let cursor;
  let isOpen = true;

  const load = async (/** @type {boolean} */ next) => {
    try {
      const page = await api("GET", `/x/files${next && cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
      files = next ? [...files, ...page.files] : page.files;
      cursor = page.next_cursor;
      draw();
    } catch (error) {
      set(list, problem(error, () => load(next)));
    }
  };
  const remove = async (/** @type {FileEntry} */ file) => {
    const text = "Chats that have it keep its name only. Models cannot read it any more.";
    if (!(await confirm({ title: `Delete ${file.name}?`, text, action: "Delete", danger: true }))) return;
    try {
      await api("DELETE", `/x/files/${file.id}`);
      files = files.filter(({ id }) => id !== file.id);
      draw();
      main.focus();
      toast(`${file.name} is deleted`);
    } catch (error) {
      failed(error);
    }
  };
  const add = (/** @type {FileList | null | undefined} */ chosen) => {
    for (const file of chosen ?? []) void send(file);
    picker.value = "";
  };
  const send = async (/** @type {File} */ file) => {
    const abort = new AbortController();
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Upload of ${file.name}` });
    const end = iconButton("close", `Cancel the upload of ${file.name}`, () => abort.abort());
    const item = h("li", {}, h("div", {}, h("span", { class: "name" }, file.name), bar), end);
    const gone = () => {
      item.remove();
      sending.hidden = !sending.childElementCount;
    };
    sending.append(item);
    sending.hidden = false;
    try {
      await upload(file, (part) => (bar.value = part), abort.signal);
      gone();
      if (isOpen) await load(false);
    } catch (error) {
      if (/** @type {any} */ (error).name === "AbortError") return gone();
      const again = () => (gone(), void send(file));
      set(item, h("div", {}, h("span", { class: "name" }, file.name), problem(error, again)), iconButton("close", `Put away ${file.name}`, gone));
    }
  };
  const line = (/** @type {FileEntry} */ file) => {
    const save = () => void download(`/x/files/${file.id}/content`, file.name).catch(failed);
    const until = file.expires_at ? `deleted ${relative(file.expires_at)}` : "kept until it is deleted";
    const facts = dotted(kind(file.type), size(file.bytes), `uploaded ${date(file.created_at)}`, until);
    return row([h("span", { class: "name" }, file.name)], [facts], [
      iconButton("download", `Save ${file.name}`, save),
      iconButton("trash", `Delete ${file.name}`, () => void remove(file)),
    ]);
  };
  const draw = () => {
    set(more, cursor && button("Show more", () => void load(true)));
    if (files.length) return set(list, h("ul", { class: "rows", "aria-label": "Files" }, files.map(line)));
    const text = "Texts, PDFs and images that you upload here or attach to a question. Models read them when you ask them to.";
    set(list, h("div", { class: "empty" }, h("h2", {}, "No files"), h("p", {}, text)));
  };

  const over = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (event.type === "drop") add(event.dataTransfer.files);
  };
  main.addEventListener("dragover", over);
  main.addEventListener("drop", over);
  await load(false);
  return () => {
    isOpen = false;
    main.removeEventListener("dragover", over);
    main.removeEventListener("drop", over);
  };
}

/** @param {string} type */
function kind(type) {
  const [name = ""] = type.split(";");
  /** @type {Record<string, string>} */
  const known = { "application/pdf": "PDF", "text/plain": "Text", "text/markdown": "Markdown", "application/octet-stream": "Data" };
  return known[name] ?? (name.startsWith("image/") ? `${name.slice(6).toUpperCase()} image` : name);
}
