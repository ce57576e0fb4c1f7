//! What a test of the page begins with: a fake Ollama, the program over it, and a person with a browser.
//
//   test("answer is shown", scene(async ({ ollama, server, visit }) => {
//     const ann = await visit();           // visit({ theme: "dark", viewport: PHONE })
//     await ann.launch();
//     ...
//   }));
import { after } from "node:test";
import { closeBrowser, Visitor } from "./browser.mjs";
import { FakeOllama } from "./fake_ollama.mjs";
import { Server } from "./server.mjs";

export { DESKTOP, PHONE } from "./browser.mjs";
export { MODELS, model } from "./fake_ollama.mjs";

/** How long a test may take; machines that are slower than most set it. */
const MAX_MS = Number(process.env.PAGE_TEST_MS ?? 90_000);

after(closeBrowser);

/** Every combination in which a screen is looked at. */
export const VIEWS = [
  { theme: "light", viewport: { width: 1280, height: 800 } },
  { theme: "dark", viewport: { width: 1280, height: 800 } },
  { theme: "light", viewport: { width: 360, height: 740 } },
  { theme: "dark", viewport: { width: 360, height: 740 } },
];

/**
 * A test with a stage of its own. What its visitors did wrong fails it at the end.
 * @param {(stage: {ollama: FakeOllama, server: Server, visit: (options?: object) => Promise<Visitor>}) => Promise<void>} run
 * @param {{models?: any[], args?: string[], env?: Record<string, string>}} [options]
 */
export function scene(run, { models, args, env } = {}) {
  return async () => {
    const visitors = /** @type {Visitor[]} */ ([]);
    const ollama = await FakeOllama.start({ models });
    let server;
    try {
      server = await Server.start(ollama, { args, env });
      const visit = async (options) => {
        const visitor = await Visitor.arrive(server, options);
        visitors.push(visitor);
        return visitor;
      };
      await within(MAX_MS, run({ ollama, server, visit }));
      for (const visitor of visitors) visitor.check();
    } finally {
      await Promise.all(visitors.map(({ context }) => context.close()));
      await server?.stop();
      await ollama.stop();
    }
  };
}

/** Fails what waits for something that never comes, so that everything is put away. */
async function within(ms, running) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`the test took more than ${ms} ms`)), ms)));
  await Promise.race([running, late]).finally(() => clearTimeout(timer));
}

/** A team's server: nobody is a guest. */
export const TEAM = { args: ["--guests", "never"] };
