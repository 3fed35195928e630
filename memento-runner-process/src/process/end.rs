//! How a worker ends.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use memento::{Error, ErrorKind};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{Loss, Process};

/// How long a worker may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(2);

impl Process {
    /// Whether it has not ended.
    pub(crate) fn is_alive(&self) -> bool {
        !self.has_ended()
    }

    /// The error of a call of `function` that this worker was lost with, after so many tries.
    pub(crate) fn lost(mut self, loss: &Loss, function: &str, tries: u32) -> Error {
        let mut error = Error::new(ErrorKind::Worker, "run a memento function")
            .with("function", function)
            .with("worker", format!("process {}", self.number));
        if tries > 1 {
            error = error.with("tries", tries);
        }
        match loss {
            Loss::Timeout(timeout) => {
                self.kill();
                let end = self.end();
                error
                    .because(format!(
                        "it took longer than {timeout:?}, so its worker was killed: it {end}"
                    ))
                    .help("set `timeout` in `[runner]` to more")
            }
            Loss::Other(reason) if reason.kind() == io::ErrorKind::InvalidData => error.because(
                format!("its worker wrote what makes no sense ({reason}); it {}", self.end()),
            ),
            Loss::Other(_) => error.because(format!("its worker {}", self.end())),
        }
    }

    /// Ends it, if it has not ended; how it ended and what it printed last.
    pub(super) fn end(&mut self) -> End {
        // Behind a launcher, it ends when its input does, and the launcher, which tells how, when it has ended.
        self.close();
        let status = self.finish(if self.is_launched() { PATIENCE } else { PATIENCE / 20 });
        End { status, tail: self.log.tail() }
    }

    /// Waits until it has ended, but not for long: then it is killed. What its functions have started does not go on
    /// where a call was lost with it: that may be made again, and starts the same.
    fn finish(&mut self, patience: Duration) -> Option<ExitStatus> {
        if self.status.is_some() {
            return self.status;
        }
        let deadline = Instant::now() + patience;
        while !self.has_ended() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.is_lost || !self.has_ended() {
            self.kill();
        }
        self.status = self.child.wait().ok();
        self.status
    }

    /// Whether it has ended. Nobody else gets its number before it is waited for.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), options), Ok(None))
    }

    /// Kills it with all that is in its group.
    fn kill(&mut self) {
        if self.leads {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        // It may have left its group.
        let _ = self.child.kill();
    }

    /// Tells it to end.
    pub(crate) fn close(&mut self) {
        self.pipes.get_mut().close();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.close();
        self.finish(PATIENCE);
    }
}

/// How a worker ended.
pub(super) struct End {
    pub(super) status: Option<ExitStatus>,
    /// What it printed last.
    tail: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "ended with {status}")?,
            None => f.write_str("ended")?,
        }
        match &*self.tail {
            "" => f.write_str(", without output"),
            tail => write!(f, "; its last output: {tail}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::sync::mpsc;

    use super::*;
    use crate::Options;
    use crate::greeting::Greeting;

    /// What starts a process that does `what` when it has greeted.
    fn script(what: &str) -> [String; 3] {
        let script = format!("head -c 17 > /dev/null; {}; {what}", Greeting::script());
        ["sh".to_owned(), "-c".to_owned(), script]
    }

    /// Its number stays that of its group as long as what it started, which nobody but a signal keeps from echoing.
    #[test]
    fn a_worker_that_was_waited_for_is_not_killed_any_more() {
        let [shell, arguments @ ..] = script("exec 3<&0; cat <&3 &");
        let options = Options::new().program(shell).arguments(arguments);
        let mut process = Process::start(&options).unwrap();
        assert!(process.finish(Duration::from_mins(1)).unwrap().success());
        process.is_lost = true;
        assert!(process.finish(Duration::ZERO).unwrap().success());
        process.pipes.get_mut().write_all(b"x").unwrap();
        let mut echo = [0];
        process.pipes.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"x");
    }

    #[test]
    fn a_worker_that_is_not_in_its_group_is_killed() {
        let (sender, ended) = mpsc::channel();
        std::thread::spawn(move || {
            let options = Options::new().launcher(script("exec sleep infinity"));
            let mut process = Process::start(&options).unwrap();
            // It is in that of this process.
            process.leads = true;
            sender.send(process.finish(Duration::ZERO)).unwrap();
        });
        ended.recv_timeout(Duration::from_mins(1)).expect("nobody waits for it for ever");
    }
}
