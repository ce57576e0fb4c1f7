//! Debian's Chromium, and what every test holds: no error in the console, no broken policy, no request to elsewhere.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SHOTS = process.env.PAGE_SHOTS ?? "";
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };

/** @type {Promise<import("playwright-core").Browser> | undefined} */
let browser;

function launch() {
  // The sandbox needs an unprivileged user.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser ??= chromium.launch({ executablePath: CHROMIUM, args });
  return browser;
}

export async function closeBrowser() {
  await (await browser)?.close();
  browser = undefined;
}

/**
 * A person's browser: a context of its own, whose pages are watched. `check()` fails on what no page may do; what a test causes on
 * purpose it `allow`s before.
 */
export class Visitor {
  /** @type {string[]} */
  faults = [];
  /** @type {RegExp[]} */
  allowed = [];

  /**
   * @param {import("./server.mjs").Server} server
   * @param {{theme?: "light" | "dark", viewport?: {width: number, height: number}, touch?: boolean, scale?: number}} [options]
   */
  static async arrive(server, { theme = "light", viewport = DESKTOP, touch = viewport.width < 600, scale = 1 } = {}) {
    const visitor = new Visitor();
    visitor.server = server;
    visitor.theme = theme;
    visitor.viewport = viewport;
    const context = await (await launch()).newContext({ colorScheme: theme, viewport, hasTouch: touch, deviceScaleFactor: scale, locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce" });
    context.setDefaultTimeout(10_000);
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
        console.error(`policy broken: ${violatedDirective} by ${blockedURI} at ${sourceFile}:${lineNumber}`);
      });
    });
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") visitor.faults.push(`console: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => visitor.faults.push(`error: ${error.error().stack}`));
    context.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${server.url}/`) && !/^(blob|data):/.test(url)) visitor.faults.push(`request to elsewhere: ${url}`);
    });
    visitor.context = context;
    visitor.page = await context.newPage();
    return visitor;
  }

  /** Opens the page as the local owner, by a new launch link. */
  async launch() {
    await this.page.goto(await this.server.launchLink());
    await this.ready();
  }

  /** Opens an address of the page, such as `#/models`. */
  async open(fragment = "") {
    const target = `${this.server.url}/${fragment}`;
    await this.page.goto(target);
    await this.ready();
  }

  /** Until the page has shown its screen. */
  async ready() {
    await this.page.locator("#main > *, #login:not([hidden]) > *").first().waitFor();
  }

  /** What follows may log this: a refused request is an error in Chromium's console. */
  allow(...patterns) {
    this.allowed.push(...patterns);
  }

  check() {
    const faults = this.faults.filter((fault) => !this.allowed.some((allowed) => allowed.test(fault)));
    assert.deepEqual(faults, [], "what the page must not do");
  }

  async leave() {
    await this.context.close();
    this.check();
  }

  /** Fails if axe finds anything on the screen, or if it scrolls sideways. */
  async audit(what) {
    const session = await this.context.newCDPSession(this.page);
    // Not by page.evaluate: its eval would break the page's policy.
    await session.send("Runtime.evaluate", { expression: AXE });
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression: `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => JSON.stringify(violations.map(({ id, help, nodes }) =>
        ({ id, help, nodes: nodes.map(({ html, failureSummary }) => html.slice(0, 200) + " " + failureSummary) }))))`,
      awaitPromise: true,
    });
    await session.detach();
    assert.ok(!exceptionDetails, `axe on ${what}: ${JSON.stringify(exceptionDetails)}`);
    assert.deepEqual(JSON.parse(result.value), [], `axe on ${what}`);
    const overflow = await this.page.evaluate(() => {
      const frames = document.querySelectorAll("html, #side, #list, main, .screen, .log, dialog, dialog form, .login");
      const wide = [...frames].filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1);
      return wide.map(({ tagName, className, scrollWidth, clientWidth }) => `${tagName}.${className} by ${scrollWidth - clientWidth} px`);
    });
    assert.deepEqual(overflow, [], `${what} scrolls sideways`);
  }

  /** A screenshot, kept where PAGE_SHOTS says. */
  async shot(name) {
    if (!SHOTS) return;
    await mkdir(SHOTS, { recursive: true });
    const width = this.viewport.width < 600 ? "-phone" : "";
    await this.page.screenshot({ path: join(SHOTS, `${name}-${this.theme}${width}.png`) });
  }
}
