//! How the page begins: by a launch link, as a guest, by signing in; and how a session ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TEAM, scene } from "./harness.mjs";

const PASSWORD = "correct horse battery";
/** A refused request is an error in Chromium's console. */
const REFUSED = /status of (401|429)/;

const composer = (page) => page.getByRole("textbox", { name: /message/i });

async function signIn(page, email, password = PASSWORD) {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("launch link opens the page of its owner and leaves the address", scene(async ({ visit, server }) => {
  const ann = await visit();
  await ann.launch();
  assert.equal(ann.page.url(), `${server.url}/#/`);
  await composer(ann.page).waitFor();
  await ann.open("#/admin");
  await ann.page.getByRole("heading", { name: "Administration" }).waitFor();
  await ann.page.reload();
  await ann.ready();
  await ann.page.getByRole("heading", { name: "Administration" }).waitFor();
}));

test("used-up launch link opens a guest's page and says why", scene(async ({ visit, server }) => {
  const link = await server.launchLink();
  const ann = await visit();
  await ann.page.goto(link);
  await ann.ready();
  const other = await visit();
  other.allow(REFUSED);
  await other.page.goto(link);
  await other.ready();
  await other.page.getByText(/used before, or is older/).waitFor();
  assert.ok(!other.page.url().includes("launch"), "the code is gone from the address");
  await other.shot("login-used-link");
  await other.audit("a used-up link");
  await other.page.getByRole("button", { name: "Continue as a guest" }).click();
  await composer(other.page).waitFor();
}));

test("guest is told that guests share, and how to open one's own page", scene(async ({ visit }) => {
  const guest = await visit();
  await guest.open();
  await guest.page.getByText(/all accounts of this (machine|computer)/).first().waitFor();
  await guest.page.getByText("ollama-mcp serve --open").first().waitFor();
  await guest.shot("guest");
  await guest.audit("the chat of a guest");
}));

test("wrong password is refused, and the right one opens the page", scene(async ({ visit, server }) => {
  await server.addUser("ann@example.org", PASSWORD);
  const ann = await visit();
  ann.allow(REFUSED);
  await ann.page.goto(server.url);
  await ann.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await signIn(ann.page, "ann@example.org", "wrong horse battery");
  await ann.page.getByRole("alert").getByText("The email or the password is wrong").waitFor();
  assert.equal(await ann.page.getByLabel("Email").inputValue(), "ann@example.org", "the email stays");
  await ann.shot("login-wrong");
  await ann.audit("a refused sign-in");
  await ann.page.getByLabel("Password").fill(PASSWORD);
  await ann.page.keyboard.press("Enter");
  await composer(ann.page).waitFor();
  assert.equal(await ann.page.getByRole("heading", { name: "Sign in" }).count(), 0);
  await ann.page.getByText("ann@example.org").first().waitFor();
}, TEAM));

test("too many wrong passwords say how long to wait", scene(async ({ visit, server }) => {
  await server.addUser("ann@example.org", PASSWORD);
  const ann = await visit();
  ann.allow(REFUSED);
  await ann.page.goto(server.url);
  const wait = ann.page.getByRole("alert").getByText(/Try again in \d+/);
  for (let attempt = 0; attempt < 12 && !(await wait.count()); attempt++) {
    const answered = ann.page.waitForResponse(/\/login$/);
    await signIn(ann.page, "ann@example.org", `wrong number ${attempt}`);
    await answered;
    await ann.page.getByRole("button", { name: "Sign in" }).and(ann.page.locator(":not([aria-busy=true])")).waitFor();
  }
  await wait.waitFor();
  assert.ok(await ann.page.getByRole("button", { name: "Sign in" }).isDisabled());
  await ann.shot("login-wait");
}, TEAM));

test("ended session asks to sign in again and keeps the draft", scene(async ({ visit, server }) => {
  await server.addUser("ann@example.org", PASSWORD);
  const ann = await visit();
  ann.allow(REFUSED, /ERR_/);
  await ann.page.goto(server.url);
  await signIn(ann.page, "ann@example.org");
  await composer(ann.page).fill("A long question that took a while");
  await server.api("PATCH", "/x/users/ann@example.org", { disabled: true });
  // Without a click: the stream of events has ended.
  await ann.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await ann.page.getByText(/session has ended/i).waitFor();
  await ann.shot("login-ended");
  await server.api("PATCH", "/x/users/ann@example.org", { disabled: false });
  await signIn(ann.page, "ann@example.org");
  await composer(ann.page).waitFor();
  assert.equal(await composer(ann.page).inputValue(), "A long question that took a while");
}, TEAM));

test("signing out ends the session in both tabs", scene(async ({ visit, server }) => {
  await server.addUser("ann@example.org", PASSWORD);
  const ann = await visit();
  ann.allow(REFUSED, /ERR_/);
  await ann.page.goto(server.url);
  await signIn(ann.page, "ann@example.org");
  await composer(ann.page).waitFor();
  const second = await ann.context.newPage();
  await second.goto(server.url);
  await composer(second).waitFor();
  await second.getByRole("button", { name: /sign out/i }).first().click();
  await second.getByRole("heading", { name: "Sign in" }).waitFor();
  await ann.page.bringToFront();
  await ann.page.getByRole("heading", { name: "Sign in" }).waitFor();
}, TEAM));

test("two users do not see each other's conversations", scene(async ({ visit, server, ollama }) => {
  await server.addUser("ann@example.org", PASSWORD);
  await server.addUser("bob@example.org", PASSWORD);
  const [ann, bob] = [await visit(), await visit()];
  for (const [who, email] of /** @type {const} */ ([[ann, "ann@example.org"], [bob, "bob@example.org"]])) {
    who.allow(REFUSED);
    await who.page.goto(server.url);
    await signIn(who.page, email);
    await composer(who.page).waitFor();
  }
  ollama.answer({ content: "It is a secret garden." });
  await composer(ann.page).fill("What is behind the wall?");
  await ann.page.keyboard.press("Enter");
  await ann.page.getByRole("log").getByText("It is a secret garden.").waitFor();
  await ann.page.getByRole("link", { name: /behind the wall/ }).waitFor();
  const id = /#\/c\/(.+)$/.exec(ann.page.url())?.[1];
  assert.ok(id, ann.page.url());
  assert.equal(await bob.page.getByText(/behind the wall/).count(), 0);
  bob.allow(/status of 404/);
  await bob.page.goto(`${server.url}/#/c/${id}`);
  await bob.page.getByText(/no(t| such| conversation)/i).first().waitFor();
  assert.equal(await bob.page.getByText("It is a secret garden.").count(), 0);
}, TEAM));
