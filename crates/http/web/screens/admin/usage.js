//! What was used: by day as a chart, and by model, user and key.
import { api } from "../../api.js";
import { h, set } from "../../dom.js";
import { field, number, problem } from "../parts.js";

/** @typedef {{ id: string, name?: string, requests: number, prompt_tokens: number, completion_tokens: number, generation_seconds: number }} Line */
/** @typedef {{ from: string, to: string, usage: Line[] }} Usage */

const DAY_MS = 86_400_000;
const ROWS = 10;
/** @type {Record<string, string>} */
const NAMES = { local: "the owner of this server", guest: "guests" };
/** What can be shown, in one or two parts. @type {Record<string, [string, ...[string, (line: Line) => number][]]>} */
const MEASURES = {
  tokens: ["Tokens", ["read", (line) => line.prompt_tokens], ["written", (line) => line.completion_tokens]],
  requests: ["Requests", ["requests", (line) => line.requests]],
  seconds: ["Seconds of generation", ["seconds", (line) => Math.round(line.generation_seconds)]],
};

/** @param {HTMLElement} body */
export async function show(body) {
  const days = h("select", { onchange: () => load() }, [7, 30, 90].map((count) => h("option", { value: count }, `last ${count} days`)));
  days.value = "30";
  const measure = h("select", { onchange: () => draw() }, Object.entries(MEASURES).map(([id, [title]]) => h("option", { value: id }, title)));
  const charts = h("div", { class: "stack" });
  set(body, h("div", { class: "pairs" }, field("Time", days), field("Measure", measure)), charts);
  /** @type {{ day: Usage, model: Usage, user: Usage, key: Usage } | null} */
  let found = null;

  const load = async () => {
    const from = new Date(Date.now() - (Number(days.value) - 1) * DAY_MS).toISOString().slice(0, 10);
    try {
      const [day, model, user, key] = await Promise.all(["day", "model", "user", "key"].map((by) => api("GET", `/x/usage?from=${from}&by=${by}`)));
      found = { day, model, user, key };
      draw();
    } catch (error) {
      set(charts, problem(error, load));
    }
  };
  const draw = () => {
    if (!found) return;
    const [title, ...parts] = MEASURES[measure.value] ?? ["Tokens"];
    if (!found.day.usage.length) {
      return set(charts, h("div", { class: "empty" }, h("h2", {}, "Nothing was used"), h("p", {}, "What models answer is counted here, within some seconds.")));
    }
    set(charts, byDay(found.day, title, parts), bars("Models", found.model.usage, parts), bars("Users", found.user.usage, parts), bars("Keys", found.key.usage, parts));
  };
  await load();
}

/** @param {Line} line @param {[string, (line: Line) => number][]} parts */
const sum = (line, parts) => parts.reduce((total, [, of]) => total + of(line), 0);

/**
 * @param {Usage} usage
 * @param {string} title
 * @param {[string, (line: Line) => number][]} parts
 */
function byDay({ from, to, usage }, title, parts) {
  /** @type {[string, Line | undefined][]} */
  const days = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push([day, usage.find(({ id }) => id === day)]);
  }
  const highest = Math.max(1, ...usage.map((line) => sum(line, parts)));
  const total = usage.reduce((all, line) => all + sum(line, parts), 0);
  const columns = days.flatMap(([day, line], index) => {
    if (!line) return [];
    let y = 100;
    const tip = svg("title", {}, `${label(day)}: ${parts.map(([name, of]) => `${number(of(line))} ${name}`).join(", ")}`);
    const pieces = parts.map(([, of], part) => {
      const height = (of(line) / highest) * 100;
      y -= height;
      return svg("rect", { x: index + 0.12, y, width: 0.76, height, class: part ? "second" : "first" });
    });
    return [svg("g", {}, tip, svg("rect", { x: index, y: 0, width: 1, height: 100, class: "hit" }), ...pieces)];
  });
  const summary = `${title} by day, ${label(from)} to ${label(to)}: ${number(total)} in all, at most ${number(highest)} a day`;
  const chart = svg("svg", { viewBox: `0 0 ${days.length} 100`, preserveAspectRatio: "none", role: "img", "aria-label": summary }, ...columns);
  const legend = parts.length > 1 ? parts.map(([name], part) => h("span", { class: part ? "key-second" : "key-first" }, name)) : [];
  const heads = [h("th", { scope: "col" }, "Day"), ...parts.map(([name]) => h("th", { scope: "col", class: "num" }, name))];
  const lines = usage.map((line) => h("tr", {}, h("th", { scope: "row" }, label(line.id)), parts.map(([, of]) => h("td", { class: "num" }, number(of(line))))));
  const table = h("div", { class: "table", tabindex: "0", role: "group", "aria-label": `${title} by day` }, h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, lines)));
  return h("section", { class: "card stack tight" },
    h("div", { class: "row wrap" }, h("h2", { class: "spacer" }, `${number(total)} ${title.toLowerCase()}`), h("span", { class: "legend muted small" }, legend)),
    h("div", { class: "chart" }, h("span", { class: "muted small", "aria-hidden": "true" }, number(highest)), chart),
    h("div", { class: "row muted small", "aria-hidden": "true" }, h("span", {}, label(from)), h("span", { class: "spacer" }), h("span", {}, label(to))),
    h("details", { class: "small" }, h("summary", {}, "As a table"), table));
}

/**
 * @param {string} title
 * @param {Line[]} usage
 * @param {[string, (line: Line) => number][]} parts
 */
function bars(title, usage, parts) {
  const lines = usage.filter((line) => sum(line, parts) > 0).sort((a, b) => sum(b, parts) - sum(a, parts));
  if (!lines.length) return null;
  const highest = sum(/** @type {Line} */ (lines[0]), parts);
  const rows = lines.slice(0, ROWS).map((line) => {
    let x = 0;
    const pieces = parts.map(([, of], part) => {
      const width = (of(line) / highest) * 100;
      x += width;
      return svg("rect", { x: x - width, y: 0, width, height: 10, class: part ? "second" : "first" });
    });
    const bar = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true", class: "bar" }, ...pieces);
    const name = line.name ?? NAMES[line.id] ?? (line.id || (title === "Keys" ? "without a key" : "no model"));
    return h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "bars" }, bar), h("td", { class: "num" }, number(sum(line, parts))));
  });
  const more = lines.length > ROWS && h("p", { class: "muted small" }, `and ${lines.length - ROWS} more`);
  return h("section", { class: "card stack tight" }, h("h2", {}, title), h("table", { class: "usage" }, h("tbody", {}, rows)), more);
}

/** @param {string} day */
const label = (day) => new Date(day).toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}
