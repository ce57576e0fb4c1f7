//! `completions`: each shell gets a script that knows the subcommands and the flags.

use super::run;

#[tokio::test]
async fn each_shell_gets_a_script_of_its_own() {
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

#[tokio::test]
async fn a_wrong_setting_does_not_leave_a_shell_without() {
    let ran = run(&["completions", "bash"], &[("OLLAMA_HOST", "http://:no-port")]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.contains("complete -F"), "{}", ran.stdout);
}

#[tokio::test]
async fn an_unknown_shell_is_told_of_the_known_ones() {
    let ran = run(&["completions", "tcsh"], &[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    for word in ["tcsh", "bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
}
