//! The start of the page: who is it, which screen, and what is the same on all of them.
import { announce, byId, h, sentences, set } from "./dom.js";
import { connect, on, startEvents } from "./events.js";
import { refreshModels } from "./catalog.js";
import { go, onRoute, route } from "./router.js";
import { startSession } from "./session.js";
import { menuButton, showSidebar } from "./sidebar.js";
import { show as showChat } from "./chat.js";
import { failed, toast } from "./toast.js";

/** @typedef {{ show: (main: HTMLElement, params: any) => unknown }} Screen */

const main = byId("main");
/** @type {(() => void) | undefined} */
let cleanup;
let shown = 0;

/** Shows the screen of the address. */
async function showScreen() {
  const mine = ++shown;
  const { name, id } = route();
  /** @type {Screen} */
  let screen = { show: showChat };
  if (name !== "chat") {
    try {
      screen = await import(`./screens/${name}.js`);
    } catch (error) {
      return failed(error);
    }
  }
  if (mine !== shown) return;
  cleanup?.();
  cleanup = undefined;
  main.replaceChildren();
  byId("page").querySelector(":scope > .topbar")?.remove();
  if (name !== "chat") {
    main.before(h("div", { class: "topbar narrow-or-wide" }, menuButton()));
    document.title = `${name[0]?.toUpperCase()}${name.slice(1)} · ollama-mcp`;
    main.focus({ preventScroll: true });
  }
  try {
    const end = await screen.show(main, { id });
    const run = typeof end === "function" ? /** @type {() => void} */ (end) : undefined;
    if (mine === shown) cleanup = run;
    else run?.();
  } catch (error) {
    failed(error);
  }
}

/**
 * Shows the login screen over what is there, until somebody has signed in.
 * @param {{ reason: string, canBeGuest: boolean }} need
 */
async function login(need) {
  const { show } = await import("./screens/login.js");
  const over = byId("login");
  const focused = document.activeElement;
  over.hidden = false;
  setInert(true);
  const dialogs = [...document.querySelectorAll("dialog[open]")];
  for (const dialog of dialogs) /** @type {HTMLDialogElement} */ (dialog).close();
  await new Promise((done) => show(over, { ...need, done: () => done(undefined) }));
  over.replaceChildren();
  over.hidden = true;
  setInert(false);
  if (focused instanceof HTMLElement && focused.isConnected) focused.focus();
  if (shown) {
    void refreshModels().catch(() => {});
    connect();
  }
}

/** @param {boolean} isInert Whether only the login screen can be used. */
function setInert(isInert) {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#app, .skip"))) element.inert = isInert;
}

/** The line at the top while the model server, or this server, does not answer. */
function watchServer() {
  let isUp = true;
  /** @type {any} */
  let server = null;
  const banner = byId("banner");
  const draw = () => {
    const text = !isUp
      ? "The connection is lost. Trying again…"
      : server && !server.up
        ? sentences(server.message || `${server.name} does not answer`, server.hint)
        : "";
    if (banner.textContent === text) return;
    if (!text && banner.textContent) announce("The connection is back");
    set(banner, text);
  };
  on("connection", (event) => ((isUp = event.up), draw()));
  on("server", (event) => ((server = event), draw()));
  /** @type {string | null} */
  let version = null;
  let isTold = false;
  on("hello", (event) => {
    version ??= event.version;
    if (event.version === version || isTold) return;
    isTold = true;
    toast(`The server was updated to ${event.version}`, { action: "Reload", onAction: () => location.reload(), seconds: 60 });
  });
}

/** @param {KeyboardEvent} event */
async function keys(event) {
  if (event.defaultPrevented || byId("app").inert) return;
  const command = event.ctrlKey || event.metaKey;
  if (command && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    (await import("./palette.js")).openPalette();
  } else if (command && event.shiftKey && event.key.toLowerCase() === "o") {
    event.preventDefault();
    go("#/");
  }
}

document.addEventListener("keydown", keys);
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  if (event.reason?.name !== "AbortError" && event.reason?.status !== 401) failed(event.reason);
});
onRoute((_, adopted) => adopted || void showScreen());

await startSession(login);
watchServer();
showSidebar(byId("side"));
void refreshModels().catch(() => {});
await showScreen();
startEvents();
