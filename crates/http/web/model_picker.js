//! Which model answers: a button with its name, and the list of all with size, capabilities, and what is loaded.
import { models, onModels } from "./catalog.js";
import { h, icon, set } from "./dom.js";
import { go } from "./router.js";
import { dotted, size } from "./screens/parts.js";

/** What else than text a model can do, as people call it. @type {Record<string, string>} */
const ABILITIES = { vision: "sees", tools: "tools", thinking: "thinks" };

/**
 * @param {{ current: () => string | undefined, pick: (model: string) => void }} options
 */
export function pickerButton({ current, pick }) {
  const name = h("span", { class: "cut" });
  const element = h("button", { type: "button", class: "picker", "aria-haspopup": "dialog", onclick: () => void open() }, name, icon("open"));
  const draw = () => {
    const model = current();
    set(name, model ?? (models()?.models.length === 0 ? "No model" : "Default model"));
    element.title = model ?? "";
    element.setAttribute("aria-label", `Model: ${name.textContent}. Choose another`);
  };
  /** @param {string} [ability] Only models with it. */
  const open = async (ability) => {
    const { choose } = await import("./chooser.js");
    const manage = { label: "Models: get, load, delete…", icon: /** @type {const} */ ("models"), run: () => go("#/models") };
    choose({
      title: ability ? "Models that see images" : "Models",
      placeholder: "Filter models",
      under: element,
      empty: "No such model",
      watch: onModels,
      items: (words) => [...modelChoices(words, current(), pick, ability), ...(words ? [] : [manage])],
    });
  };
  draw();
  return { element, draw, choose: (/** @type {string} */ ability) => void open(ability) };
}

/**
 * @param {string} words
 * @param {string | undefined} current
 * @param {(model: string) => void} pick
 * @param {string} [ability]
 * @returns {import("./chooser.js").Choice[]}
 */
export function modelChoices(words, current, pick, ability) {
  const list = models();
  const all = (list?.models ?? []).filter(
    (model) =>
      words.split(/\s+/).every((word) => model.name.toLowerCase().includes(word)) &&
      (!model.capabilities.length || model.capabilities.includes("completion")) &&
      (!ability || model.capabilities.includes(ability)),
  );
  return all.map((model) => ({
    label: model.name,
    detail: dotted(model.name === list?.default && "default", model.parameter_size, model.size ? size(model.size) : "", ...Object.entries(ABILITIES).flatMap(([name, word]) => (model.capabilities.includes(name) ? word : []))),
    badges: model.loaded ? ["loaded"] : [],
    selected: model.name === current,
    run: () => pick(model.name),
  }));
}
