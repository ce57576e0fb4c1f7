//! The sidebar: new chat, search, the conversations, the other screens, and who this is. On a phone it is a drawer.
import { byId, h, icon, iconButton, set } from "./dom.js";
import { showConversations } from "./conversations.js";
import { knownJobs, on } from "./events.js";
import { go, onRoute, route } from "./router.js";
import { may, onMe, signOut } from "./session.js";
import { store, stored } from "./api.js";

const narrow = matchMedia("(max-width: 48rem)");

/** The button that brings the sidebar back; it is there while the sidebar is not. */
export function menuButton() {
  return iconButton("menu", "Show the sidebar", () => toggle(true), { class: "narrow-or-wide" });
}

/** @param {boolean} shown */
function toggle(shown) {
  const app = byId("app");
  if (narrow.matches) {
    app.classList.toggle("drawer", shown);
    if (shown) /** @type {HTMLElement | null} */ (byId("side").querySelector("button"))?.focus();
    else if (byId("side").contains(document.activeElement)) /** @type {HTMLElement | null} */ (document.querySelector("#page .narrow-or-wide"))?.focus();
    return;
  }
  app.classList.toggle("wide", !shown);
  store("sidebar", shown ? null : "hidden");
}

/** Closes the drawer of a phone. */
function closeDrawer() {
  if (byId("app").classList.contains("drawer")) toggle(false);
}

/** @param {HTMLElement} side */
export function showSidebar(side) {
  if (stored("sidebar") && !narrow.matches) byId("app").classList.add("wide");
  const mark = h("span", { class: "brand spacer" }, icon("chat"), "ollama-mcp");
  const fresh = () => {
    go("#/");
    closeDrawer();
  };
  const search = h("input", { type: "search", placeholder: "Search", "aria-label": "Search conversations", autocomplete: "off" });
  const list = h("div", { id: "list" });
  const nav = h("nav", { "aria-label": "Screens" });
  const who = h("div", { id: "who" });
  set(
    side,
    h(
      "div",
      { class: "top" },
      h("div", { class: "row" }, mark, iconButton("menu", "Hide the sidebar", () => toggle(false)), iconButton("compose", "New chat", fresh)),
      h("div", { class: "search" }, icon("search"), search),
    ),
    list,
    nav,
    who,
  );
  showConversations(list, search);
  drawNav(nav);
  onMe((me) => {
    drawNav(nav);
    drawWho(who, me);
  });
  onRoute((_, adopted) => {
    drawNav(nav);
    if (!adopted) closeDrawer();
  });
  on("jobs", () => drawNav(nav));
  byId("page").addEventListener("focusin", closeDrawer);
  document.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && closeDrawer());
  document.addEventListener("pointerdown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (byId("app").classList.contains("drawer") && !target.closest("#side, .menu, dialog, .toast")) closeDrawer();
  });
}

/** @param {HTMLElement} nav */
function drawNav(nav) {
  const { name } = route();
  const pull = knownJobs().find((job) => job.state === "in_progress" && job.total);
  const share = pull ? `${Math.floor((100 * pull.done) / pull.total)} %` : "";
  const entry = (/** @type {string} */ screen, /** @type {any} */ drawing, /** @type {string} */ label, note = "") => {
    const props = { href: `#/${screen}`, "aria-current": name === screen && "page" };
    return h("li", {}, h("a", props, icon(drawing), h("span", { class: "spacer" }, label), note && h("span", { class: "badge on" }, note)));
  };
  const entries = [
    entry("compare", "compare", "Compare"),
    entry("models", "models", "Models", share),
    may("files") && entry("files", "file", "Files"),
    entry("connect", "connect", "Connect"),
    may("admin") && entry("admin", "admin", "Administration"),
  ];
  set(nav, h("ul", {}, ...entries));
}

/**
 * @param {HTMLElement} who
 * @param {Me} me
 */
function drawWho(who, me) {
  if (me.kind === "guest") {
    const text = "You are a guest: what guests store is shared by all accounts of this machine. ";
    return set(who, text, h("code", {}, "ollama-mcp serve --open"), " opens a page of your own.");
  }
  const name = me.email ?? "Owner of this server";
  const leave = me.kind === "browser" || me.email ? iconButton("logout", "Sign out", () => void signOut()) : null;
  const props = { class: "cut spacer", title: name };
  const shown = me.email ? h("a", { ...props, href: "#/account" }, name) : h("span", props, name);
  set(who, h("div", { class: "row" }, shown, leave));
}
