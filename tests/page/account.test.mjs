//! One's own account: another password, and what was used.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TEAM, VIEWS, scene } from "./harness.mjs";

const PASSWORD = "correct horse battery";
const FRESH = "staple correct horse";
/** A refused request is an error in Chromium's console. */
const REFUSED = /status of 40[013]/;

async function signIn(visitor, password) {
  await visitor.page.getByLabel("Email").fill("ann@example.org");
  await visitor.page.getByLabel("Password").fill(password);
  await visitor.page.getByRole("button", { name: "Sign in" }).click();
}

test("user changes the password, stays signed in, and other sessions end", scene(async ({ visit, server }) => {
  await server.addUser("ann@example.org", PASSWORD);
  const [ann, other] = [await visit(), await visit()];
  for (const visitor of [ann, other]) {
    visitor.allow(REFUSED);
    await visitor.page.goto(server.url);
    await signIn(visitor, PASSWORD);
    await visitor.page.getByRole("textbox", { name: /message/i }).waitFor();
  }
  await ann.page.getByRole("link", { name: "ann@example.org" }).click();
  await ann.page.getByRole("heading", { name: "Your account" }).waitFor();
  const change = async (now, fresh) => {
    await ann.page.getByLabel("Current password").fill(now);
    await ann.page.getByLabel("New password").fill(fresh);
    await ann.page.getByRole("button", { name: "Change the password" }).click();
  };
  await change("wrong horse battery", FRESH);
  await ann.page.getByRole("alert").waitFor();
  await change(PASSWORD, FRESH);
  await ann.page.getByText("The password is changed.").first().waitFor();
  await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await signIn(other, PASSWORD);
  await other.page.getByRole("alert").waitFor();
  await signIn(other, FRESH);
  await other.page.getByRole("textbox", { name: /message/i }).waitFor();
  await ann.page.reload();
  await ann.page.getByRole("heading", { name: "Your account" }).waitFor();
  assert.equal(await ann.page.getByRole("heading", { name: "Sign in" }).count(), 0);
}, TEAM));

test("account is looked at in every view", scene(async ({ visit, server }) => {
  await server.addUser("ann@example.org", PASSWORD);
  for (const view of VIEWS) {
    const ann = await visit(view);
    ann.allow(REFUSED);
    await ann.page.goto(`${server.url}/#/account`);
    await signIn(ann, PASSWORD);
    await ann.page.getByRole("heading", { name: "Usage" }).waitFor();
    await ann.shot("account");
    await ann.audit("the account");
  }
}, TEAM));
