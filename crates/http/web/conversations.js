//! The list of conversations: by day, searched, renamed, exported, deleted with undo.
import { api, download, store } from "./api.js";
import { h, iconButton, set } from "./dom.js";
import { on } from "./events.js";
import { openMenu } from "./menu.js";
import { go, onRoute, route } from "./router.js";
import { onMe } from "./session.js";
import { copySettings } from "./settings.js";
import { failed, toast } from "./toast.js";

/** @type {ConversationEntry[]} */
let entries = [];
/** @type {string | undefined} */
let next;
let words = "";
/** Deleted here, and not yet at the server, as it can be undone. @type {Map<string, { gone: () => void }>} */
const deleted = new Map();
/** @type {string | null} */
let renaming = null;
let asked = 0;
/** @type {HTMLElement} */
let list;

/** Conversations whose first turn runs: they are stored when it is complete. @type {Map<string, ConversationEntry>} */
const placeholders = new Map();

/** The conversations that are known, the newest first. */
export function conversations() {
  const first = words ? [] : [...placeholders.values()].reverse();
  return [...first.filter((entry) => !entries.some((other) => other.id === entry.id)), ...entries].filter((entry) => !deleted.has(entry.id));
}

/**
 * @param {string} id
 * @param {string} title
 */
export function addPlaceholder(id, title) {
  const now = new Date().toISOString();
  placeholders.set(id, { id, title: title.replace(/\s+/g, " ").slice(0, 60), has_title: false, created_at: now, updated_at: now, message_count: 0 });
  draw();
}

/** @param {string} id */
export function dropPlaceholder(id) {
  placeholders.delete(id);
  draw();
}
/** @param {string | null} id */
export const titleOf = (id) => conversations().find((entry) => entry.id === id)?.title;

/**
 * @param {HTMLElement} element
 * @param {HTMLInputElement} search
 */
export function showConversations(element, search) {
  list = element;
  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      words = search.value.trim();
      void load();
    }, 120);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && search.value) {
      event.preventDefault();
      search.value = words = "";
      void load();
    }
    if (event.key === "ArrowDown") /** @type {HTMLElement | null} */ (list.querySelector("a"))?.focus();
  });
  list.addEventListener("keydown", keys);
  list.addEventListener("scroll", () => {
    if (next && list.scrollTop + list.clientHeight > list.scrollHeight - 400) void load(next);
  });
  on("changed", (event) => (event.everything || event.conversations?.length) && void load());
  on("hello", () => void load());
  onRoute(draw);
  onMe(() => void load());
  addEventListener("pagehide", () => {
    for (const id of deleted.keys()) void remove(id, true);
  });
}

/**
 * A conversation with its newest messages, or those before an index.
 * @param {string} id
 * @param {{ before?: number, limit?: number, html?: boolean }} [options]
 * @returns {Promise<Conversation>}
 */
export function conversationPage(id, { before, limit = 40, html = true } = {}) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (html) query.set("html", "true");
  if (before !== undefined) query.set("before", String(before));
  return api("GET", `/x/conversations/${encodeURIComponent(id)}?${query}`);
}

/**
 * Opens a copy.
 * @param {string} from
 * @param {number | undefined} at The index of the first message that it does not have.
 */
export async function openCopy(from, at) {
  showCopy(from, (await api("POST", `/x/conversations/${from}/fork`, { at })).id, "This is a copy");
}

/**
 * Asks in a copy that ends before a message.
 * @param {string} from
 * @param {number | null} index
 * @param {TurnRequest} request
 */
export async function askInCopy(from, index, request) {
  const copy = index ? (await api("POST", `/x/conversations/${from}/fork`, { at: index })).id : null;
  const started = await api("POST", copy ? `/x/conversations/${copy}/turns` : "/x/conversations", { ...request, background: true });
  // It is stored when its first turn is complete.
  if (!copy) store(`new:${started.chat_id}`, "1");
  showCopy(from, started.chat_id, "The edited question is in a copy");
}

/** @param {string} [before] The cursor of the next page. */
async function load(before) {
  const mine = ++asked;
  next = undefined;
  const limit = before ? 50 : Math.min(Math.max(entries.length, 50), 200);
  const query = new URLSearchParams({ limit: String(limit) });
  if (words) query.set("query", words);
  if (before) query.set("before", before);
  try {
    const page = await api("GET", `/x/conversations?${query}`);
    if (mine !== asked) return;
    entries = before ? [...entries, ...page.conversations] : page.conversations;
    next = page.next_cursor;
    for (const { id } of entries) placeholders.delete(id);
    draw();
  } catch {
    // It is asked again when the stream is back.
  }
}

function draw() {
  if (renaming) return;
  const focused = /** @type {HTMLElement | null} */ (list.contains(document.activeElement) ? document.activeElement : null);
  const kept = focused?.closest("li")?.dataset.id;
  const wasButton = focused?.tagName === "BUTTON";
  const { scrollTop } = list;
  const shown = conversations();
  /** @type {HTMLElement[]} */
  const groups = [];
  let day = "";
  for (const entry of shown) {
    const group = dayOf(entry.updated_at);
    if (group !== day) groups.push(h("section", {}, h("h2", {}, group), h("ul")));
    day = group;
    groups.at(-1)?.lastElementChild?.append(row(entry));
  }
  const none = words ? `Nothing found for “${words}”` : "Conversations appear here.";
  set(list, ...(groups.length ? groups : [h("p", { class: "muted small none" }, none)]));
  list.scrollTop = scrollTop;
  if (kept) {
    const item = /** @type {HTMLElement | null} */ (list.querySelector(`li[data-id="${CSS.escape(kept)}"]`));
    /** @type {HTMLElement | null | undefined} */ (item?.querySelector(wasButton ? "button" : "a"))?.focus();
  }
}

/** @param {ConversationEntry} entry */
function row(entry) {
  const current = route().id === entry.id;
  const title = entry.title || "New chat";
  const link = h("a", { href: `#/c/${entry.id}`, class: "cut", title, dir: "auto", "aria-current": current && "page" }, title);
  const more = iconButton("dots", `More for “${title}”`, () => openMenu(more, actionsOf(entry)), { "aria-haspopup": "menu" });
  return h("li", { class: "conversation", "data-id": entry.id }, link, more);
}

/**
 * What can be done with a conversation, as a menu.
 * @param {Pick<ConversationEntry, "id" | "title">} entry
 * @returns {import("./menu.js").MenuItem[]}
 */
export function actionsOf(entry) {
  const save = (/** @type {string} */ format, /** @type {string} */ ending) => () => {
    const name = entry.title.replace(/[^\p{L}\p{N} _.-]+/gu, " ").trim().slice(0, 60) || "conversation";
    void download(`/x/conversations/${entry.id}/export?format=${format}`, `${name}.${ending}`).catch(failed);
  };
  return [
    { label: "Rename", icon: "edit", run: () => rename(entry.id) },
    { label: "Save as Markdown", icon: "download", run: save("markdown", "md") },
    { label: "Save as JSON", icon: "download", run: save("json", "json") },
    { label: "Delete", icon: "trash", danger: true, run: () => deleteWithUndo(entry.id, entry.title) },
  ];
}

/** @param {string} id */
function rename(id) {
  const item = /** @type {HTMLElement | null} */ (list.querySelector(`li[data-id="${CSS.escape(id)}"]`));
  const entry = entries.find((entry) => entry.id === id);
  if (!item || !entry) return;
  renaming = id;
  const input = h("input", { type: "text", value: entry.title, "aria-label": "New title", maxlength: 200, dir: "auto" });
  const done = async (/** @type {boolean} */ keep) => {
    if (renaming !== id) return;
    renaming = null;
    const title = input.value.trim();
    const changed = keep && title && title !== entry.title;
    const before = entry.title;
    if (changed) entry.title = title;
    draw();
    /** @type {HTMLElement | null} */ (list.querySelector(`li[data-id="${CSS.escape(id)}"] a`))?.focus();
    if (!changed) return;
    try {
      Object.assign(entry, await api("PATCH", `/x/conversations/${id}`, { title }));
    } catch (error) {
      entry.title = before;
      failed(error);
    }
    draw();
  };
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") void done(true);
    if (event.key === "Escape") {
      event.preventDefault();
      void done(false);
    }
    event.stopPropagation();
  });
  input.addEventListener("blur", () => void done(true));
  set(item, input);
  input.focus();
  input.select();
}

/**
 * Takes a conversation away. The server hears of it when it can no longer be undone.
 * @param {string} id
 * @param {string} title
 */
function deleteWithUndo(id, title) {
  const wasShown = route().id === id;
  const restore = () => {
    deleted.delete(id);
    draw();
    if (wasShown) go(`#/c/${id}`);
  };
  const name = title.length > 40 ? `${title.slice(0, 40)}…` : title;
  deleted.set(id, toast(`“${name}” is deleted`, { action: "Undo", onAction: restore, onGone: () => void remove(id), seconds: 8 }));
  const { index, items } = focusedRow(id);
  draw();
  if (wasShown) go("#/");
  else if (index >= 0) /** @type {HTMLElement | undefined} */ (list.querySelectorAll("li > a")[Math.min(index, items - 2)])?.focus();
}

/**
 * @param {string} id
 * @param {boolean} [keepalive] The page is left.
 */
async function remove(id, keepalive = false) {
  try {
    await api("DELETE", `/x/conversations/${id}`, undefined, { keepalive });
    entries = entries.filter((entry) => entry.id !== id);
  } catch (error) {
    if (/** @type {any} */ (error).status !== 404) failed(error);
  }
  deleted.delete(id);
  draw();
}

/** @param {string} id */
function focusedRow(id) {
  const items = [...list.querySelectorAll("li")];
  return { index: items.findIndex((item) => item.dataset.id === id), items: items.length };
}

/** @param {KeyboardEvent} event */
function keys(event) {
  const links = [...list.querySelectorAll("a")];
  const at = links.findIndex((link) => link === document.activeElement);
  if (at < 0) return;
  const id = links[at]?.closest("li")?.dataset.id ?? "";
  if (event.key === "ArrowDown") links[at + 1]?.focus();
  else if (event.key === "ArrowUp") links[at - 1]?.focus();
  else if (event.key === "F2") rename(id);
  else if (event.key === "Delete") deleteWithUndo(id, titleOf(id) ?? "");
  else return;
  event.preventDefault();
}

/**
 * @param {string} from
 * @param {string} copy
 * @param {string} text
 */
function showCopy(from, copy, text) {
  copySettings(from, copy);
  go(`#/c/${copy}`);
  toast(text, { action: "To the original", onAction: () => go(`#/c/${from}`) });
}

/** @param {string} time */
function dayOf(time) {
  const then = new Date(time);
  const today = new Date();
  today.setHours(0, 0, 0, 0);
  const days = Math.ceil((today.getTime() - then.getTime()) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Previous 7 days";
  if (days <= 30) return "Previous 30 days";
  const year = then.getFullYear() === today.getFullYear() ? undefined : "numeric";
  return then.toLocaleDateString("en", { month: "long", year });
}
