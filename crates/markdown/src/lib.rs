//! Markdown to safe HTML, block by block, while the text grows.
//!
//! A block is a top-level node of the document. A finished block does not change any more (but for links whose definition
//! comes last, see [`Renderer::finish`]); the open one, at the end, is replaced. The HTML has only the elements, attributes
//! and addresses that `sanitize.rs` lists: the writer makes no others, and the sanitizer removes them if it did.
//!
//! Rendering takes milliseconds for an open block that is large, so callers in async code do it on a blocking thread.

mod blocks;
mod definitions;
mod highlight;
mod html;
mod input;
mod link;
mod renderer;
mod sanitize;
mod throttle;

pub use renderer::{Block, Changes, Renderer};

/// The blocks of a whole text: what a [`Renderer`] has made of it at its end.
pub fn render(text: &str) -> Vec<String> {
    let mut renderer = Renderer::new();
    renderer.push(text);
    renderer.finish().blocks.into_iter().map(|block| block.html).collect()
}

#[cfg(test)]
mod tests;
