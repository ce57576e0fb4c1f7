//! Keys, as the screens show them.
import { button, h } from "../dom.js";
import { copy } from "../toast.js";
import { date, dotted, number, relative, row } from "./parts.js";

/** @typedef {{ id: string, name: string, prefix: string, owner: string, scopes: string[], limits: Me["limits"], created_at: string, expires_at?: string, revoked: boolean }} Key */

/**
 * A key that was made, which is shown this once.
 * @param {string} key
 * @param {string} [text]
 */
export function keyMade(key, text = "") {
  const shown = h("code", { class: "key", tabindex: "0" }, key);
  const line = h("div", { class: "row wrap" }, shown, button("Copy", () => void copy(key), { class: "small", "aria-label": "Copy the key" }));
  return h("div", { class: "notice good", role: "status" }, h("div", {}, `The key is shown only now: copy it before you leave. ${text}`), line);
}

/**
 * @param {Key} key
 * @param {string} owner Whose it is, where that is to be said.
 * @param {() => void} revoke
 */
export function keyRow(key, owner, revoke) {
  const { name, prefix, scopes, limits, created_at: created, expires_at: expires, revoked } = key;
  const isExpired = expires !== undefined && Date.parse(expires) < Date.now();
  const badge = revoked ? "revoked" : isExpired ? "expired" : "";
  const title = [h("span", { class: "name" }, name), h("code", { class: "muted" }, `${prefix}…`)];
  if (badge) title.push(h("span", { class: "badge bad" }, badge));
  const end = expires && !isExpired && `expires ${relative(expires)}`;
  const lines = [dotted(owner, `made ${date(created)}`, end), dotted(scopes.join(", ")), limited(limits)];
  return row(title, lines, [!revoked && button("Revoke", revoke, { class: "small danger", "aria-label": `Revoke ${name}` })]);
}

/** @param {Me["limits"]} limits */
function limited({ models, requests_per_minute: requests, tokens_per_day: tokens, concurrency, priority }) {
  return dotted(
    requests && `${number(requests)} requests a minute`,
    tokens && `${number(tokens)} tokens a day`,
    concurrency && `${concurrency} at the same time`,
    priority && `priority ${priority}`,
    models && `only ${models.join(", ")}`,
  );
}
