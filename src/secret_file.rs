//! Secrets that settings give by the path of a file, as containers have them: neither the environment nor a command line shows
//! them.

use std::io::ErrorKind;
use std::path::Path;

/// A longer file holds no password and no key.
const MAX_BYTES: u64 = 4096;

/// The text of a file with a secret, without the ends of its last line. `setting` is the variable with the path, for errors.
///
/// # Errors
/// The file cannot be read, is no text, or is empty.
pub(crate) fn read(file: &Path, setting: &str) -> anyhow::Result<String> {
    let name = format!("{} ({setting})", file.display());
    let bytes = platform::read_regular(file, MAX_BYTES).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => anyhow::anyhow!(
            "{name} cannot be read: the user that runs this program needs the right to, which in a container is 65532"
        ),
        ErrorKind::IsADirectory => anyhow::anyhow!(
            "{name} cannot be read: it is a directory, which Docker makes where the file to be mounted does not exist"
        ),
        _ => anyhow::anyhow!("{name} cannot be read: {error}"),
    })?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is no text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!text.trim().is_empty(), "{name} is empty");
    Ok(text.to_owned())
}
