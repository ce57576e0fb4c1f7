//! Requests to the server: `api` gives parsed JSON, `events` the parsed `data` of an event stream; failures are ApiErrors with a hint.

const SECRET = "ollama-mcp-session";
/** What was read, if the browser does not store anything. */
let remembered = "";
/** @type {() => void} */
let unauthorized = () => {};

/** A failure, with what to do next in `hint`. */
export class ApiError extends Error {
  /**
   * @param {number} status 0: no answer at all
   * @param {{ message?: string, code?: string | null, param?: string | null, hint?: string | null }} body
   * @param {number} [retryAfter] Seconds.
   */
  constructor(status, body, retryAfter) {
    super(body.message || `The server answered ${status}`);
    this.status = status;
    this.code = body.code ?? "";
    this.param = body.param ?? "";
    this.hint = body.hint ?? "";
    this.retryAfter = retryAfter;
  }
}

export const secret = () => stored(SECRET) ?? remembered;

/** @param {string} value "" forgets it */
export function setSecret(value) {
  remembered = value;
  store(SECRET, value || null);
}

/** @param {() => void} run Called when a request needs a session that there is not, or not any longer. */
export function onUnauthorized(run) {
  unauthorized = run;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{ signal?: AbortSignal, keepalive?: boolean, quiet?: boolean, accept?: string }} [options] `quiet`: a 401 is for the caller alone
 * @returns {Promise<any>} Parsed JSON.
 */
export async function api(method, path, body, options = {}) {
  const response = await request(method, path, body, options);
  const text = await response.text().catch(lost);
  return text && JSON.parse(text);
}

/**
 * @param {string} path
 * @param {{ method?: string, body?: unknown, signal?: AbortSignal, onOpen?: () => void }} [options]
 * @returns {AsyncGenerator<any, void, void>} Parsed `data` of each event; ends with the stream.
 */
export async function* events(path, { method, body, signal, onOpen } = {}) {
  const verb = method ?? (body === undefined ? "GET" : "POST");
  const response = await request(verb, path, body, { signal, accept: "text/event-stream" });
  onOpen?.();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read().catch(lost);
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data:") && !line.startsWith("data: [DONE]")) yield JSON.parse(line.slice(5));
    }
  }
}

/**
 * @param {File} file
 * @param {(part: number) => void} progress From 0 to 1.
 * @param {AbortSignal} [signal]
 * @returns {Promise<Upload>}
 */
export function upload(file, progress, signal) {
  return new Promise((resolve, reject) => {
    const send = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    send.open("POST", "/upload");
    if (secret()) send.setRequestHeader("x-ollama-mcp-session", secret());
    send.responseType = "text";
    send.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    send.onerror = () => reject(noAnswer());
    send.onabort = () => reject(new DOMException("Cancelled", "AbortError"));
    send.onload = () => {
      if (send.status === 401) unauthorized();
      if (send.status < 300) resolve(JSON.parse(send.responseText));
      else reject(failure(send.status, send.responseText));
    };
    signal?.addEventListener("abort", () => send.abort());
    send.send(form);
  });
}

/**
 * @param {string} path
 * @param {string} name
 */
export async function download(path, name) {
  const response = await request("GET", path, undefined, {});
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {{ signal?: AbortSignal, keepalive?: boolean, quiet?: boolean, accept?: string }} options
 */
async function request(method, path, body, { signal, keepalive, quiet, accept = "application/json" }) {
  /** @type {Record<string, string>} */
  const headers = { accept };
  if (secret()) headers["x-ollama-mcp-session"] = secret();
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const init = { method, headers, body: sent, signal, keepalive, cache: /** @type {const} */ ("no-store") };
  const response = await fetch(path, init).catch(lost);
  if (response.ok) return response;
  if (response.status === 401 && !quiet) unauthorized();
  const after = Number(response.headers.get("retry-after")) || undefined;
  throw failure(response.status, await response.text().catch(() => ""), after);
}

/**
 * @param {number} status
 * @param {string} text
 * @param {number} [after]
 */
function failure(status, text, after) {
  try {
    return new ApiError(status, JSON.parse(text).error, after);
  } catch {
    return new ApiError(status, {}, after);
  }
}

/** @returns {never} */
function lost(/** @type {unknown} */ error) {
  throw /** @type {any} */ (error)?.name === "AbortError" ? error : noAnswer();
}

function noAnswer() {
  const hint = "It may have been stopped. Nothing that you typed is lost: try again when it runs.";
  return new ApiError(0, { message: "The server does not answer.", code: "no_answer", hint });
}

/**
 * What this browser keeps; `null` where it keeps nothing, as in some private windows.
 * @param {string} key
 */
export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string | null} value `null` takes it away
 */
export function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Full, or not allowed: what depends on it is lost with the tab only.
  }
}
