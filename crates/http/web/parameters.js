//! The parameters of a chat: what is not set is the model's own. They are kept in this browser, for each chat.
import { modelOf } from "./catalog.js";
import { dialog } from "./dialog.js";
import { button, h } from "./dom.js";
import { change, settingsOf } from "./settings.js";
import { field, number } from "./screens/parts.js";

/** @type {{ name: string, label: string, help: string, min?: number, max?: number, step?: string, more?: boolean }[]} */
const NUMBERS = [
  { name: "temperature", label: "Temperature", help: "Low: the same answer each time. High: more surprising.", min: 0, max: 2, step: "0.1" },
  { name: "num_ctx", label: "Context length", help: "How many tokens the model keeps in view. More takes more memory.", min: 256, step: "1" },
  { name: "num_predict", label: "Longest answer", help: "In tokens.", min: 1, step: "1", more: true },
  { name: "top_p", label: "Top P", help: "Only the likeliest words that make up this share.", min: 0, max: 1, step: "0.05", more: true },
  { name: "top_k", label: "Top K", help: "Only so many of the likeliest words.", min: 1, step: "1", more: true },
  { name: "seed", label: "Seed", help: "The same number gives the same answer, where the model allows it.", step: "1", more: true },
];

/**
 * @param {string | null} id
 * @param {{ model: string | undefined, system: string | undefined, changed: () => void }} options
 */
export function openParameters(id, { model: name, system, changed }) {
  const settings = settingsOf(id);
  const model = modelOf(name);
  const save = (/** @type {import("./settings.js").Settings} */ changes) => {
    change(id, changes);
    changed();
  };
  const prompt = h("textarea", { rows: 5, value: settings.system ?? system ?? "", placeholder: "You are a patient teacher.", dir: "auto" });
  prompt.addEventListener("input", () => save({ system: prompt.value || (system ? "" : undefined) }));

  const numbers = NUMBERS.map((option) => {
    const { min, max, step } = option;
    const input = h("input", { type: "number", inputmode: "decimal", min, max, step, value: settings.options?.[option.name] ?? "", placeholder: "The model’s own" });
    input.addEventListener("input", () => {
      const wrong = !input.validity.valid;
      input.setAttribute("aria-invalid", String(wrong));
      if (wrong) return;
      const { [option.name]: _, ...rest } = settingsOf(id).options ?? {};
      const options = input.value === "" ? rest : { ...rest, [option.name]: Number(input.value) };
      save({ options: Object.keys(options).length ? options : undefined });
    });
    const limit = option.name === "num_ctx" && model?.context_length ? ` This model has ${number(model.context_length)} at most.` : "";
    return { ...option, element: field(option.label, input, option.help + limit) };
  });

  const select = (/** @type {string | undefined} */ value, /** @type {Record<string, string>} */ names) =>
    h("select", {}, Object.entries(names).map(([key, text]) => h("option", { value: key, selected: key === (value ?? "") }, text)));
  const think = select(settings.think, { "": "The model’s own", on: "On", off: "Off", low: "Little", medium: "Medium", high: "Much" });
  think.addEventListener("change", () => save({ think: think.value || undefined }));
  const thinks = !model || model.capabilities.includes("thinking") || settings.think;

  const format = select(settings.format, { "": "Text", json: "JSON", schema: "JSON by a schema" });
  const schema = h("textarea", { rows: 6, class: "mono", spellcheck: "false", value: settings.schema ?? "", placeholder: '{"type": "object", "properties": {}}' });
  const schemaField = field("Schema", schema, "JSON Schema. The answer is checked against it.");
  schemaField.hidden = settings.format !== "schema";
  const saveFormat = () => {
    schemaField.hidden = format.value !== "schema";
    let isValid = true;
    try {
      JSON.parse(schema.value || "{}");
    } catch {
      isValid = false;
    }
    schema.setAttribute("aria-invalid", String(!isValid));
    const usable = format.value !== "schema" || (isValid && schema.value.trim());
    save({ format: usable ? format.value || undefined : undefined, schema: isValid ? schema.value || undefined : undefined });
  };
  format.addEventListener("change", saveFormat);
  schema.addEventListener("input", saveFormat);

  const reset = () => {
    save({ system: system ? "" : undefined, options: undefined, think: undefined, format: undefined, schema: undefined });
    open.close();
    openParameters(id, { model: name, system, changed });
  };
  const isMore = numbers.some((option) => option.more && settings.options?.[option.name] !== undefined);
  const open = dialog(
    { title: "Parameters", class: "sheet" },
    field("System prompt", prompt, "What the model is told before the conversation."),
    ...numbers.flatMap((option) => (option.more ? [] : option.element)),
    thinks ? field("Thinking", think, "Whether the model thinks before it answers.") : "",
    field("Format", format),
    schemaField,
    h("details", { open: isMore }, h("summary", {}, "More"), h("div", { class: "stack" }, numbers.flatMap((option) => (option.more ? option.element : [])))),
    h("div", { class: "actions" }, button("Reset", reset), button("Done", () => open.close(), { class: "primary" })),
  );
}
