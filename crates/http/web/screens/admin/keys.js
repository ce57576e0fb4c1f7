//! The keys of everybody: making them with limits, and revoking them.
import { api } from "../../api.js";
import { confirm } from "../../dialog.js";
import { button, h, set } from "../../dom.js";
import { me } from "../../session.js";
import { failed, toast } from "../../toast.js";
import { keyMade, keyRow } from "../keys.js";
import { check, field, problem } from "../parts.js";
import { form } from "./users.js";

/** What a key may do, and whether it may by default. @type {[string, string, boolean][]} */
const SCOPES = [
  ["chat", "Ask models", true],
  ["embed", "Make embeddings", true],
  ["models:read", "See the models", true],
  ["conversations", "Read and change conversations", true],
  ["files", "Upload and read files", true],
  ["mcp", "Use MCP", true],
  ["models:write", "Download and delete models", false],
  ["metrics", "Read the metrics", false],
  ["admin", "Manage users and keys", false],
];
const DAY = 86_400;

/** @param {HTMLElement} body */
export async function show(body) {
  const list = h("div");
  const made = h("div");
  /** @type {{ id: string, email: string }[]} */
  let users = [];
  let withRevoked = false;
  const all = check("Show revoked keys", { onchange: () => ((withRevoked = all.input.checked), void load()) });
  set(body, h("div", { class: "row" }, all.element, h("span", { class: "spacer" }), button("Make a key", () => make(), { class: "primary" })), made, list);

  const load = async () => {
    try {
      const [{ keys }, found] = await Promise.all([api("GET", "/x/keys"), api("GET", "/x/users")]);
      users = found.users;
      const shown = keys.filter((/** @type {any} */ key) => withRevoked || !key.revoked);
      const owner = (/** @type {string} */ id) => users.find((user) => user.id === id)?.email ?? (id.startsWith("key-") ? "" : id);
      const lines = shown.map((/** @type {any} */ key) => keyRow(key, owner(key.owner), () => void revoke(key)));
      const none = h("div", { class: "empty" }, h("h2", {}, "No keys"), h("p", {}, "A key lets a program use this server, within the limits that you set."));
      set(list, lines.length ? h("ul", { class: "rows", "aria-label": "Keys" }, lines) : none);
    } catch (error) {
      set(list, problem(error, load));
    }
  };
  const revoke = async (/** @type {any} */ key) => {
    const text = "What uses it is refused from now on, and what runs with it ends.";
    if (!(await confirm({ title: `Revoke ${key.name}?`, text, action: "Revoke", danger: true }))) return;
    try {
      await api("DELETE", `/x/keys/${key.id}`);
      toast(`${key.name} is revoked`);
    } catch (error) {
      failed(error);
    }
    await load();
  };
  const make = () => {
    const name = h("input", { type: "text", required: true, placeholder: "Ann's editor", autocomplete: "off" });
    const count = () => h("input", { type: "number", min: 1, step: 1, placeholder: "no limit", inputmode: "numeric" });
    const [requests, tokens, concurrency] = [count(), count(), count()];
    const priority = h("input", { type: "number", step: 1, min: -100, max: 100, value: "0" });
    const models = h("input", { type: "text", placeholder: "all", autocomplete: "off", autocapitalize: "none" });
    const user = h("select", {}, h("option", { value: "" }, me()?.email ? "you" : "no user"), users.map(({ email }) => h("option", {}, email)));
    const lifetimes = /** @type {const} */ ([["never", 0], ["in 7 days", 7], ["in 30 days", 30], ["in 90 days", 90], ["in a year", 365]]);
    const expires = h("select", {}, lifetimes.map(([text, days]) => h("option", { value: days }, text)));
    const scopes = SCOPES.map(([scope, text, checked]) => ({ scope, ...check(text, { checked }) }));
    const limits = h("details", {}, h("summary", {}, "Limits"), h("div", { class: "pairs" },
      field("Requests a minute", requests), field("Tokens a day", tokens), field("At the same time", concurrency), field("Priority", priority, "A higher one goes first.")),
      field("Models", models, "The only ones it may use, separated by commas."));
    const rights = h("fieldset", {}, h("legend", {}, "It may"), h("div", { class: "pairs" }, scopes.map(({ element }) => element)));
    const number = (/** @type {HTMLInputElement} */ input) => (input.value ? Number(input.value) : undefined);
    const fields = [field("Name", name, "What it is for."), h("div", { class: "pairs" }, field("For", user), field("Expires", expires)), rights, limits];
    void form("Make a key", "Make the key", fields, async () => {
      const named = models.value.split(",").map((one) => one.trim()).filter(Boolean);
      const answer = await api("POST", "/x/keys", {
        name: name.value.trim(),
        user: user.value || undefined,
        scopes: scopes.flatMap(({ scope, input }) => (input.checked ? [scope] : [])),
        models: named.length ? named : undefined,
        requests_per_minute: number(requests),
        tokens_per_day: number(tokens),
        concurrency: number(concurrency),
        priority: number(priority) || undefined,
        expires_in: Number(expires.value) * DAY || undefined,
      });
      set(made, keyMade(answer.key));
      await load();
    });
  };
  await load();
}
