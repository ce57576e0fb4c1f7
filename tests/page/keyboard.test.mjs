//! The screens by keyboard alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TEAM, scene } from "./harness.mjs";

/** Waits until the control has the focus. */
const focused = (page, locator) => locator.and(page.locator(":focus")).waitFor();
const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);

/** Presses Tab until the control has the focus. */
async function tabTo(page, locator, max = 60) {
  await locator.waitFor();
  for (let press = 0; press < max; press++) {
    if (await isFocused(locator)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${locator} cannot be reached by Tab`);
}

async function press(page, locator) {
  await tabTo(page, locator);
  await page.keyboard.press("Enter");
}

const hasFocus = (page) => page.evaluate(() => document.activeElement !== document.body && document.activeElement !== null);

test("model is deleted by keyboard, and the focus is not lost", scene(async ({ visit }) => {
  const ann = await visit();
  const { page } = ann;
  await ann.launch();
  await press(page, page.getByRole("link", { name: "Models" }));
  await press(page, page.getByRole("button", { name: "More for gemma3:4b" }));
  await page.getByRole("menuitem", { name: "Delete" }).waitFor();
  await page.keyboard.press("Enter");
  const question = page.getByRole("dialog");
  await question.waitFor();
  // What destroys is not chosen by an Enter too many.
  await focused(page, question.getByRole("button", { name: "Cancel" }));
  await press(page, question.getByRole("button", { name: "Delete" }));
  await page.getByRole("button", { name: "More for gemma3:4b" }).waitFor({ state: "detached" });
  assert.ok(await hasFocus(page));
}));

test("user is added by keyboard, and the focus comes back to the button", scene(async ({ visit }) => {
  const ann = await visit();
  const { page } = ann;
  await ann.launch();
  await press(page, page.getByRole("link", { name: "Administration" }));
  await press(page, page.getByRole("button", { name: "Add a user" }));
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await focused(page, dialog.getByLabel("Email"));
  await page.keyboard.type("bob@example.org");
  await page.keyboard.press("Tab");
  await page.keyboard.type("correct horse battery");
  for (let step = 0; step < 12; step++) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest("dialog")), "the dialog holds the focus");
  }
  await tabTo(page, dialog.getByLabel("Password"));
  await page.keyboard.press("Enter");
  await page.getByRole("listitem").filter({ hasText: "bob@example.org" }).waitFor();
  await focused(page, page.getByRole("button", { name: "Add a user" }));
}));

test("comparison is asked by Ctrl-Enter and stopped by Escape", scene(async ({ visit, ollama }) => {
  const held = ollama.hold();
  const ann = await visit();
  const { page } = ann;
  await ann.launch();
  await press(page, page.getByRole("link", { name: "Compare" }));
  await tabTo(page, page.getByLabel("Question"));
  await page.keyboard.type("Why?");
  await page.keyboard.press("Control+Enter");
  await held.asked;
  await page.keyboard.press("Escape");
  await held.closed;
  await page.getByText("Stopped").first().waitFor();
  assert.ok(await hasFocus(page));
}));

test("text of a program is opened and copied by keyboard", scene(async ({ visit, server }) => {
  const ann = await visit();
  const { page } = ann;
  await ann.launch();
  await press(page, page.getByRole("link", { name: "Connect" }));
  await tabTo(page, page.getByLabel("Search programs"));
  await page.keyboard.type("curl");
  await press(page, page.getByRole("button", { name: "curl", exact: true }));
  await press(page, page.getByRole("button", { name: "Copy the text for curl" }));
  await page.getByText("Copied").first().waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), new RegExp(`^curl .*${new URL(server.url).host}`));
}));

test("signing in takes Tab and Enter", scene(async ({ visit, server }) => {
  await server.addUser("ann@example.org", "correct horse battery");
  const ann = await visit();
  ann.allow(/status of 401/);
  await ann.page.goto(server.url);
  await ann.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await ann.page.keyboard.type("ann@example.org");
  await ann.page.keyboard.press("Tab");
  await ann.page.keyboard.type("correct horse battery");
  await ann.page.keyboard.press("Enter");
  await ann.page.getByRole("heading", { name: "Sign in" }).waitFor({ state: "detached" });
  await ann.page.getByRole("textbox", { name: /message/i }).waitFor();
}, TEAM));

test("focus is visible on every control", scene(async ({ visit, server }) => {
  await server.addUser("bob@example.org", "correct horse battery");
  const ann = await visit();
  await ann.launch();
  for (const fragment of ["", "#/models", "#/files", "#/connect", "#/compare", "#/admin", "#/admin/keys", "#/admin/queue", "#/admin/usage"]) {
    await ann.open(fragment);
    for (let step = 0; step < 45; step++) {
      await ann.page.keyboard.press("Tab");
      const fault = await ann.page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body || element.id === "main") return null;
        const name = `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent?.slice(0, 40)}`;
        const box = element.getBoundingClientRect();
        if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return `${name} is outside of the window`;
        const shows = (/** @type {Element | null} */ one) => one && (getComputedStyle(one).outlineStyle !== "none" || getComputedStyle(one).boxShadow !== "none");
        return shows(element) || element.closest(".composer, .search") ? null : `${name} shows no focus`;
      });
      assert.equal(fault, null, fragment);
    }
  }
}));
