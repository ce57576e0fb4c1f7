//! Writes the man pages and the shell completions that the archives have, to `man/` and `completions/` of a folder.
//!
//! It is no part of the program, which so needs no generator of man pages.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("pages: name the folder to write to");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pages: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> io::Result<()> {
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(ollama_mcp::cli::command_for_people(), &man)?;
    for (file, script) in ollama_mcp::cli::completion_scripts() {
        fs::write(completions.join(file), script)?;
    }
    Ok(())
}
