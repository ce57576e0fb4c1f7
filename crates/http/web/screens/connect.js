// For every MCP host and every program: the text to copy, with a key made on the spot.
import { api } from "../api.js";
import { confirm } from "../dialog.js";
import { button, h, set } from "../dom.js";
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
  const address = h("p", { class: "muted" }, "Your editor, agent or script can use the models of this server, at ", h("code", {}, base), ".");

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
    const isOwn = (/** @type {string} */ owner) => owner === me()?.owner || (me()?.kind === "local" && owner.startsWith("key-"));
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

  const entry = (/** @type {Entry} */ { id, title, file, text, note }) => {
    const shown = text.replaceAll(PLACEHOLDER, key || PLACEHOLDER);
    const bar = h("div", { class: "bar" }, h("span", { class: "cut" }, file ?? ""), h("button", { type: "button", "aria-label": `Copy the text for ${title}`, onclick: () => void copy(shown) }, "Copy"));
    const code = h("div", { class: "code" }, bar, h("pre", { tabindex: "0", "aria-label": `Text for ${title}`, role: "group" }, h("code", {}, shown)));
    const remark = note && h("p", { class: "muted small" }, note);
    return h("details", { class: "card entry", id: `connect-${id}`, "data-title": `${title} ${file ?? ""}`.toLowerCase() }, h("summary", {}, title), h("div", { class: "stack tight" }, code, remark));
  };
  const draw = () => {
    const open = new Set([...entries.querySelectorAll("details[open]")].map(({ id }) => id));
    set(entries, groups.map(({ title, entries }) => h("section", {}, h("h2", {}, title), h("div", { class: "entries" }, entries.map(entry)))));
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    filter();
  };
  const none = h("p", { class: "muted", role: "status" });
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const section of entries.children) {
      let some = 0;
      for (const item of section.querySelectorAll("details")) {
        item.hidden = !words.every((word) => item.dataset.title?.includes(word));
        some += item.hidden ? 0 : 1;
      }
      /** @type {HTMLElement} */ (section).hidden = !some;
      count += some;
    }
    none.textContent = count ? "" : "No program of that name. Whatever speaks OpenAI's, Anthropic's or Ollama's API works with the address above.";
  };

  const keyLine = !takesKey
    ? h("p", { class: "muted small" }, "Programs on this machine need no key.")
    : isPerson
      ? h("div", { class: "row wrap" }, h("span", { class: "spacer" }, needs ? "Programs need a key." : "On this machine programs need no key. From others they do."), button("Make a key", make, { class: "primary" }))
      : h("p", { class: "muted small" }, needs ? "Programs need a key, which whoever runs this server gives you." : "Sign in to make keys.");
  set(body, address, h("div", { class: "card stack tight" }, keyLine, made), search, entries, none, keys);
  draw();
  if (isPerson) await list().catch(failed);
}
