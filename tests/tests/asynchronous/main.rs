//! Async functions: their results, on any executor.
#![allow(clippy::unused_async, reason = "what is awaited is the call")]

mod batches;
mod flights;
mod modifiers;
mod processes;
mod provenance;
mod results;
mod shapes;
mod stores;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, Waker};

use parking_lot::Mutex;

/// What tasks wait for until a test opens it.
struct Gate(Mutex<(bool, Vec<Waker>)>);

impl Gate {
    const fn new() -> Self {
        Self(Mutex::new((false, Vec::new())))
    }

    fn open(&self) {
        let wakers = {
            let mut state = self.0.lock();
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock();
            if state.0 {
                return Poll::Ready(());
            }
            state.1.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Polls `future` so many times, whether it asks for it or not. It does not end by that.
async fn poll_times<F: Future>(future: &mut Pin<Box<F>>, times: usize) {
    let mut polled = 0;
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "it has not ended");
        polled += 1;
        if polled == times {
            return Poll::Ready(());
        }
        std::thread::yield_now();
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// So often that it has looked its result up, and waits for another task that computes it; or is about to.
const UNTIL_IT_WAITS: usize = 1_000;

/// Polls `future` until `gate` is open. It does not end before that.
async fn poll_until<F: Future>(future: &mut Pin<Box<F>>, gate: &Gate) {
    let mut gate = Box::pin(gate.wait());
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "it has not ended");
        gate.as_mut().poll(context)
    })
    .await;
}
