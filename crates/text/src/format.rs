//! Numbers as people read them.

/// Bytes in the unit that Ollama shows.
pub fn human_size(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        _ if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        _ if bytes >= 1e6 => format!("{:.0} MB", bytes / 1e6),
        _ => format!("{:.0} kB", bytes / 1e3),
    }
}

/// How far a pull is: `pulling gemma3:4b, 34% of 3.3 GB`, as far as it is known.
pub fn pulling(model: &str, done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) if total > 0 => {
            format!("pulling {model}, {:.0}% of {}", percent(done, total), human_size(total))
        }
        _ => format!("pulling {model}"),
    }
}

/// How much of `total`, which is not 0, is done.
pub fn percent(done: u64, total: u64) -> f64 {
    done as f64 / total as f64 * 100.0
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
