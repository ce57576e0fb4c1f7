// Asks a local model with OpenAI's SDK, through `ollama-mcp serve`.
//
//     npm install openai
//     node openai_chat.mjs "Why is the sky blue?"

import OpenAI from "openai";

const client = new OpenAI({ baseURL: `${process.env.OLLAMA_MCP_URL ?? "http://localhost:4891"}/v1`, apiKey: "none" });
const question = process.argv[2] ?? "Say hello in one short sentence.";

const stream = await client.chat.completions.create({
  model: "default",
  messages: [{ role: "user", content: question }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
process.stdout.write("\n");
