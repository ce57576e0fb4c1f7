//! Who uses the page. `me()` is the answer of GET /me, `may("admin")` asks for a scope, `onMe(run)` runs at once and at each change.
// The login screen calls `await signIn(email, password)` or `await asGuest()`; `changePassword(...)`; `signOut()` ends the session.
import { api, onUnauthorized, secret, setSecret } from "./api.js";
import { sentences } from "./dom.js";

/** @type {Me | null} */
let current = null;
/** @type {Set<(me: Me) => void>} */
const listeners = new Set();
/** @type {(need: { reason: string, canBeGuest: boolean }) => Promise<void>} */
let showLogin = async () => {};
let isAsking = false;
/** Asked while the other modules are still being loaded. @type {Promise<Me> | null} */
let early = location.hash.startsWith("#launch=") ? null : api("GET", "/me", undefined, { quiet: true });
early?.catch(() => {});

export const me = () => current;
/** @param {string} scope */
export const may = (scope) => current?.scopes.includes(scope) ?? false;

/**
 * @param {(me: Me) => void} run
 * @returns {() => void} Ends it.
 */
export function onMe(run) {
  listeners.add(run);
  if (current) run(current);
  return () => listeners.delete(run);
}

/** @param {Me} found Also from the event stream, which begins with it. */
export function setMe(found) {
  const changed = JSON.stringify(found) !== JSON.stringify(current);
  current = found;
  if (changed) for (const run of listeners) run(found);
}

/**
 * Opens the session of the address, or finds out who this is. Ends when somebody is there.
 * @param {typeof showLogin} login Shows the login screen until somebody has signed in.
 */
export async function startSession(login) {
  showLogin = login;
  onUnauthorized(() => void sessionEnded());
  const code = /^#launch=(.+)$/.exec(location.hash)?.[1];
  let reason = "";
  if (code) {
    history.replaceState(null, "", "#/");
    try {
      setSecret((await api("POST", "/x/launch", { code }, { quiet: true })).secret);
    } catch (error) {
      const { message, hint } = /** @type {any} */ (error);
      reason = sentences(message, hint);
    }
  }
  const found = await whoAmI();
  if (found && (!reason || secret())) return setMe(found);
  await showLogin({ reason, canBeGuest: found !== null });
  if (!current && found) setMe(found);
}

/**
 * @param {string} email
 * @param {string} password
 */
export async function signIn(email, password) {
  const { secret } = await api("POST", "/login", { email, password, browser: true }, { quiet: true });
  await becomes(secret);
}

/**
 * Ends all sessions of the user but this one.
 * @param {string} password
 * @param {string} fresh The new one.
 */
export async function changePassword(password, fresh) {
  const { secret } = await api("POST", "/me/password", { password, new_password: fresh }, { quiet: true });
  await becomes(secret);
}

/** Goes on without a session. */
export async function asGuest() {
  await becomes("");
}

export async function signOut() {
  await api("POST", "/logout", {}, { quiet: true }).catch(() => {});
  setSecret("");
  location.replace("#/");
  location.reload();
}

/** @param {string} value */
async function becomes(value) {
  setSecret(value);
  const found = /** @type {Me} */ (await api("GET", "/me", undefined, { quiet: true }));
  // What another one had on the screen is not for this one.
  if (current && current.owner !== found.owner) {
    location.replace("#/");
    location.reload();
  }
  setMe(found);
}

/** @returns {Promise<Me | null>} `null`: nobody, and guests are not let in. */
async function whoAmI() {
  for (;;) {
    try {
      const asked = early ?? api("GET", "/me", undefined, { quiet: true });
      early = null;
      return await asked;
    } catch (error) {
      const { status } = /** @type {any} */ (error);
      if (status === 401 && !secret()) return null;
      if (status === 401) setSecret("");
      else await new Promise((again) => setTimeout(again, 1500));
    }
  }
}

async function sessionEnded() {
  if (isAsking) return;
  isAsking = true;
  setSecret("");
  const guest = await whoAmI();
  const reason = "Your session has ended. Sign in to go on; what you have typed is still there.";
  await showLogin({ reason, canBeGuest: guest !== null });
  isAsking = false;
}
