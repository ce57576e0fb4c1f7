//! A new chat before its first question: what can be done here, and how to get a model where there is none.
import { api } from "./api.js";
import { onModels } from "./catalog.js";
import { button, h, set } from "./dom.js";
import { knownJobs, on } from "./events.js";
import { me } from "./session.js";
import { failed } from "./toast.js";
import { dotted, size } from "./screens/parts.js";

/** Small, and good enough to begin with. */
const FIRST_MODEL = "gemma3:4b";

const EXAMPLES = [
  ["Explain something", "Explain to me how a heat pump works, with an everyday comparison."],
  ["Write something", "Write a friendly reply that declines an invitation to a wedding."],
  ["Read a file", "Summarize the attached file in five points, and name what it leaves open."],
];

/**
 * @param {(text: string) => void} fill Puts an example into the field.
 */
export function welcome(fill) {
  const element = h("div", { class: "welcome" });
  let had = "";
  const draw = (/** @type {ModelList | null} */ list) => {
    const kind = list && !list.models.some(answers) ? "none" : "some";
    if (kind === "some" && had === kind) return;
    had = kind;
    set(element, ...(kind === "none" && list ? withoutModel(list.can_manage) : withModel(fill)));
  };
  draw(null);
  const ends = [
    onModels(draw),
    on("jobs", () => had === "none" && drawJob(element)),
  ];
  return { element, stop: () => ends.forEach((end) => end()) };
}

/** Instead of a conversation. */
export function notThere() {
  const text = "It was deleted, or belongs to somebody else.";
  return h("div", { class: "empty" }, h("h2", {}, "This conversation does not exist"), h("p", {}, text), h("a", { class: "btn", href: "#/" }, "New chat"));
}

/** @param {Model} model */
const answers = (model) => !model.capabilities.length || model.capabilities.includes("completion");

/** @param {(text: string) => void} fill */
function withModel(fill) {
  const examples = EXAMPLES.map(([title = "", text = ""]) => h("li", {}, h("button", { type: "button", onclick: () => fill(text) }, title, h("small", {}, text))));
  const guest = me()?.kind === "guest";
  return [
    h("h2", { class: "title" }, "What can I help you with?"),
    h("p", { class: "muted" }, "The model runs on your own server. Attach text, PDF files or pictures; compare models side by side; the answer goes on when you close this page."),
    h("ul", { class: "examples" }, examples),
    guest && h("p", { class: "small muted narrow" }, "You are a guest: what guests store is shared by all accounts of this machine. ", h("code", {}, "ollama-mcp serve --open"), " opens a page of your own."),
  ];
}

/** @param {boolean} canManage */
function withoutModel(canManage) {
  const pull = async () => {
    try {
      await api("POST", "/x/models/pull", { model: FIRST_MODEL });
    } catch (error) {
      failed(error);
    }
  };
  const how = canManage
    ? [h("div", { class: "row wrap" }, button(`Get ${FIRST_MODEL} (3.3 GB)`, () => void pull(), { class: "primary" }), h("a", { class: "btn", href: "#/models" }, "Other models")), h("div", { class: "job stack" })]
    : [h("p", {}, "Whoever runs this server gets one with ", h("code", {}, `ollama pull ${FIRST_MODEL}`), ". This page notices it by itself.")];
  return [h("h2", { class: "title" }, "There is no model yet"), h("p", { class: "muted" }, "A model has to be downloaded once; then it answers without a connection to anywhere."), ...how];
}

/** @param {HTMLElement} element */
function drawJob(element) {
  const place = element.querySelector(".job");
  const job = knownJobs().find((job) => job.model === FIRST_MODEL);
  if (!place || !job) return;
  const get = /** @type {HTMLButtonElement | null} */ (element.querySelector(".btn.primary"));
  if (get) get.disabled = job.state === "in_progress";
  if (job.state !== "in_progress") return set(place, job.error && h("div", { class: "notice bad" }, dotted(job.error.message, job.error.hint)));
  const share = job.total ? `${size(job.done)} of ${size(job.total)}` : job.status;
  set(place, h("div", { class: "small muted" }, `Downloading: ${share}`), h("progress", { max: 1, value: job.total ? job.done / job.total : 0, "aria-label": `Download of ${FIRST_MODEL}` }));
}
