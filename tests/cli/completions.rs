//! `completions`: each shell gets a script that knows the subcommands and the flags.

use super::run;

#[tokio::test]
async fn each_shell_has_own_script() {
    let mut scripts = Vec::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = run(&["completions", shell], &[]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in ["doctor", "manifest", "completions", "ollama-host", "format"] {
            assert!(ran.stdout.contains(word), "{shell} does not complete {word}");
        }
        assert!(!scripts.contains(&ran.stdout), "{shell} got the script of another");
        scripts.push(ran.stdout);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn bash_completes_subcommands_flags_and_values() {
    let script = run(&["completions", "bash"], &[]).await.stdout;
    // What bash does when Tab is pressed: the words, the one to complete, and the one before it.
    let complete = "\n\
        f=$(complete -p ollama-mcp | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
        COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1))\n\
        $f ollama-mcp \"${COMP_WORDS[$COMP_CWORD]}\" \"${COMP_WORDS[$COMP_CWORD - 1]}\"\n\
        echo \"${COMPREPLY[@]}\"\n";
    // Too long for an argument.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{script}{complete}")).unwrap();
    for (typed, found) in [
        (&["inst"][..], &["install"][..]),
        (&["install", "--host", ""], &["vscode", "claude-code", "all"]),
        (&["install", "--sc"], &["--scope"]),
        (&["list-hosts", "--js"], &["--json"]),
        (&["completions", ""], &["bash", "zsh"]),
        (&["--ollama-h"], &["--ollama-host"]),
        (&["--provider", ""], &["ollama", "openai"]),
        (&["try", "--log", "de"], &["debug"]),
        (&["install", "--toolsets", ""], &["models", "all", "core"]),
        (&["--confirm", ""], &["auto", "elicit"]),
        (&["--model", ""], &[]),
    ] {
        let mut bash = tokio::process::Command::new("bash");
        bash.arg("--norc").arg(file.path()).arg("ollama-mcp").args(typed);
        let output = tokio::time::timeout(super::PATIENCE, bash.output()).await.expect("it ends").unwrap();
        let replies = String::from_utf8(output.stdout).unwrap();
        let replies: Vec<_> = replies.split_whitespace().collect();
        assert!(found.iter().all(|word| replies.contains(word)), "{typed:?} gives {replies:?}");
        assert!(!replies.contains(&"Cargo.toml"), "{typed:?} gives files: {replies:?}");
    }
    assert!(!script.contains("read-pdf"), "what is not for people is not completed");
}

#[tokio::test]
async fn wrong_setting_does_not_prevent_completion_script() {
    let ran = run(&["completions", "bash"], &[("OLLAMA_HOST", "http://:no-port")]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.contains("complete -F"), "{}", ran.stdout);
}

#[tokio::test]
async fn unknown_shell_error_lists_known_shells() {
    let ran = run(&["completions", "tcsh"], &[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    for word in ["tcsh", "bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
}
