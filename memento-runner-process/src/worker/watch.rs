//! A worker does not outlive its parent.
//!
//! The system closes the parent's end of the pipe when the parent ends, however it does. That wakes a thread that waits
//! for nothing else, while the others may be in the middle of a function. (`PR_SET_PDEATHSIG` would do the same on
//! Linux, without a launcher, and also when a mere thread of the parent ends that started the worker.)

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group, kill_process};

static IS_BUSY: AtomicBool = AtomicBool::new(false);

/// How long a worker without work may take to exit.
const PATIENCE: Duration = Duration::from_secs(1);

/// Ends this process when whoever writes to `input` is gone.
pub(super) fn start(input: &File) -> io::Result<()> {
    let input = input.try_clone()?;
    let watch = move || {
        // Nothing is asked for; that the other end is closed is told always.
        let mut files = [PollFd::from_borrowed_fd(input.as_fd(), PollFlags::empty())];
        while poll(&mut files, None) == Err(Errno::INTR) {}
        if !IS_BUSY.load(Ordering::Acquire) {
            // It has seen the end of its input, too.
            std::thread::sleep(PATIENCE);
        }
        // In the middle of a function, an orderly exit might never come to its end; and what functions have started
        // would go on, out of the reach of the terminal.
        if getpgrp() == getpid() {
            let _ = kill_current_process_group(Signal::KILL);
        }
        let _ = kill_process(getpid(), Signal::KILL);
    };
    std::thread::Builder::new().name("watch for the parent".to_owned()).spawn(watch).map(drop)
}

/// There is work as long as this lives.
pub(super) struct Busy;

/// Notes that there is work.
pub(super) fn busy() -> Busy {
    IS_BUSY.store(true, Ordering::Release);
    Busy
}

impl Drop for Busy {
    fn drop(&mut self) {
        IS_BUSY.store(false, Ordering::Release);
    }
}
