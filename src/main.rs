//! The binary: parse, run, exit code.

fn main() -> std::process::ExitCode {
    ollama_mcp::cli::main()
}
