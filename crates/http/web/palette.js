//! The command palette (Ctrl or Cmd with K): conversations, models, screens, actions.
import { api } from "./api.js";
import { choose } from "./chooser.js";
import { conversations } from "./conversations.js";
import { modelChoices } from "./model_picker.js";
import { go, route } from "./router.js";
import { may } from "./session.js";
import { change, settingsOf } from "./settings.js";
import { failed } from "./toast.js";

/** @typedef {import("./chooser.js").Choice} Choice */

export function openPalette() {
  if (document.querySelector("dialog[open]")) return;
  /** Found at the server, by the words they were found by. @type {{ words: string, entries: ConversationEntry[] }} */
  let found = { words: "", entries: [] };
  const open = choose({
    title: "Commands",
    placeholder: "Go to a conversation, a model, a screen…",
    items: (words) => {
      if (words.length > 1 && words !== found.words) void search(words);
      const has = (/** @type {string} */ text) => words.split(/\s+/).every((word) => text.toLowerCase().includes(word));
      const near = conversations().filter((entry) => has(entry.title));
      const far = found.words === words ? found.entries.filter((entry) => !near.some((other) => other.id === entry.id)) : [];
      return [...actions().filter((action) => has(action.label)), ...[...near, ...far].slice(0, words ? 12 : 6).map(conversation), ...(words ? modelsFor(words) : [])];
    },
  });
  const search = async (/** @type {string} */ words) => {
    found = { words, entries: [] };
    try {
      const { conversations } = await api("GET", `/x/conversations?limit=12&query=${encodeURIComponent(words)}`);
      if (found.words !== words || !open.element.isConnected) return;
      found = { words, entries: conversations };
      open.element.querySelector("input")?.dispatchEvent(new Event("input"));
    } catch (error) {
      failed(error);
    }
  };
}

/** @param {ConversationEntry} entry @returns {Choice} */
function conversation(entry) {
  return { group: "Conversations", label: entry.title || "New chat", icon: "chat", run: () => go(`#/c/${entry.id}`) };
}

/** @param {string} words @returns {Choice[]} */
function modelsFor(words) {
  const { id } = route();
  const pick = (/** @type {string} */ model) => {
    change(id, { model });
    go(route().name === "chat" ? location.hash || "#/" : "#/");
  };
  return modelChoices(words, settingsOf(id).model, pick).map((choice) => ({ ...choice, group: "Answer with", icon: "models" }));
}

/** @returns {Choice[]} */
function actions() {
  const press = (/** @type {string} */ label) => () => /** @type {HTMLElement | null} */ (document.querySelector(`#main [aria-label^="${label}"]`))?.click();
  const isChat = route().name === "chat";
  /** @type {(Choice | false)[]} */
  const all = [
    { label: "New chat", icon: "compose", detail: "Ctrl+Shift+O", run: () => go("#/") },
    isChat && { label: "Choose a model", icon: "models", run: () => /** @type {HTMLElement | null} */ (document.querySelector(".picker"))?.click() },
    isChat && { label: "Parameters", icon: "sliders", run: press("Parameters") },
    isChat && { label: "Attach files", icon: "attach", run: press("Attach files") },
    { label: "Compare models", icon: "compare", run: () => go("#/compare") },
    { label: "Models", icon: "models", run: () => go("#/models") },
    may("files") && { label: "Files", icon: "file", run: () => go("#/files") },
    { label: "Connect an editor or a program", icon: "connect", run: () => go("#/connect") },
    may("admin") && { label: "Administration", icon: "admin", run: () => go("#/admin") },
  ];
  return all.filter((action) => action !== false);
}
