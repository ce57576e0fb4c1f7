//! The one event stream of a tab.
//   const off = on("changed", (event) => ...);   types as in GET /x/events, and "connection" ({ up }) for the stream itself
//   follow(id) names the conversation whose turns are wanted; null: none
// It is closed while the tab is hidden, as browsers allow few connections to a host, and begins with all that is known.
import { events } from "./api.js";
import { setMe } from "./session.js";

/** @type {Map<string, Set<(event: any) => void>>} */
const listeners = new Map();
/** @type {string | null} */
let conversation = null;
/** @type {AbortController | null} */
let open = null;
let isStarted = false;
let failures = 0;
/** @type {any[]} */
let jobs = [];

/**
 * @param {string} type
 * @param {(event: any) => void} run
 * @returns {() => void} Ends it.
 */
export function on(type, run) {
  const set = listeners.get(type) ?? new Set();
  listeners.set(type, set.add(run));
  return () => set.delete(run);
}

/** @returns {any[]} The pulls. */
export const knownJobs = () => jobs;

/** @param {string | null} id Its turns are told from their beginning, also if it was followed before. */
export function follow(id) {
  if (id === conversation && !id) return;
  conversation = id;
  if (isStarted) connect();
}

export function startEvents() {
  isStarted = true;
  document.addEventListener("visibilitychange", () => (document.hidden ? open?.abort() : connect()));
  addEventListener("online", connect);
  addEventListener("pageshow", (event) => event.persisted && connect());
  on("hello", (event) => setMe(event.me));
  connect();
}

/** Opens the stream anew, for instance when somebody else has signed in. */
export function connect() {
  open?.abort();
  if (document.hidden) return;
  open = new AbortController();
  failures = 0;
  void run(open.signal);
}

/** @param {AbortSignal} signal */
async function run(signal) {
  while (!signal.aborted) {
    const query = conversation ? `?conversation=${encodeURIComponent(conversation)}` : "";
    try {
      for await (const event of events(`/x/events${query}`, { signal })) {
        if (signal.aborted) return;
        if (event.type === "hello") {
          failures = 0;
          emit({ type: "connection", up: true });
        }
        emit(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      // The login screen asks, and connects again.
      if (/** @type {any} */ (error).status === 401) return;
    }
    failures += 1;
    if (failures > 1) emit({ type: "connection", up: false });
    const wait = Math.min(500 * 2 ** Math.min(failures, 5), 10_000) * (0.75 + Math.random() / 2);
    await new Promise((again) => {
      const timer = setTimeout(again, failures === 1 ? 250 : wait);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        again(undefined);
      });
    });
  }
}

/** @param {{ type: string, [key: string]: unknown }} event */
function emit(event) {
  for (const run of listeners.get(event.type) ?? []) {
    try {
      run(event);
    } catch (error) {
      console.error(error);
    }
  }
}

// Registered first: other listeners read `knownJobs`.
on("jobs", (event) => (jobs = event.jobs));
