//! What the benchmarks share: tables of figures, what a process holds, and a running `serve`.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub(crate) mod open_files;
pub(crate) mod process;
pub(crate) mod report;
pub(crate) mod serve;
