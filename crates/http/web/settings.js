//! What is set for each chat, kept in this browser: the model, the system prompt, the parameters; and drafts. `null` is the new chat.
import { store, stored } from "./api.js";

/**
 * @typedef {object} Settings
 * @property {string} [model]
 * @property {string} [system]
 * @property {string} [think] on, off, low, medium, high
 * @property {string} [format] json, schema
 * @property {string} [schema]
 * @property {Record<string, number>} [options] Ollama's.
 */

/** @typedef {{ text: string, files: Upload[] }} Draft */

const key = (/** @type {string} */ kind, /** @type {string | null} */ id) => `${kind}:${id ?? "new"}`;

/**
 * @param {string} name
 * @returns {any}
 */
export function read(name) {
  try {
    return JSON.parse(stored(name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string | null} id
 * @returns {Settings}
 */
export const settingsOf = (id) => read(key("chat", id)) ?? {};

/**
 * @param {string | null} id
 * @param {Settings} changes `undefined` takes one away
 */
export function change(id, changes) {
  const next = { ...settingsOf(id), ...changes };
  const text = JSON.stringify(next);
  store(key("chat", id), text === "{}" ? null : text);
  if (changes.model) store("model", changes.model);
}

/**
 * @param {string | null} id
 * @returns {Draft}
 */
export const draftOf = (id) => ({ text: "", files: [], ...read(key("draft", id)) });

/**
 * @param {string | null} id
 * @param {Draft} draft
 */
export function saveDraft(id, draft) {
  store(key("draft", id), draft.text || draft.files.length ? JSON.stringify(draft) : null);
}

/**
 * The settings of one chat for another one, such as a new chat that has got its id.
 * @param {string | null} from
 * @param {string} to
 */
export function copySettings(from, to) {
  const settings = settingsOf(from);
  store(key("chat", to), JSON.stringify(settings));
  if (from === null) store(key("chat", null), null);
}

/** How many of the parameters are not the model's own. @param {string | null} id */
export function countOf(id) {
  const { system, think, format, options } = settingsOf(id);
  return [system, think, format].filter(Boolean).length + Object.keys(options ?? {}).length;
}

/**
 * @param {string | null} id
 * @param {string | undefined} system That of the conversation, which needs no repeating.
 * @returns {TurnRequest}
 */
export function toRequest(id, system) {
  const settings = settingsOf(id);
  /** @type {TurnRequest} */
  const request = {};
  if (settings.model) request.model = settings.model;
  if (settings.system !== undefined && settings.system !== (system ?? "")) request.system = settings.system;
  if (settings.options && Object.keys(settings.options).length) request.options = settings.options;
  if (settings.think) request.think = { on: true, off: false }[settings.think] ?? settings.think;
  if (settings.format === "json") request.format = "json";
  if (settings.format === "schema" && settings.schema) request.format = JSON.parse(settings.schema);
  return request;
}

/**
 * Files that were sent, by their names: a question has names only.
 * @param {string | null} id
 * @param {Upload[]} files
 */
export function remember(id, files) {
  if (!files.length) return;
  const known = Object.entries(read("uploads") ?? {}).slice(-200);
  // A copy of the conversation finds them by their names alone.
  const sent = files.flatMap((file) => [[`${id}/${file.filename}`, file], [file.filename, file]]);
  store("uploads", JSON.stringify({ ...Object.fromEntries(known), ...Object.fromEntries(sent) }));
}

/** As a request names them. @param {Upload[]} files */
export const idsOf = (files) => (files.length ? files.map((file) => file.id) : undefined);

/**
 * @param {string | null} id
 * @param {string[]} names
 * @returns {Upload[]}
 */
export function remembered(id, names) {
  const known = read("uploads") ?? {};
  return names.map((name) => known[`${id}/${name}`] ?? known[name]).filter(Boolean);
}
