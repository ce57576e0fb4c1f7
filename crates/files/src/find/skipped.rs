//! What was left out, counted: a folder can have thousands of such files.

/// How many names are told of each reason.
const NAMES: usize = 3;

/// Endings of files that are no text, whatever they are. What is missing here is told once it is read.
const NO_TEXT: &[&str] = &[
    // Archives and packages.
    "7z",
    "ar",
    "apk",
    "br",
    "bz2",
    "crate",
    "deb",
    "dmg",
    "gz",
    "iso",
    "jar",
    "lz4",
    "msi",
    "nupkg",
    "rar",
    "rpm",
    "tar",
    "tgz",
    "war",
    "whl",
    "xz",
    "zip",
    "zst",
    // Images.
    "avif",
    "bmp",
    "gif",
    "heic",
    "icns",
    "ico",
    "jpeg",
    "jpg",
    "jxl",
    "png",
    "psd",
    "tif",
    "tiff",
    "webp",
    // Sound and video.
    "aac",
    "aiff",
    "avi",
    "flac",
    "m4a",
    "m4v",
    "mid",
    "mkv",
    "mov",
    "mp3",
    "mp4",
    "mpeg",
    "mpg",
    "oga",
    "ogg",
    "ogv",
    "opus",
    "wav",
    "webm",
    "wma",
    "wmv",
    // Fonts.
    "eot",
    "otf",
    "ttc",
    "ttf",
    "woff",
    "woff2",
    // Programs.
    "a",
    "bin",
    "class",
    "dll",
    "dylib",
    "elf",
    "exe",
    "lib",
    "node",
    "o",
    "obj",
    "pdb",
    "pyc",
    "pyd",
    "pyo",
    "rlib",
    "rmeta",
    "so",
    "wasm",
    // Databases, data and models.
    "accdb",
    "arrow",
    "db",
    "feather",
    "gguf",
    "ggml",
    "h5",
    "hdf5",
    "mdb",
    "npy",
    "npz",
    "onnx",
    "parquet",
    "pickle",
    "pkl",
    "pt",
    "pth",
    "safetensors",
    "sqlite",
    "sqlite3",
    // Documents that nothing here reads.
    "doc",
    "docx",
    "epub",
    "odp",
    "ods",
    "odt",
    "pages",
    "ppt",
    "pptx",
    "xls",
    "xlsb",
    "xlsx",
];

/// Whether a name shows that nothing here reads the file as text.
pub(super) fn holds_no_text(name: &str) -> bool {
    let Some((_, ending)) = name.rsplit_once('.') else { return false };
    let ending = ending.to_lowercase();
    NO_TEXT.contains(&ending.as_str()) || (!cfg!(feature = "pdf") && ending == "pdf")
}

/// Why a file is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Secret,
    Private,
    NoText,
    TooLarge,
    Unreadable,
    NoUnicode,
    TooDeep,
}

#[derive(Default)]
pub(super) struct Skipped(Vec<(Reason, usize, Vec<String>)>);

impl Skipped {
    pub(super) fn add(&mut self, reason: Reason, name: impl FnOnce() -> String) {
        let (count, names) = match self.0.iter_mut().find(|(known, ..)| *known == reason) {
            Some((_, count, names)) => (count, names),
            None => {
                self.0.push((reason, 0, Vec::new()));
                let Some((_, count, names)) = self.0.last_mut() else { return };
                (count, names)
            }
        };
        *count += 1;
        if names.len() < NAMES && reason != Reason::NoText {
            names.push(name());
        }
    }

    pub(super) fn has(&self, reason: Reason) -> bool {
        self.0.iter().any(|(known, ..)| *known == reason)
    }

    /// A name and a predicate for each reason.
    pub(super) fn told(self, file_bytes: u64) -> Vec<(String, String)> {
        self.0
            .into_iter()
            .map(|(reason, count, names)| {
                (subject(reason, count, &names), predicate(reason, count == 1, file_bytes))
            })
            .collect()
    }
}

fn subject(reason: Reason, count: usize, names: &[String]) -> String {
    if reason == Reason::NoText {
        return if count == 1 {
            "1 file of another kind".to_owned()
        } else {
            format!("{count} files of other kinds")
        };
    }
    match names {
        [name] => name.clone(),
        names if names.len() == count => names.join(", "),
        names => format!("{} and {} more", names.join(", "), count - names.len()),
    }
}

fn predicate(reason: Reason, is_one: bool, file_bytes: u64) -> String {
    let kinds = if cfg!(feature = "pdf") { "text or PDF" } else { "text" };
    match (reason, is_one) {
        (Reason::Secret, true) => "looks like a secrets file".to_owned(),
        (Reason::Secret, false) => "look like secrets files".to_owned(),
        (Reason::Private, true) => "is a file of settings or data that can hold secrets".to_owned(),
        (Reason::Private, false) => "are files of settings or data that can hold secrets".to_owned(),
        (Reason::NoText, true) => format!("is not {kinds}"),
        (Reason::NoText, false) => format!("are not {kinds}"),
        (Reason::TooLarge, true) => format!("has more than {file_bytes} bytes"),
        (Reason::TooLarge, false) => format!("have more than {file_bytes} bytes"),
        (Reason::Unreadable, _) => "cannot be read".to_owned(),
        (Reason::NoUnicode, true) => "has a name that is not Unicode".to_owned(),
        (Reason::NoUnicode, false) => "have names that are not Unicode".to_owned(),
        (Reason::TooDeep, true) => "is in too many folders".to_owned(),
        (Reason::TooDeep, false) => "are in too many folders".to_owned(),
    }
}
