//! New models: from an installed one, or from the weights of a local GGUF file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::Transfers;
use crate::hint::Action;
use crate::models::name::check_model_name;
use crate::models::names_in_use::NameUse;
use crate::models::parameters::check_parameters;
use crate::tasks::job::{Job, JobOutput};
use crate::tasks::registry::Task;
use crate::{Caller, ErrorCode, HostFiles, ServiceError};
use files::Opened;
use providers::{FileStream, ProviderError};
use text::format::hex;
use types::{CreateRequest, Location, Role};

/// What Ollama quantizes to (`fs/ggml/type.go`, `ParseFileType`), whatever the case.
const QUANTIZATIONS: [&str; 7] = ["q4_K_M", "q4_K_S", "q4_K", "q8_0", "f16", "bf16", "f32"];

/// How every GGUF file begins.
const GGUF_MAGIC: &[u8] = b"GGUF";

/// Bytes that are read and sent at once.
const CHUNK: usize = 1 << 20;

/// Chunks that are read ahead of the connection.
const AHEAD: usize = 2;

/// The weights of a new model: an open file that begins as a GGUF does.
#[derive(Debug)]
pub struct GgufFile {
    file: File,
    name: String,
    size: u64,
}

impl GgufFile {
    /// Checks how a file begins. `name` is what it is called in texts, and `size` counts bytes.
    ///
    /// # Errors
    /// `invalid_argument` for a file that is no GGUF, or cannot be read.
    async fn check(mut file: File, name: String, size: u64) -> Result<Self, ServiceError> {
        let read = tokio::task::spawn_blocking(move || {
            let mut start = [0; GGUF_MAGIC.len()];
            file.read_exact(&mut start)?;
            Ok::<_, io::Error>((file, start))
        });
        match read.await.map_err(|_| ServiceError::internal())? {
            Ok((file, start)) if start == GGUF_MAGIC => Ok(Self { file, name, size }),
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(unreadable(&error)),
            _ => Err(ServiceError::invalid(
                "gguf",
                format!("{name:?} is not a GGUF file: it does not begin with GGUF"),
            )
            .with_hint(
                "Other weights, such as safetensors, are converted by \"ollama create\" on the command line.",
            )),
        }
    }
}

impl Transfers {
    /// Opens a GGUF file below the allowed directories.
    ///
    /// # Errors
    /// `attachment_denied`, also where the server is another machine and the settings keep files here;
    /// `attachment_unreadable`; `invalid_argument` for a file that is no GGUF.
    pub async fn open_weights(&self, right: HostFiles, path: &str) -> Result<GgufFile, ServiceError> {
        if let Location::Remote(host) = self.models.location(None)
            && !self.files.settings.allow_remote
        {
            return Err(ServiceError::new(
                ErrorCode::AttachmentDenied,
                format!("gguf: the file would leave this machine for {host}"),
            )
            .with_hint(Action::AllowRemoteFiles));
        }
        let Opened { file, name, size } = self.files.open(right, "gguf", path).await?;
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        GgufFile::check(file, name, size).await
    }

    /// Checks what can be checked of a new model before anything is done or anybody asked.
    ///
    /// # Errors
    /// `invalid_argument`; `model_not_found` for a `from` that is not installed, which Ollama would
    /// download in silence.
    pub async fn check_creation(
        &self,
        caller: &Caller,
        request: &mut CreateRequest,
        gguf: Option<&str>,
    ) -> Result<(), ServiceError> {
        self.models.ollama_api()?;
        check_model_name("model", &request.model)?;
        self.models.check_may_install(caller, &request.model)?;
        if let Some(quantize) = &request.quantize
            && !QUANTIZATIONS.iter().any(|known| known.eq_ignore_ascii_case(quantize))
        {
            let known = QUANTIZATIONS.join(", ");
            return Err(ServiceError::invalid("quantize", format!("is {quantize:?}; Ollama makes {known}")));
        }
        check_parameters(&mut request.parameters)?;
        if let Some(index) = request.messages.iter().position(|message| message.role == Role::Tool) {
            return Err(ServiceError::invalid(
                &format!("messages[{index}].role"),
                "is \"tool\"; it must be system, user or assistant",
            ));
        }
        match (&request.from, gguf) {
            (Some(_), Some(_)) => {
                Err(ServiceError::invalid("gguf", "and from are both given; give one of them"))
            }
            (None, None) => Err(ServiceError::invalid(
                "from",
                "or gguf is missing; give the installed model, or the file, to start from",
            )),
            (None, Some(_)) => Ok(()),
            (Some(from), None) => {
                check_model_name("from", from)?;
                match self.models.installed(caller, from).await? {
                    Some(_) => Ok(()),
                    None => Err(self.models.missing(caller, from).await),
                }
            }
        }
    }

    /// Creates a model, from an installed one or from `weights`, whose file is uploaded first.
    ///
    /// # Errors
    /// `unsupported`. What goes wrong later is the job's outcome.
    pub fn start_create(
        self: &Arc<Self>,
        caller: &Caller,
        mut request: CreateRequest,
        weights: Option<GgufFile>,
        reserved: NameUse,
    ) -> Result<Arc<Task>, ServiceError> {
        self.models.ollama_api()?;
        let texts = [&request.system, &request.template, &request.license];
        let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
        let messages = request.messages.iter().map(|message| message.content.len()).sum::<usize>();
        let held = self.tasks.memory.hold(&caller.owner, texts + messages)?;
        let report = crate::transfers::pull::report("create", &request.model);
        let (transfers, asking) = (Arc::clone(self), caller.clone());
        Ok(self.tasks.registry.start_job(&caller.owner, "creating", report, move |job| async move {
            let (_reserved, _held) = (reserved, held);
            if let Some(weights) = weights {
                let name = weights.name.clone();
                let digest = transfers.upload(&asking, &job, weights).await?;
                request.files.push((name, digest));
            }
            let _changing = transfers.models.names.change(&request.model)?;
            let stream = match transfers.models.ollama_api()?.create(&request).await {
                Ok(stream) => stream,
                Err(error) => return Err(transfers.creation_error(&asking, error).await),
            };
            match crate::transfers::pull::track(&job, stream, &mut false).await {
                Ok(()) => {
                    transfers.models.installed_changed(&request.model);
                    Ok(())
                }
                Err(error) => Err(transfers.creation_error(&asking, error).await),
            }
        }))
    }

    /// Brings a file to the server, unless it has it, and gives its digest. Reading it is half of the work.
    async fn upload(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        weights: GgufFile,
    ) -> Result<String, ServiceError> {
        let GgufFile { file, name, size } = weights;
        let (file, digest) = digest(Arc::clone(job), file, name.clone(), size).await?;
        let has_it = match self.models.ollama_api()?.has_blob(&digest).await {
            Ok(has_it) => has_it,
            Err(error) => return Err(self.models.explain(caller, error).await),
        };
        if has_it {
            report_progress(job, "the server has the file already", size, size, size);
            return Ok(digest);
        }
        let body = chunks(file, Arc::clone(job), format!("uploading {name}"), size);
        match self.models.ollama_api()?.upload_blob(&digest, size, body).await {
            Ok(()) => Ok(digest),
            Err(error) => Err(self.creation_error(caller, error).await),
        }
    }

    /// What is wrong with the files is wrong with the argument that named them.
    async fn creation_error(&self, caller: &Caller, error: ProviderError) -> ServiceError {
        match error {
            ProviderError::InvalidRequest { argument, .. } if argument == "digest" => {
                tracing::info!("the server found another digest");
                changed("it was read and uploaded with different content")
            }
            ProviderError::InvalidRequest { argument, reason } if argument == "files" => {
                ServiceError::invalid("gguf", reason)
            }
            ProviderError::SourceFile { reason } => changed(&reason),
            error => self.models.explain(caller, error).await,
        }
    }
}

fn changed(how: &str) -> ServiceError {
    ServiceError::invalid("gguf", format!("changed, or cannot be read to its end: {how}"))
        .with_hint("Call again once nothing writes to it.")
}

fn unreadable(error: &io::Error) -> ServiceError {
    ServiceError::invalid("gguf", format!("cannot be read: {}", error.kind()))
}

/// The SHA-256 of a file, as Ollama names its blobs. Dropped, it stops reading.
async fn digest(
    job: Arc<Job>,
    mut file: File,
    name: String,
    size: u64,
) -> Result<(File, String), ServiceError> {
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let _guard = stop.drop_guard();
    let read = tokio::task::spawn_blocking(move || {
        file.rewind()?;
        let (mut hash, mut done, mut buffer) = (Sha256::new(), 0, vec![0; CHUNK]);
        while !stopped.is_cancelled() {
            let count = file.read(&mut buffer)?;
            let Some(chunk) = buffer.get(..count).filter(|chunk| !chunk.is_empty()) else { break };
            hash.update(chunk);
            done += count as u64;
            report_progress(&job, &format!("reading {name}"), 0, done, size);
        }
        file.rewind()?;
        let hex = hex(&hash.finalize());
        Ok::<_, io::Error>((file, done, format!("sha256:{hex}")))
    });
    match read.await.map_err(|_| ServiceError::internal())? {
        Ok((_, done, _)) if done != size => {
            Err(changed(&format!("{done} bytes were read where it had {size}")))
        }
        Ok((file, _, digest)) => Ok((file, digest)),
        Err(error) => Err(unreadable(&error)),
    }
}

/// A file as a stream that counts what is taken. Dropped, it stops reading.
fn chunks(mut file: File, job: Arc<Job>, status: String, size: u64) -> FileStream {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut buffer = vec![0; CHUNK];
            let chunk = match file.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    buffer.truncate(count);
                    Ok(Bytes::from(buffer))
                }
                Err(error) => Err(error),
            };
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    });
    stream::unfold((receiver, 0), move |(mut receiver, done)| {
        let (job, status) = (Arc::clone(&job), status.clone());
        async move {
            let chunk = receiver.recv().await?;
            let done = done + chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
            report_progress(&job, &status, size, done, size);
            Some((chunk, (receiver, done)))
        }
    })
    .boxed()
}

/// Reports how far one phase is, in bytes; `before` were done in those before it.
fn report_progress(job: &Job, status: &str, before: u64, done: u64, size: u64) {
    job.advance(|state| {
        status.clone_into(&mut state.status);
        state.done = (before + done) as f64;
        // It is read once for its digest, and once for the server.
        state.total = Some(size as f64 * 2.0);
        let JobOutput::Transfer(report) = &mut state.report else { return };
        status.clone_into(&mut report.status);
        report.completed_bytes = Some(done);
        report.total_bytes = Some(size);
    });
}
