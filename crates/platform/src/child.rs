//! This program once more, for work that may take any time or memory: it is stopped from outside, and ends with its
//! parent.
//!
//! The child reads its input from stdin: its length as eight bytes, then as many bytes. Stdin stays open after that,
//! and its end means that the parent has gone. The child answers in lines of text on stdout.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::{Child as Process, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::{end_with_parent, this_program};

/// How often a wait looks whether it should stop.
const STOP_INTERVAL: Duration = Duration::from_millis(20);
/// Both threads only move bytes.
const STACK: usize = 64 * 1024;

/// A child process; it is killed when dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    lines: mpsc::Receiver<String>,
    /// Dropping it closes the child's stdin.
    _input: mpsc::Sender<()>,
}

/// What comes next from a child.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A line of its output, without its end.
    Line(String),
    /// It has ended, or wrote more than it may.
    End,
    /// The deadline has passed.
    TimedOut,
    /// Nobody wants it any more.
    Stopped,
}

impl Child {
    /// Starts this program with `subcommand`, which reads `input` and writes at most `max_output` bytes.
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
        // From here on an early return kills the process.
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

    /// Waits for the next line until `deadline`, or until `stopped` says so.
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
        // Whether it has ended already or not; neither can fail in a way that matters.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the child: reads the input, and from then on ends this process when the parent ends.
///
/// # Errors
/// The input is cut short.
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
        // Nothing more is ever sent: whatever comes is the end.
        let _ = stdin.read(&mut [0]);
        std::process::exit(1);
    })?;
    Ok(input)
}
