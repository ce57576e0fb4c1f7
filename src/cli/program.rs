//! The path of this program that will still be right after an update.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Where this program was found: as it was called, or on the `PATH`. The system itself may only tell the file
/// behind a link, which for Homebrew and its like names a version and is gone with the next.
pub(super) fn path() -> anyhow::Result<PathBuf> {
    let program = env::current_exe().context("the path of this program cannot be found")?;
    let called = env::args_os().next().unwrap_or_default();
    Ok(stable(&program, &called, env::var_os("PATH").as_deref()))
}

fn stable(program: &Path, called: &OsStr, search: Option<&OsStr>) -> PathBuf {
    let Ok(real) = program.canonicalize() else { return program.to_path_buf() };
    let is_this = |path: &PathBuf| path.canonicalize().is_ok_and(|found| found == real);
    let called = Path::new(called);
    let as_called =
        (called.components().count() > 1).then(|| std::path::absolute(called).ok()).flatten().filter(is_this);
    let on_path = || {
        let name = program.file_name().filter(|_| !called.as_os_str().is_empty())?;
        let names = [called.file_name().unwrap_or(name), name];
        let folders = env::split_paths(search?).filter(|folder| folder.is_absolute());
        folders.flat_map(|folder| names.map(|name| folder.join(name))).find(is_this)
    };
    as_called.or_else(on_path).unwrap_or_else(|| program.to_path_buf())
}
