//! `service`: with a stand-in for `systemctl` on the PATH, which starts and ends the server as systemd would.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::Ran;
use super::home::{Home, PROGRAM};

const UNIT: &str = ".config/systemd/user/ollama-mcp.service";

/// Records its calls in `$HOME/calls`, and runs the unit: its command and its variables, but for a free port.
pub(super) const SYSTEMCTL: &str = r#"#!/bin/sh
echo "$*" >>"$HOME/calls"
unit=$HOME/.config/systemd/user/ollama-mcp.service
end() { [ ! -e "$HOME/pid" ] || kill "$(cat "$HOME/pid")"; rm -f "$HOME/pid"; }
start() {
  sed -n 's/^Environment=/export /p' "$unit" >"$HOME/variables"
  . "$HOME/variables"
  eval "exec $(sed -n 's/^ExecStart=//p' "$unit") --listen 127.0.0.1:0" >"$HOME/log" 2>&1 &
  echo $! >"$HOME/pid"
}
case "$*" in
  *is-active*) if [ -e "$HOME/pid" ]; then echo active; else echo inactive; exit 3; fi ;;
  *enable*--now*) case "$*" in *disable*) end ;; *) start ;; esac ;;
  *restart*) end; start ;;
esac
"#;

/// What a machine without a user's systemd answers.
const NO_BUS: &str = "#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n";

/// A home with a program `systemctl`.
pub(super) struct Machine {
    pub(super) home: Home,
}

impl Machine {
    pub(super) fn new(systemctl: &str) -> Self {
        let home = Home::new();
        home.write("bin/systemctl", systemctl);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(home.path("bin/systemctl"), mode).unwrap();
        Self { home }
    }

    async fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let path = format!("{}:{}", self.home.path("bin").display(), std::env::var("PATH").unwrap());
        let mut variables = vec![("PATH", path.as_str())];
        variables.extend(environment);
        self.home.run_with(&[&["service"], arguments].concat(), &variables).await
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[]).await
    }

    fn unit(&self) -> PathBuf {
        self.home.path(UNIT)
    }

    /// The calls since the last look, but for questions.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.home.path("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.home.path("calls"));
        let changes = calls.lines().filter(|call| !call.contains("is-active"));
        changes.map(|call| call.trim_start_matches("--user ").to_owned()).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Ok(id) = fs::read_to_string(self.home.path("pid")) {
            let _ = std::process::Command::new("kill").arg(id.trim()).status();
        }
    }
}

#[tokio::test]
async fn unit_is_printed_and_nothing_changed() {
    let machine = Machine::new(SYSTEMCTL);
    for flag in ["--print", "--dry-run"] {
        let ran = machine.run(&["install", flag, "--listen", "5000", "--allow-dir", "."]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        let here = machine.home.0.path().canonicalize().unwrap().display().to_string();
        let text = ran.stdout.replace(PROGRAM, "/opt/ollama-mcp").replace(&here, "/work");
        insta::assert_snapshot!("systemd_unit", text);
    }
    assert!(!machine.unit().exists() && machine.calls().is_empty());
}

#[tokio::test]
async fn service_is_installed_changed_and_removed() {
    let machine = Machine::new(SYSTEMCTL);
    let ran = machine.run(&["install", "--model", "qwen3:8b"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("{} was written\n", machine.unit().display())), "{}", ran.stdout);
    assert!(ran.stdout.contains("ollama-mcp runs at http://127.0.0.1:"), "{}", ran.stdout);
    assert!(ran.stdout.contains("journalctl --user -u ollama-mcp\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("loginctl enable-linger\n"), "{}", ran.stdout);
    assert_eq!(machine.calls(), ["daemon-reload", "enable --now ollama-mcp.service"]);

    let ran = machine.run(&["status"]).await;
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("service  runs\n") && ran.stdout.contains("server   http://127.0.0.1:"));

    // The same again changes nothing, and it goes on.
    machine.calls();
    let ran = machine.run(&["install", "--model", "qwen3:8b"]).await;
    assert!(ran.stdout.contains("is up to date\n"), "{}", ran.stdout);
    assert_eq!(machine.calls(), ["daemon-reload", "enable ollama-mcp.service"]);

    // Another file is shown first.
    let before = machine.home.read(UNIT);
    machine.calls();
    let ran = machine.run(&["install", "--model", "qwen3:14b"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout
            .contains("-Environment=\"OLLAMA_MODEL=qwen3:8b\"\n+Environment=\"OLLAMA_MODEL=qwen3:14b\"\n")
    );
    assert!(ran.stderr.contains("differs and was not changed; --force replaces it"), "{}", ran.stderr);
    assert_eq!(machine.home.read(UNIT), before);
    assert!(machine.calls().is_empty());

    let ran = machine.run(&["install", "--model", "qwen3:14b", "--force"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(machine.home.read(UNIT).contains("qwen3:14b"));
    let restarted = ["daemon-reload", "enable ollama-mcp.service", "restart ollama-mcp.service"];
    assert_eq!(machine.calls(), restarted);

    machine.home.write(".config/systemd/user/ollama-mcp.service.d/override.conf", "[Service]\n");
    // Even with settings that no server would start with.
    let ran = machine.run_with(&["uninstall"], &[("OLLAMA_HOST", "http://:no-port")]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("ollama-mcp does not run any more\n"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("ollama-mcp.service.d has settings of your own and is kept"),
        "{}",
        ran.stdout
    );
    assert_eq!(machine.calls(), ["disable --now ollama-mcp.service", "daemon-reload"]);
    assert!(!machine.unit().exists());

    let ran = machine.run(&["uninstall"]).await;
    assert_eq!((ran.code, machine.calls().len()), (Some(0), 0));
    assert!(ran.stdout.starts_with("no service is installed"), "{}", ran.stdout);
    let ran = machine.run(&["status"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("not installed: ollama-mcp service install"), "{}", ran.stdout);
}

#[tokio::test]
async fn secrets_stay_out_of_unit_and_out_of_difference() {
    let machine = Machine::new(SYSTEMCTL);
    let secrets = [("OLLAMA_API_KEY", "hush-1"), ("DATABASE_URL", "postgres://ann:hush-2@db/x")];
    let ran = machine.run_with(&["install", "--print"], &secrets).await;
    assert_eq!(ran.code, Some(0));
    assert!(!ran.stdout.contains("hush") && !ran.stderr.contains("hush"), "{}{}", ran.stdout, ran.stderr);
    insta::assert_snapshot!(ran.stderr, @r#"
    ollama-mcp: OLLAMA_API_KEY holds a secret and is not written; the service reads it from config.toml: ollama_api_key = "..."
    ollama-mcp: DATABASE_URL holds a secret and is not written; docs/settings.md says which setting of config.toml takes its place
    "#);
    let own = format!("{}Environment=\"OLLAMA_API_KEY=hush-3\"\n", ran.stdout);
    machine.home.write(UNIT, &own);
    let ran = machine.run(&["install"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("-Environment=\"OLLAMA_API_KEY=***\"\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("hush"), "{}", ran.stdout);
}

#[tokio::test]
async fn without_systemd_file_is_written_and_command_named() {
    let machine = Machine::new(NO_BUS);
    let ran = machine.run(&["install"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(machine.unit().exists());
    for part in [
        "does not answer (Failed to connect to bus: No medium found)",
        "systemctl --user daemon-reload && systemctl --user enable --now ollama-mcp\n",
    ] {
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
    let ran = machine.run(&["status"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("service  not known: Failed to connect to bus"), "{}", ran.stdout);
    // What an earlier "enable" left.
    let link = machine.home.path(".config/systemd/user/default.target.wants/ollama-mcp.service");
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(machine.unit(), &link).unwrap();
    let ran = machine.run(&["uninstall"]).await;
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("was not ended: Failed to connect to bus"), "{}", ran.stderr);
    assert!(!machine.unit().exists() && link.symlink_metadata().is_err());
}

#[tokio::test]
async fn service_that_cannot_start_is_reported_with_its_log() {
    let machine = Machine::new(&SYSTEMCTL.replace("--listen 127.0.0.1:0", "--listen nowhere"));
    // As systemd sees it: the process has ended.
    let ends = "*is-active*) sleep 0.2; kill -0 \"$(cat \"$HOME/pid\")\" 2>/dev/null || { echo failed; exit 3; }; echo active ;;";
    let script = machine.home.read("bin/systemctl");
    machine.home.write(
        "bin/systemctl",
        &script.replacen("case \"$*\" in\n", &format!("case \"$*\" in\n  {ends}\n"), 1),
    );
    let ran = machine.run(&["install"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(
        ran.stderr
            .contains("does not listen (state: failed). Its log says why: journalctl --user -u ollama-mcp"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn files_and_servers_of_others_are_left_alone() {
    let machine = Machine::new(SYSTEMCTL);
    machine.home.write(UNIT, "[Service]\nExecStart=/bin/true\n");
    let ran = machine.run(&["uninstall"]).await;
    assert_eq!((ran.code, machine.calls().len()), (Some(1), 0));
    assert!(
        ran.stderr.contains("was not written by \"ollama-mcp service install\"; --force"),
        "{}",
        ran.stderr
    );
    machine.run(&["uninstall", "--force"]).await;
    assert!(!machine.unit().exists());

    let mut serve = crate::support::process::command(&machine.home.0);
    let mut serve =
        serve.args(["serve", "--listen", "127.0.0.1:0"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let address = machine.home.path(".local/share/ollama-mcp/serve.address");
    crate::support::process::until("the server listens", || {
        fs::read_to_string(&address).is_ok_and(|text| !text.is_empty())
    })
    .await;
    let ran = machine.run(&["install"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("a server that was started in another way runs at http://127.0.0.1:"),
        "{}",
        ran.stderr
    );
    serve.kill().await.unwrap();
}
