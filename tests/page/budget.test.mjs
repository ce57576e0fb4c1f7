//! How much a browser transfers for the whole page, every screen included, and when it can be used.
import assert from "node:assert/strict";
import { test } from "node:test";
import { get } from "node:http";
import { scene } from "./harness.mjs";

const MAX_BYTES = 80 * 1024;

/** The bytes of an address as they are transferred, and its text. */
async function fetchPacked(url, accept = "*/*") {
  const bytes = await new Promise((resolve, reject) => {
    get(url, { headers: { accept, "accept-encoding": "gzip" } }, async (response) => {
      assert.equal(response.statusCode, 200, url);
      const parts = [];
      for await (const part of response) parts.push(part);
      resolve(Buffer.concat(parts));
    }).on("error", reject);
  });
  const text = await (await fetch(url, { headers: { accept } })).text();
  return { bytes: bytes.length, text };
}

test("whole page is under 80 KB as transferred", scene(async ({ server }) => {
  const document = await fetchPacked(`${server.url}/`, "text/html");
  let total = document.bytes;
  let raw = Buffer.byteLength(document.text);
  const sizes = [["/", document.bytes]];
  const known = new Set();
  const follow = async (url) => {
    if (known.has(url)) return;
    known.add(url);
    const file = await fetchPacked(url);
    total += file.bytes;
    raw += Buffer.byteLength(file.text);
    sizes.push([new URL(url).pathname.split("/").slice(3).join("/"), file.bytes]);
    if (!url.endsWith(".js")) return;
    for (const [, name] of file.text.matchAll(/(?:\bfrom|\bimport\(?)\s*["'](\.{1,2}\/[^"']+)["']/g)) {
      await follow(new URL(name, url).href);
    }
  };
  for (const [, path] of document.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) await follow(server.url + path);
  // Screens by a name that is put together: `import("./screens/${name}.js")`.
  const [main] = [...known].filter((url) => url.endsWith("/main.js"));
  for (const name of ["login", "models", "compare", "connect", "files", "admin", "account"]) await follow(new URL(`screens/${name}.js`, main).href);
  console.log(`page: ${total} bytes transferred, ${raw} raw, ${known.size + 1} files`);
  console.log(sizes.sort((a, b) => b[1] - a[1]).map(([name, bytes]) => `  ${bytes} ${name}`).join("\n"));
  assert.ok(total < MAX_BYTES, `${total} bytes`);
}));

test("page can be used soon after it was opened", scene(async ({ visit }) => {
  const ann = await visit();
  await ann.launch();
  // The page is usable when the field for a question is there and its script has run.
  await ann.context.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector("main textarea")) return;
      observer.disconnect();
      performance.mark("usable");
    }).observe(document, { childList: true, subtree: true });
  });
  const times = [];
  for (let run = 0; run < 5; run++) {
    await ann.page.reload();
    await ann.page.locator("main textarea").waitFor();
    times.push(await ann.page.evaluate(() => Math.round(performance.getEntriesByName("usable")[0]?.startTime ?? NaN)));
  }
  times.sort((a, b) => a - b);
  console.log(`page: usable after ${times[2]} ms (of ${times.join(", ")})`);
  assert.ok(Number.isFinite(times[2]), "the field for a question came");
}));
