//! For every MCP host and every program: the text to copy, with a key made on the spot.
import { api } from "../api.js";
import { confirm } from "../dialog.js";
import { button, h, icon, set } from "../dom.js";
import { me } from "../session.js";
import { copy, failed, toast } from "../toast.js";
import { keyMade, keyRow } from "./keys.js";
import { problem, screen } from "./parts.js";

/** @typedef {{ id: string, title: string, file?: string, text: string, note?: string }} Entry */
/** @typedef {{ base_url: string, needs_key: boolean, groups: { title: string, entries: Entry[] }[] }} Connections */

const PLACEHOLDER = "omk_YOUR_KEY";

/** @param {HTMLElement} main */
export async function show(main) {
  const { body } = screen(main, "Connect");
  /** @type {Connections} */
  let found;
  try {
    found = await api("GET", "/x/connect");
  } catch (error) {
    return set(body, problem(error, () => (main.replaceChildren(), void show(main))));
  }
  let key = "";
  const { base_url: base, needs_key: needs, groups } = found;
  const isPerson = ["local", "browser", "token"].includes(me()?.kind ?? "");
  const takesKey = needs || groups.some(({ entries }) => entries.some(({ text }) => text.includes(PLACEHOLDER)));

  const search = h("input", { type: "search", placeholder: "Search programs", "aria-label": "Search programs", oninput: () => filter() });
  const entries = h("div", { class: "stack" });
  const keys = h("section", { hidden: true });
  const made = h("div");
  const address = h("p", { class: "muted" }, "Your editor, agent or script can use the models of this server, at ", h("code", {}, base), takesKey ? "." : ". On this machine they need no key.");

  const make = async () => {
    try {
      const name = `Connect, ${new Date().toLocaleDateString("en-CA")}`;
      const answer = await api("POST", "/x/keys", { name });
      key = answer.key;
      set(made, keyMade(key, "It stands in the texts below now."));
      draw();
      await list();
    } catch (error) {
      set(made, problem(error));
    }
  };
  const list = async () => {
    const { keys: all } = await api("GET", "/x/keys");
    // Those of the owner of this server belong to nobody else.
    const isOwn = (/** @type {string} */ owner) => owner === me()?.owner || (me()?.owner === "local" && owner.startsWith("key-"));
    const own = all.filter((/** @type {any} */ one) => isOwn(one.owner) && !one.revoked);
    keys.hidden = !own.length;
    const revoke = async (/** @type {any} */ one) => {
      const text = "What uses it is refused from now on.";
      if (!(await confirm({ title: `Revoke ${one.name}?`, text, action: "Revoke", danger: true }))) return;
      try {
        await api("DELETE", `/x/keys/${one.id}`);
        toast(`${one.name} is revoked`);
        await list();
      } catch (error) {
        failed(error);
      }
    };
    set(keys, h("h2", {}, "Your keys"), h("ul", { class: "rows" }, own.map((/** @type {any} */ one) => keyRow(one, "", () => void revoke(one)))));
  };

  /** The entry that is open. @type {Entry | null} */
  let opened = null;
  /** @type {Map<Entry, HTMLElement>} */
  const chips = new Map();
  const filled = (/** @type {string} */ text) => text.replaceAll(PLACEHOLDER, key || PLACEHOLDER);
  const snippet = (/** @type {string} */ label, /** @type {string} */ caption, /** @type {string} */ text) => {
    const bar = h("div", { class: "bar" }, h("span", { class: "cut", title: caption }, caption), h("button", { type: "button", "aria-label": `Copy ${label}`, onclick: () => void copy(text) }, icon("copy"), "Copy"));
    return h("div", { class: "code" }, bar, h("pre", { tabindex: "0", role: "group", "aria-label": label }, h("code", {}, text)));
  };
  const card = (/** @type {Entry} */ { title, file = "", text, note = "" }) => {
    const [before = "", variable, after = ""] = note.split(/(\S+=omk_YOUR_KEY)/);
    const parts = [snippet(`the text for ${title}`, onThisSystem(file), filled(text))];
    const remarks = [before && h("p", { class: "small" }, before), variable && snippet(`the variable for ${title}`, "the environment", filled(variable)), after && h("p", { class: "small" }, after)];
    return h("div", { class: "card stack tight" }, h("h3", { tabindex: "-1" }, title), parts, remarks);
  };
  const draw = () => {
    const chip = (/** @type {Entry} */ entry) => {
      const one = button(entry.title, () => pick(entry), { "aria-pressed": String(entry === opened), "data-title": `${entry.title} ${entry.file ?? ""}`.toLowerCase() });
      chips.set(entry, one);
      return one;
    };
    set(entries, groups.map(({ title, entries }) => h("section", {}, h("h2", {}, title), h("div", { class: "row wrap choices", role: "group", "aria-label": title }, entries.map(chip)), opened && entries.includes(opened) && card(opened))));
    filter();
  };
  const pick = (/** @type {Entry} */ entry) => {
    opened = entry === opened ? null : entry;
    draw();
    const heading = entries.querySelector("h3");
    heading?.parentElement?.scrollIntoView({ block: "nearest" });
    /** @type {HTMLElement | null} */ (heading ?? chips.get(entry))?.focus({ preventScroll: true });
  };
  const none = h("p", { class: "muted", role: "status" });
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const section of entries.children) {
      let some = 0;
      for (const item of /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("[data-title]"))) {
        item.hidden = !words.every((word) => item.dataset.title?.includes(word));
        some += item.hidden ? 0 : 1;
      }
      /** @type {HTMLElement} */ (section).hidden = !some;
      count += some;
    }
    none.textContent = count ? "" : "No program of that name. Whatever speaks OpenAI's, Anthropic's or Ollama's API works with the address above.";
  };

  const keyLine = isPerson
    ? h("div", { class: "row" }, h("span", { class: "spacer" }, "Programs need a key. It is put into the texts below."), button("Make a key", make, { class: "primary" }))
    : h("p", {}, "Programs need a key, which whoever runs this server gives you.");
  set(body, address, takesKey && h("div", { class: "card stack tight" }, keyLine, made), search, entries, none, keys);
  draw();
  if (isPerson) await list().catch(failed);
}

/**
 * The file on this visitor's system, of "FILE (Linux, macOS); FILE (Windows)".
 * @param {string} file
 */
function onThisSystem(file) {
  const agent = navigator.userAgent;
  const system = agent.includes("Windows") ? "Windows" : agent.includes("Mac") ? "macOS" : "Linux";
  const [found] = file.split("; ").filter((one) => new RegExp(`\\(.*${system}.*\\)$`).test(one));
  return found?.replace(/ \([^)]*\)$/, "") ?? file;
}
