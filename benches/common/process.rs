//! What a process holds, as Linux reports it.

use std::time::Duration;

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Bytes that are resident now.
    pub(crate) resident: u64,
    /// The maximum of that so far.
    pub(crate) peak: u64,
    pub(crate) threads: usize,
    /// Open descriptors.
    pub(crate) files: usize,
}

/// `None` where the system has no `/proc`.
pub(crate) fn usage(process: u32) -> Option<Usage> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some(Usage {
        resident: number("VmRSS:")? * 1024,
        peak: number("VmHWM:")? * 1024,
        threads: usize::try_from(number("Threads:")?).ok()?,
        files: std::fs::read_dir(format!("/proc/{process}/fd")).ok()?.count(),
    })
}

/// The processor time so far; `None` as of [`usage`].
pub(crate) fn processor(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name: the 12th and the 13th field, in hundredths of a second on every current Linux.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}
