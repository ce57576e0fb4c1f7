//! Writes the man pages and the shell completions that the archives have, to `man/` and `completions/` of a folder.
//!
//! It is no part of the program, which so needs no generator of man pages.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).ok_or_else(|| io::Error::other("name the folder to write to"))?;
    write(Path::new(&folder))
}

fn write(folder: &Path) -> io::Result<()> {
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(ollama_mcp::cli::command_for_people(), &man)?;
    for entry in fs::read_dir(&man)? {
        let path = entry?.path();
        let page = fs::read_to_string(&path)?;
        fs::write(&path, with_lines(&page))?;
    }
    for (file, script) in ollama_mcp::cli::completion_scripts() {
        fs::write(completions.join(file), script)?;
    }
    Ok(())
}

/// A page whose examples keep their lines, and whose footer names the program: that of a subcommand would name the subcommand.
fn with_lines(page: &str) -> String {
    let mut text = String::new();
    let mut in_notes = false;
    for line in page.lines() {
        if line.starts_with(".SH") && in_notes {
            text.push_str(".fi\n");
            in_notes = false;
        }
        match line.strip_prefix(".TH ").and_then(|rest| rest.split_once(' ')) {
            Some((name, _)) => {
                text.push_str(&format!(".TH {name} 1 \"\" \"ollama-mcp {}\"\n", env!("CARGO_PKG_VERSION")));
            }
            None if line == ".SH EXTRA" => {
                text.push_str(".SH NOTES\n.nf\n");
                in_notes = true;
            }
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}
