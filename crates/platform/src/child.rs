//! This program as a child process, for work that may take any time or memory: the parent can kill it, and it ends when
//! the parent ends.
//!
//! The child reads its input from stdin: the length in eight bytes (little endian), then that many bytes. Stdin stays open
//! after that; its end means that the parent has gone. The child writes lines of text to stdout.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::{Child as Process, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::{end_with_parent, this_program};

/// Between two checks of `stopped`.
const STOP_INTERVAL: Duration = Duration::from_millis(20);
/// Both threads only copy bytes.
const STACK: usize = 64 * 1024;

/// A child process, killed when it is dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    lines: mpsc::Receiver<String>,
    /// Dropping this closes the child's stdin.
    _input: mpsc::Sender<()>,
}

/// What [`Child::next`] waited for.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A line of output, without its line break.
    Line(String),
    /// The child has ended, or wrote more than it may.
    End,
    /// The deadline has passed.
    TimedOut,
    /// `stopped` returned `true`.
    Stopped,
}

impl Child {
    /// Starts this program with `subcommand`, which reads `input`. Of its output, `max_output` bytes are read.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(subcommand: &str, input: Vec<u8>, max_output: u64) -> io::Result<Self> {
        let mut process = Command::new(this_program()?)
            .arg(subcommand)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        let (sender, lines) = mpsc::channel();
        let (keep_open, kept_open) = mpsc::channel::<()>();
        // From here on, an early return kills the process.
        let child = Self { process, lines, _input: keep_open };
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        // Both threads end with the child.
        Builder::new().name("child-input".to_owned()).stack_size(STACK).spawn(move || {
            let length = (input.len() as u64).to_le_bytes();
            let written = stdin.write_all(&length).and_then(|()| stdin.write_all(&input));
            drop(input);
            if written.is_ok() {
                // Ends when the sender is dropped.
                let _ = kept_open.recv();
            }
        })?;
        Builder::new().name("child-output".to_owned()).stack_size(STACK).spawn(move || {
            let lines = BufReader::new(stdout.take(max_output)).lines();
            lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
        })?;
        Ok(child)
    }

    /// Waits for the next line until `deadline`, or until `stopped` returns `true`.
    pub fn next(&self, deadline: Instant, stopped: &dyn Fn() -> bool) -> Next {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left.min(STOP_INTERVAL)) {
                Ok(line) => return Next::Line(line),
                Err(RecvTimeoutError::Disconnected) => return Next::End,
                Err(RecvTimeoutError::Timeout) if stopped() => return Next::Stopped,
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Next::TimedOut,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only if the child has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the child: reads the input, and then ends this process as soon as the parent ends.
///
/// # Errors
/// The input is incomplete.
pub fn read_input() -> io::Result<Vec<u8>> {
    end_with_parent();
    let mut stdin = io::stdin();
    let mut length = [0; 8];
    stdin.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    let mut input = Vec::new();
    if Read::by_ref(&mut stdin).take(length).read_to_end(&mut input)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Builder::new().name("parent-watch".to_owned()).stack_size(STACK).spawn(move || {
        // Nothing more is sent, so the read returns only at the end of the input.
        let _ = stdin.read(&mut [0]);
        std::process::exit(1);
    })?;
    Ok(input)
}
