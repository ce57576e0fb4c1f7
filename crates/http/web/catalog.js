//! The installed models, fetched once and again when they change.
import { api, stored } from "./api.js";
import { on } from "./events.js";

/** @type {ModelList | null} */
let list = null;
/** @type {Promise<ModelList> | null} */
let running = null;
/** @type {Set<(list: ModelList) => void>} */
const listeners = new Set();

export const models = () => list;
/** @param {string | null | undefined} name */
export const modelOf = (name) => list?.models.find((model) => model.name === name);

/** The model of the last chat, or the default one. */
export function preferredModel() {
  return modelOf(stored("model"))?.name ?? list?.default ?? undefined;
}

/**
 * @param {(list: ModelList) => void} run Also runs at once, if there is a list.
 * @returns {() => void} Ends it.
 */
export function onModels(run) {
  listeners.add(run);
  if (list) run(list);
  return () => listeners.delete(run);
}

/** @returns {Promise<ModelList>} */
export function refreshModels() {
  running ??= api("GET", "/x/models")
    .then((found) => {
      list = found;
      for (const run of listeners) run(found);
      return found;
    })
    .finally(() => (running = null));
  return /** @type {Promise<ModelList>} */ (running);
}

const refresh = () => void refreshModels().catch(() => {});
let lastUp = true;
on("changed", (event) => (event.models || event.everything) && refresh());
on("server", (event) => {
  if (event.up && !lastUp) refresh();
  lastUp = event.up;
});
