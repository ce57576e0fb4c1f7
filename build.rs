//! Links the program so that it takes less memory at start (`build/link_args.rs`).

#[path = "build/link_args.rs"]
mod link_args;

use std::path::Path;
use std::process::Command;

use link_args::{Link, link_args};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let is_native = variable("HOST") == variable("TARGET");
    let is_linux = variable("CARGO_CFG_TARGET_OS") == "linux";
    let is_glibc = is_linux && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    let link = Link {
        is_linux,
        glibc_minor: if is_native && is_glibc { glibc_minor() } else { None },
        is_optimized: variable("OPT_LEVEL") != "0",
        is_configured: !variable("RUSTC_LINKER").is_empty()
            || variable("CARGO_ENCODED_RUSTFLAGS").contains("link"),
    };
    let order = Path::new(&variable("CARGO_MANIFEST_DIR")).join("build").join("start.ld");
    for arg in link_args(link, &order.to_string_lossy()) {
        println!("cargo::rustc-link-arg-bins={arg}");
    }
}

/// The 36 of "glibc 2.36".
fn glibc_minor() -> Option<u32> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().strip_prefix("glibc 2.")?.parse().ok()
}
