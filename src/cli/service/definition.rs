//! The file that describes the service to systemd or to launchd.

use std::fmt::Write as _;

/// The name of the unit without its ending, and the label of the launchd agent.
pub(super) const NAME: &str = "ollama-mcp";

/// A line of every file that `install` writes, as a comment.
pub(super) const MARK: &str =
    "Written by \"ollama-mcp service install\"; \"ollama-mcp service uninstall\" removes it.";

/// What hardens the unit. All of it works without privileges: a user's systemd can filter system calls, but mount nothing. So
/// `ProtectSystem=` and its like are not here: they would need a user namespace, which some distributions forbid.
const HARDENING: &str = "\
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
";

/// What the service runs.
#[derive(Debug)]
pub(super) struct Definition {
    /// The absolute path of this program.
    pub(super) program: String,
    /// The variables that it gets; none is secret.
    pub(super) environment: Vec<(String, String)>,
}

impl Definition {
    /// The unit of a user's systemd.
    pub(super) fn systemd_unit(&self) -> String {
        let mut environment = String::new();
        for (name, value) in &self.environment {
            let _ = writeln!(environment, "Environment={}", quoted(&format!("{name}={value}")));
        }
        // Exit code 2 is a wrong setting, which a restart does not change.
        format!(
            "# {MARK}\n\
             # Settings of your own: systemctl --user edit {NAME}, or config.toml.\n\
             \n\
             [Unit]\n\
             Description=ollama-mcp, the HTTP server of this user's models\n\
             StartLimitIntervalSec=120\n\
             StartLimitBurst=5\n\
             \n\
             [Service]\n\
             Type=exec\n\
             ExecStart={program} serve\n\
             {environment}\
             Restart=on-failure\n\
             RestartSec=5\n\
             RestartPreventExitStatus=2\n\
             {HARDENING}\
             \n\
             [Install]\n\
             WantedBy=default.target\n",
            program = quoted(&self.program),
        )
    }

    /// The property list of a launchd agent, which writes its log to this file.
    pub(super) fn launchd_agent(&self, log: &str) -> String {
        let (program, log) = (escaped(&self.program), escaped(log));
        let mut environment = String::new();
        if !self.environment.is_empty() {
            environment.push_str("  <key>EnvironmentVariables</key>\n  <dict>\n");
            for (name, value) in &self.environment {
                let (name, value) = (escaped(name), escaped(value));
                let _ = writeln!(environment, "    <key>{name}</key>\n    <string>{value}</string>");
            }
            environment.push_str("  </dict>\n");
        }
        // A failure is followed by a restart, at most one in 10 s, which is launchd's own limit.
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- {MARK} -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{NAME}</string>
  <key>ProgramArguments</key>
  <array>
    <string>{program}</string>
    <string>serve</string>
  </array>
{environment}  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>StandardOutPath</key>
  <string>{log}</string>
  <key>StandardErrorPath</key>
  <string>{log}</string>
</dict>
</plist>
"#
        )
    }
}

/// A word of a unit file, in quotes. `%` begins a specifier there.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Text as XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A file as it is shown: with `***` for the values of variables that are not `is_public`, since users add their own.
pub(super) fn redacted(text: &str, is_public: fn(&str) -> bool) -> String {
    let mut shown = String::new();
    // The last <key> of a property list; its strings follow it.
    let mut key = String::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        let indent = line.strip_suffix(trimmed).unwrap_or_default();
        if let Some(assignment) = trimmed.strip_prefix("Environment=") {
            let name = assignment.trim_start_matches(['"', '\'']).split('=').next().unwrap_or_default();
            // One line may set several variables.
            let is_one = assignment.starts_with('"') && assignment.matches("\" ").count() == 0;
            if !(is_one && is_public(name)) {
                let _ = writeln!(shown, "{indent}Environment=\"{name}=***\"");
                continue;
            }
        }
        if let Some((_, rest)) = trimmed.split_once("<key>") {
            key = rest.split('<').next().unwrap_or_default().to_owned();
        }
        let is_variable =
            key.bytes().any(|byte| byte == b'_') || key.bytes().all(|byte| byte.is_ascii_uppercase());
        if trimmed.contains("<string>") && is_variable && !key.is_empty() && !is_public(&key) {
            let _ = writeln!(shown, "{indent}<string>***</string>");
        } else {
            let _ = writeln!(shown, "{line}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Definition {
            program: "/opt/my \"tools\" & 100%/ollama-mcp".to_owned(),
            environment: vec![
                variable("OLLAMA_HOST", "http://127.0.0.1:11434"),
                variable("OLLAMA_MCP_ALLOWED_DIRS", "/srv/a <b>:/srv/c\\d"),
            ],
        }
    }

    #[test]
    fn unit_quotes_paths_and_values() {
        insta::assert_snapshot!(definition().systemd_unit());
    }

    #[test]
    fn agent_escapes_paths_and_values() {
        insta::assert_snapshot!(definition().launchd_agent("/Users/ann/Library/Logs/ollama-mcp.log"));
    }

    #[test]
    fn agent_without_settings_has_no_environment() {
        let agent = Definition { program: "/p".to_owned(), environment: Vec::new() }.launchd_agent("/l");
        assert!(!agent.contains("EnvironmentVariables"), "{agent}");
        assert!(agent.contains("</array>\n  <key>RunAtLoad</key>"), "{agent}");
    }

    #[test]
    fn values_of_unknown_variables_are_not_shown() {
        let is_public = |name: &str| name == "OLLAMA_HOST";
        let mut definition = definition();
        definition.environment.push(("OLLAMA_API_KEY".to_owned(), "hush".to_owned()));
        for text in [definition.systemd_unit(), definition.launchd_agent("/l")] {
            let shown = redacted(&text, is_public);
            assert!(!shown.contains("hush") && shown.contains("http://127.0.0.1:11434"), "{shown}");
        }
        let own =
            "Environment=A=hush B=hush\nEnvironment=\"OLLAMA_HOST=x\" \"B=hush\"\nEnvironment='C=hush'\n";
        let shown = redacted(own, is_public);
        assert!(!shown.contains("hush") && shown.contains("A=***"), "{shown}");
    }
}
