//! What structure a text has, by the name of its file, or else by its content.

/// The structure of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Paragraphs.
    Prose,
    Markdown,
    /// Headings are marked by `=`.
    AsciiDoc,
    /// Headings are underlined; which line means which level is up to the text.
    ReStructuredText,
    /// Headings are marked by `*`.
    Org,
    Latex,
    /// Sections in brackets.
    Ini,
    /// Blocks by indentation.
    Code,
    /// Rows below a line of names.
    Table,
    /// A record on each line.
    Rows,
}

const MARKDOWN: &[&str] = &["markdown", "md", "mdc", "mdown", "mdx", "mkd", "qmd", "rmd"];
const PROSE: &[&str] = &["eml", "rtf", "srt", "text", "txt", "vtt"];
const CODE: &[&str] = &[
    "astro", "awk", "bash", "bat", "c", "cc", "clj", "cmake", "cpp", "cs", "css", "cu", "cxx", "dart",
    "diff", "el", "elm", "erl", "ex", "exs", "f90", "fish", "fs", "gd", "go", "gradle", "graphql", "groovy",
    "h", "hcl", "hpp", "hs", "htm", "html", "ipynb", "java", "jl", "js", "json", "json5", "jsonc", "jsx",
    "kt", "kts", "less", "lisp", "lua", "m", "mjs", "ml", "mm", "nim", "nix", "pas", "patch", "php", "pl",
    "plist", "pm", "proto", "ps1", "py", "pyi", "r", "rb", "rs", "sass", "scala", "scm", "scss", "sh", "sql",
    "svelte", "svg", "swift", "tcl", "tf", "ts", "tsx", "v", "vb", "vhdl", "vim", "vue", "wgsl", "xml",
    "xsl", "yaml", "yml", "zig", "zsh",
];
/// Kinds that are read as text by other means, or not at all; in an answer they are names of files all the same.
const OTHER: &[&str] = &["doc", "docx", "epub", "lock", "odt", "pdf", "ppt", "pptx", "xls", "xlsx"];

/// The kind of a text.
pub(crate) fn file_kind(name: &str, text: &str) -> FileKind {
    let extension = extension(name);
    match by_extension(&extension) {
        // Files of a plain name often hold Markdown.
        Some(FileKind::Prose) if has_markdown_headings(text) => FileKind::Markdown,
        Some(kind) => kind,
        None if looks_like_code(text) => FileKind::Code,
        None if has_markdown_headings(text) => FileKind::Markdown,
        None => FileKind::Prose,
    }
}

/// Whether a name has the extension of a file, as people name them in texts.
pub(crate) fn has_known_extension(name: &str) -> bool {
    let extension = extension(name);
    by_extension(&extension).is_some() || OTHER.contains(&extension.as_str())
}

/// In lower case, without the dot; empty if there is none.
fn extension(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.rsplit_once('.')
        .filter(|(stem, _)| !stem.is_empty())
        .map_or("", |(_, extension)| extension)
        .to_lowercase()
}

fn by_extension(extension: &str) -> Option<FileKind> {
    Some(match extension {
        "adoc" | "asciidoc" => FileKind::AsciiDoc,
        "rst" => FileKind::ReStructuredText,
        "org" => FileKind::Org,
        "tex" | "latex" => FileKind::Latex,
        "toml" | "ini" | "cfg" | "conf" | "properties" => FileKind::Ini,
        "csv" | "tsv" => FileKind::Table,
        "jsonl" | "ndjson" | "log" => FileKind::Rows,
        _ if MARKDOWN.contains(&extension) => FileKind::Markdown,
        _ if PROSE.contains(&extension) => FileKind::Prose,
        _ if CODE.contains(&extension) => FileKind::Code,
        _ => return None,
    })
}

/// The lines that a decision by content looks at.
fn first_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut end = text.len().min(16 * 1024);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().lines().filter(|line| !line.trim().is_empty())
}

fn has_markdown_headings(text: &str) -> bool {
    first_lines(text)
        .filter(|line| line.starts_with('#') && line.trim_start_matches('#').starts_with(' '))
        .count()
        > 1
}

fn looks_like_code(text: &str) -> bool {
    if text.starts_with("#!") {
        return true;
    }
    let (mut all, mut code) = (0_usize, 0_usize);
    for line in first_lines(text) {
        all += 1;
        let is_code = line.trim_end().ends_with(['{', '}', ';', '\\'])
            || line.starts_with(['\t', '}'])
            || line.contains(" = ")
            || line.contains("()");
        code += usize::from(is_code);
    }
    code * 10 > all * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_follows_from_name_then_content() {
        for (name, text, kind) in [
            ("a/README.md", "", FileKind::Markdown),
            ("A.MD", "", FileKind::Markdown),
            ("notes.txt", "A text.\nNo more.\n", FileKind::Prose),
            ("notes.txt", "# A\n\ntext\n\n# B\n", FileKind::Markdown),
            ("src/x.rs", "", FileKind::Code),
            ("Makefile", "all:\n\techo\n\trm x\n", FileKind::Code),
            ("run", "#!/bin/sh\nls\n", FileKind::Code),
            ("LICENSE", "Permission is hereby granted,\nfree of charge.\n", FileKind::Prose),
            ("x.csv", "", FileKind::Table),
            ("x.unknown", "int main() {\n}\n", FileKind::Code),
            (".gitignore", "target\n", FileKind::Prose),
        ] {
            assert_eq!(file_kind(name, text), kind, "{name}");
        }
        assert!(has_known_extension("contract.PDF") && !has_known_extension("tool.poetry"));
    }
}
