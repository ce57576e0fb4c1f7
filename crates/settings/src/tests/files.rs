//! Files as attachments: which directories are allowed.

use std::path::PathBuf;

use crate::files::allowed;
use crate::{Settings, Sources, registry};

#[test]
fn directories_come_from_flags_the_environment_and_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let load = |flags: &[&str], environment: &[(&str, &str)], file: &str| {
        std::fs::write(directory.path().join("config.toml"), file).unwrap();
        let flags = flags.iter().map(|dir| (registry::ALLOWED_DIRS.info(), (*dir).to_owned())).collect();
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let sources = Sources {
            flags,
            environment,
            config_dir: Some(directory.path().to_path_buf()),
            ..Sources::default()
        };
        Settings::load(&sources)
            .map(|loaded| loaded.settings.files.allowed)
            .map_err(|error| error.to_string())
    };
    let paths = |paths: &[&str]| Ok(paths.iter().map(PathBuf::from).collect::<Vec<_>>());
    let environment = [("OLLAMA_MCP_ALLOWED_DIRS", "/c:/d")];
    let file = "allowed_dirs = [\"/e\", \"/f\"]";
    assert_eq!(load(&["/a", "/b"], &environment, file), paths(&["/a", "/b"]));
    assert_eq!(load(&[], &environment, file), paths(&["/c", "/d"]));
    assert_eq!(load(&[], &[], file), paths(&["/e", "/f"]));
    assert_eq!(load(&[], &[], "allowed_dirs = \"/e:/f\""), paths(&["/e", "/f"]));
    assert_eq!(load(&[""], &[], ""), paths(&[]));
    assert!(load(&["."], &[], "").unwrap_err().contains("--allow-dir"));
    assert!(load(&[], &[], "allowed_dirs = [1]").unwrap_err().contains("an array of strings"));
}

#[test]
fn lists_need_absolute_paths() {
    assert_eq!(allowed("/a:/b b/c").unwrap(), [PathBuf::from("/a"), PathBuf::from("/b b/c")]);
    assert_eq!(allowed("/a::").unwrap(), [PathBuf::from("/a")]);
    assert!(allowed("~/x").unwrap()[0].is_absolute());
    assert!(allowed("~/x").unwrap()[0].ends_with("x"));
    for wrong in ["a", "/a:b", "${workspaceFolder}", "~someone/x"] {
        assert!(allowed(wrong).unwrap_err().text.contains("is not an absolute path"), "{wrong}");
    }
    assert!(allowed("/a/../b").unwrap_err().text.contains("without \"..\""));
}
