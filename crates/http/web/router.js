//! Screens by the fragment of the address: #/ and #/c/ID are the chat, #/models is screens/models.js, and so on.

/** @typedef {{ name: string, id: string | null }} Route */

const SCREENS = ["compare", "models", "files", "connect", "admin", "account"];
/** @type {Set<(route: Route, adopted: boolean) => void>} */
const listeners = new Set();

/** @returns {Route} */
export function route() {
  const [name = "", id] = location.hash.replace(/^#\/?/, "").split("/");
  if (name === "c" && id) return { name: "chat", id: decodeURIComponent(id) };
  return SCREENS.includes(name) ? { name, id: id ?? null } : { name: "chat", id: null };
}

/** @param {string} hash */
export function go(hash) {
  if (location.hash === hash || (hash === "#/" && !location.hash)) changed(false);
  else location.hash = hash;
}

/** The address of what is shown already, such as a conversation that has just begun. @param {string} hash */
export function adopt(hash) {
  history.replaceState(null, "", hash);
  changed(true);
}

/** @param {(route: Route, adopted: boolean) => void} run */
export function onRoute(run) {
  listeners.add(run);
}

/** @param {boolean} adopted */
function changed(adopted) {
  for (const run of listeners) run(route(), adopted);
}

addEventListener("hashchange", () => changed(false));
