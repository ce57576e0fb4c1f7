//! Packs the relocations of the program where the system can unpack them: about 0.7 MB less memory at start, and less file.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let of_target = |name: &str| std::env::var(name).unwrap_or_default();
    let is_native = of_target("HOST") == of_target("TARGET");
    let is_glibc = of_target("CARGO_CFG_TARGET_OS") == "linux" && of_target("CARGO_CFG_TARGET_ENV") == "gnu";
    // A loader before glibc 2.36 refuses such a program.
    if is_native && is_glibc && glibc_minor().is_some_and(|minor| minor >= 36) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The 36 of "glibc 2.36".
fn glibc_minor() -> Option<u32> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().strip_prefix("glibc 2.")?.parse().ok()
}
