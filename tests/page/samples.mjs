//! Answers for the fake Ollama where a test gives none: chosen by words of the last question.

const CODE = `Here is a small program:

\`\`\`rust
/// Counts the words of a text.
fn words(text: &str) -> usize {
    let count = text.split_whitespace().count(); // not bytes
    count
}

fn main() {
    println!("{} words", words("the quick brown fox"));
}
\`\`\`

Run it with \`cargo run\`. In Python it is one line:

\`\`\`python
print(len("the quick brown fox".split()), "words")
\`\`\`
`;

const TABLE = `Three ways to boil an egg:

| way | minutes | the yolk | what it is good for, in more words than fit |
|---|--:|:--|---|
| soft | 5 | runs | breakfast, with toast that is cut into long narrow pieces |
| medium | 7 | creamy | salad |
| hard | 10 | firm | sandwiches, and journeys |

1. Boil the water **first**.
2. Lower the eggs with a spoon:
   - gently,
   - one at a time.
3. Cool them in *cold* water.

> An egg is always an adventure; the next one may be different.

- [x] water
- [ ] salt

See [the egg](https://example.org/egg) and ![a picture of an egg](https://example.org/egg.png).
`;

const THINKING = `The user wants to know why the sky is blue. Sunlight has all colours. Small molecules scatter short waves more than long ones: the strength goes with the fourth power of the frequency. Violet is scattered even more, but there is less of it, and our eyes see it less well.`;

const SKY = `The sky is blue because air scatters **short waves** of light more than long ones.

Sunlight is a mix of all colours. When it meets the molecules of the air, blue light is scattered about *ten times* as much as red light, so blue reaches you from every direction.

At sunset the light travels a longer way through the air. Most of the blue is gone by then, and red and orange are left.`;

/** What is answered to a request of `/api/chat`. */
export function samples({ messages, think }) {
  const last = messages.at(-1)?.content ?? "";
  const has = (word) => last.toLowerCase().includes(word);
  if (has("fail")) return { content: "This answer will break o", error: "llama runner process has terminated: signal: killed" };
  const thinking = think || has("think") ? THINKING : undefined;
  if (has("code")) return { content: CODE, thinking };
  if (has("table")) return { content: TABLE, thinking };
  if (has("long")) return { content: Array.from({ length: 20 }, (_, n) => `## Part ${n + 1}\n\n${SKY}`).join("\n\n"), thinking };
  return { content: SKY, thinking };
}
