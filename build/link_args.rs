//! Which arguments the program's linker gets. A test includes this file, too.

/// What decides: the target and the linker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) is_linux: bool,
    /// The minor version of the glibc that the program is built for on its own system; `None` elsewhere.
    pub(crate) glibc_minor: Option<u32>,
    pub(crate) is_optimized: bool,
    /// The linker, or an argument of it, is set by the user.
    pub(crate) is_configured: bool,
}

/// The arguments; `order` is the path of the linker script.
pub(crate) fn link_args(link: Link, order: &str) -> Vec<&str> {
    let mut args = Vec::new();
    // A loader before glibc 2.36 refuses such a program. Saves 0.7 MB of memory at start, and of the file.
    if link.is_linux && link.glibc_minor.is_some_and(|minor| minor >= 36) {
        args.push("-Wl,-z,pack-relative-relocs");
    }
    // What runs at start side by side: the kernel maps 64 KB around each page that runs, so otherwise it maps most of the
    // program. Saves 3 MB of memory at start. GNU ld and LLD know such a script; another linker may not.
    if link.is_linux && link.is_optimized && !link.is_configured {
        args.extend(["-T", order]);
    }
    args
}
