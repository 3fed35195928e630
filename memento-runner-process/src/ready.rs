//! Waiting for the other end of a pipe, at first without going to sleep.

use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long the other end may take before this thread goes to sleep. To wake a thread on an idle processor takes longer
/// than most short calls do; who is waited for longer than this has the processor meanwhile.
const BRIEFLY: Duration = Duration::from_micros(25);

/// Waits briefly for something to read, or the end.
pub(crate) fn wait_briefly(pipe: &impl AsFd) {
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut files = [PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)];
    let began = Instant::now();
    while began.elapsed() < BRIEFLY {
        if poll(&mut files, Some(&at_once)) != Ok(0) {
            return;
        }
        thread::yield_now();
    }
}
