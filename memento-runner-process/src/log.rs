//! What a worker prints.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// How many lines are kept for errors, and how many bytes of each: enough to see behind a backtrace.
const LINES: usize = 128;
const LENGTH: u64 = 1 << 10;
/// How long the end of the output is waited for when the worker has ended: what it started may hold it open.
const PATIENCE: Duration = Duration::from_millis(500);

/// The last lines of a worker's output.
#[derive(Debug, Default)]
pub(crate) struct Log {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    has_ended: bool,
    /// Which function the worker runs.
    function: &'static str,
}

impl Log {
    /// A log of `output`, which a thread reads to its end: that of the worker with this process.
    pub(crate) fn start(output: impl Read + Send + 'static, process: u32) -> Arc<Self> {
        let log = Arc::new(Self::default());
        let of_thread = Arc::clone(&log);
        let thread = std::thread::Builder::new().name(format!("output of worker {process}"));
        if thread.spawn(move || of_thread.read(output, process)).is_err() {
            log.end();
        }
        log
    }

    fn read(&self, output: impl Read, process: u32) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        // A longer line comes in pieces.
        while output.by_ref().take(LENGTH).read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            let function = {
                let mut state = self.state.lock();
                if state.lines.len() == LINES {
                    state.lines.pop_front();
                }
                state.lines.push_back(text.to_owned());
                state.function
            };
            tracing::info!(worker = process, function, "{text}");
            line.clear();
        }
        self.end();
    }

    fn end(&self) {
        self.state.lock().has_ended = true;
        self.ended.notify_all();
    }

    /// Notes which function the worker runs from now on.
    pub(crate) fn set_function(&self, function: &'static str) {
        self.state.lock().function = function;
    }

    /// The last lines of a worker that has ended.
    pub(crate) fn tail(&self) -> String {
        let mut state = self.state.lock();
        self.ended.wait_while_for(&mut state, |state| !state.has_ended, PATIENCE);
        state.lines.make_contiguous().join("\n")
    }
}
