//! How the program is linked: which arguments, and where.

#[path = "../build/link_args.rs"]
mod link_args;

use link_args::{Link, link_args};

const ORDER: &str = "start.ld";
const PACKED: &str = "-Wl,-z,pack-relative-relocs";

const RELEASE: Link =
    Link { is_linux: true, glibc_minor: Some(36), is_optimized: true, is_configured: false };

#[test]
fn relocations_are_packed_where_loader_unpacks_them() {
    for (link, is_packed) in [
        (RELEASE, true),
        (Link { glibc_minor: Some(41), ..RELEASE }, true),
        (Link { is_optimized: false, is_configured: true, ..RELEASE }, true),
        (Link { glibc_minor: Some(35), ..RELEASE }, false),
        // musl, and builds for another machine.
        (Link { glibc_minor: None, ..RELEASE }, false),
        (Link { is_linux: false, glibc_minor: None, ..RELEASE }, false),
    ] {
        assert_eq!(link_args(link, ORDER).contains(&PACKED), is_packed, "{link:?}");
    }
}

#[test]
fn functions_are_ordered_where_linker_knows_scripts() {
    for (link, is_ordered) in [
        (RELEASE, true),
        (Link { glibc_minor: None, ..RELEASE }, true),
        (Link { is_linux: false, glibc_minor: None, ..RELEASE }, false),
        (Link { is_optimized: false, ..RELEASE }, false),
        (Link { is_configured: true, ..RELEASE }, false),
    ] {
        let args = link_args(link, ORDER);
        assert_eq!(args.windows(2).any(|pair| pair == ["-T", ORDER]), is_ordered, "{link:?}");
    }
}

/// A pattern with too few letters would move all functions.
#[test]
fn order_names_functions_with_hashes_of_any_build() {
    let script = include_str!("../build/start.ld");
    let (head, rest) = script.split_once(".text.start : {\n").unwrap();
    let (patterns, end) = rest.split_once("  }\n}\n").unwrap();
    assert!(head.ends_with("SECTIONS {\n  ") && end == "INSERT BEFORE .text;\n", "{head} {end}");
    assert!(patterns.lines().count() > 500);
    for line in patterns.lines() {
        let name = line.strip_prefix("    *(.text._").and_then(|rest| rest.strip_suffix(')'));
        let name = name.unwrap_or_else(|| panic!("{line}"));
        assert!(name.starts_with("ZN") && name.ends_with("17h*") || name.starts_with('R'), "{line}");
        assert!(name.replace('*', "").len() > 12, "{line}");
    }
}
