//! Runners that have calls made elsewhere: by a worker that is a thread of this process.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock};

use memento::runner::{Accepted, Batch, Handover, Runner, Waited};
use memento::worker::{Parent, Worker};
use memento::{Error, ErrorKind, Result};
use memento_testkit::runner::{EXECUTING, RunnerSuite};
use parking_lot::Mutex;

use crate::Case;

/// What is wrong with a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    SwapsResponses,
    MakesCallsTwice,
    IgnoresWhatIsAsked,
    LosesLargeResponses,
    ForgetsWhatOthersCompute,
    ForgetsWhatMustRunHere,
    ForgetsWhatComesBackUnmade,
    GivesUpAfterABadResponse,
    WaitsWithCallsHandedOver,
    AcceptsInAnotherThread,
}

pub(crate) const CASES: &[Case<Wrong>] = &[
    Case(
        Wrong::SwapsResponses,
        &["results_come_in_order", "returned_errors_are_values"],
        "the response is that of another call",
    ),
    Case(
        Wrong::MakesCallsTwice,
        &["each_call_ends_exactly_once", "a_batch_of_one_runs"],
        "these ran so often (argument, times): [(0, 2)",
    ),
    Case(
        Wrong::IgnoresWhatIsAsked,
        &["callees_are_recorded_in_order", "correlation_is_that_of_the_caller"],
        "a record names what was called, in the order of the calls",
    ),
    Case(
        Wrong::LosesLargeResponses,
        &["large_arguments_and_results_come_through"],
        "arguments and results may be large",
    ),
    Case(
        Wrong::ForgetsWhatOthersCompute,
        &["calls_that_others_compute_are_waited_for"],
        "who finds a call with others (`Handover::Busy`) asks again later",
    ),
    Case(
        Wrong::ForgetsWhatMustRunHere,
        &["calls_that_cannot_be_handed_over_run_here", "arguments_that_cannot_be_read_back_run"],
        "what cannot be handed over (`Handover::Local`) runs locally",
    ),
    Case(
        Wrong::ForgetsWhatComesBackUnmade,
        &[
            "calls_that_come_back_unmade_run_here",
            "results_without_encoding_are_returned",
            "errors_without_encoding_are_returned",
        ],
        "what comes back unmade (`Accepted::Local`) runs locally",
    ),
    Case(
        Wrong::GivesUpAfterABadResponse,
        &["a_response_that_is_none_ends_its_call_alone"],
        "a response that makes no sense is the end of its own call only",
    ),
    Case(
        Wrong::WaitsWithCallsHandedOver,
        &["each_call_ends_exactly_once"],
        "a thread that has calls handed over does not wait for others",
    ),
    Case(
        Wrong::AcceptsInAnotherThread,
        &["each_call_ends_exactly_once"],
        "is brought to its end in the same thread",
    ),
];

/// What a worker says.
enum Said {
    Question(Vec<u8>),
    Message(Vec<u8>),
    Response(Vec<u8>),
}

/// The way from a worker to whoever has it make a call.
#[derive(Debug)]
struct Upwards {
    said: Sender<Said>,
    /// Functions may ask in several threads, one at a time.
    answers: Mutex<Receiver<Vec<u8>>>,
}

impl Parent for Upwards {
    fn ask(&self, question: &[u8]) -> Result<Vec<u8>> {
        let answers = self.answers.lock();
        let _ = self.said.send(Said::Question(question.to_vec()));
        answers.recv().map_err(|gone| Error::new(ErrorKind::Worker, "ask").because(gone))
    }

    fn tell(&self, message: &[u8]) -> Result<()> {
        let _ = self.said.send(Said::Message(message.to_vec()));
        Ok(())
    }
}

/// The way to a worker. A process can be one once, so all runners share it.
struct Downwards {
    requests: Sender<Vec<u8>>,
    answers: Sender<Vec<u8>>,
    said: Receiver<Said>,
}

static WORKER: LazyLock<Mutex<Downwards>> = LazyLock::new(|| {
    let ((requests, to_make), (answers, answered), (say, said)) = (channel(), channel(), channel());
    let parent = Arc::new(Upwards { said: say.clone(), answers: Mutex::new(answered) });
    let worker = Worker::new(parent)
        .expect("no memento function was called in the process's own environment");
    std::thread::spawn(move || {
        for request in to_make {
            let request: Vec<u8> = request;
            let _ = say.send(Said::Response(worker.execute(&request)));
        }
    });
    Mutex::new(Downwards { requests, answers, said })
});

/// A runner that has the worker make one call after another.
#[derive(Debug)]
struct RemoteRunner(Wrong);

impl RemoteRunner {
    fn suite(wrong: Wrong) -> RunnerSuite {
        RunnerSuite::new(move || Self(wrong)).concurrency(1)
    }

    /// Lets the worker make a call; what came of it.
    fn make(&self, batch: &dyn Batch, request: &[u8]) -> Vec<u8> {
        let worker = WORKER.lock();
        worker.requests.send(request.to_vec()).unwrap();
        loop {
            match worker.said.recv().unwrap() {
                Said::Response(response) => return response,
                Said::Message(_) if self.0 == Wrong::IgnoresWhatIsAsked => {}
                Said::Message(message) => drop(batch.answer(&message)),
                Said::Question(_) if self.0 == Wrong::IgnoresWhatIsAsked => {
                    worker.answers.send(Vec::new()).unwrap();
                }
                Said::Question(question) => worker.answers.send(batch.answer(&question)).unwrap(),
            }
        }
    }

    /// Takes a response; whether it was one.
    fn accept(&self, batch: &dyn Batch, index: usize, response: &[u8]) -> bool {
        match batch.accept(index, response) {
            Ok(Accepted::Ended) => {}
            Ok(Accepted::Local) if self.0 == Wrong::ForgetsWhatComesBackUnmade => {}
            Ok(Accepted::Local) => batch.run_local(index),
            Err(error) => {
                batch.refuse(index, error);
                return false;
            }
        }
        true
    }

    /// Brings a call to its end; whether that went well.
    fn bring_to_end(&self, batch: &dyn Batch, index: usize, alone: bool) -> bool {
        match batch.request(index, alone) {
            Handover::Request(request) => {
                let response = self.make(batch, &request);
                match self.0 {
                    Wrong::MakesCallsTwice => drop(self.make(batch, &request)),
                    Wrong::LosesLargeResponses if response.len() > 1 << 20 => {
                        let error = Error::new(ErrorKind::Worker, "read a response");
                        batch.refuse(index, error);
                        return true;
                    }
                    Wrong::AcceptsInAnotherThread => {
                        let accept = || self.accept(batch, index, &response);
                        return std::thread::scope(|scope| scope.spawn(accept).join().unwrap());
                    }
                    _ => {}
                }
                self.accept(batch, index, &response)
            }
            Handover::Local if self.0 == Wrong::ForgetsWhatMustRunHere => true,
            Handover::Local => {
                batch.run_local(index);
                true
            }
            Handover::Busy if self.0 == Wrong::ForgetsWhatOthersCompute => true,
            Handover::Busy => match batch.wait(index) {
                Waited::Ended => true,
                Waited::Free => self.bring_to_end(batch, index, false),
                Waited::Alone => self.bring_to_end(batch, index, true),
            },
            Handover::Ended => true,
        }
    }

    /// Hands two calls over before it waits for the first.
    fn bring_both_to_end(&self, batch: &dyn Batch) {
        let requests = [0, 1].map(|index| {
            if index == 1 && self.0 == Wrong::WaitsWithCallsHandedOver {
                batch.wait(index);
            }
            batch.request(index, false)
        });
        let mut responses = requests.map(|handover| match handover {
            Handover::Request(request) => self.make(batch, &request),
            other => panic!("nobody else has these calls: {other:?}"),
        });
        if self.0 == Wrong::SwapsResponses {
            responses.swap(0, 1);
        }
        for (index, response) in responses.iter().enumerate() {
            self.accept(batch, index, response);
        }
    }
}

impl Runner for RemoteRunner {
    fn name(&self) -> &'static str {
        "remote"
    }

    fn run(&self, batch: &dyn Batch) {
        let mut first = 0;
        let two = matches!(self.0, Wrong::SwapsResponses | Wrong::WaitsWithCallsHandedOver);
        if two && batch.len() > 1 {
            self.bring_both_to_end(batch);
            first = 2;
        }
        for index in first..batch.len() {
            if !self.bring_to_end(batch, index, false) && self.0 == Wrong::GivesUpAfterABadResponse
            {
                return;
            }
        }
    }
}

#[test]
fn runners_that_break_a_promise_are_noticed() {
    crate::check(CASES, EXECUTING, RemoteRunner::suite, Wrong::Nothing);
}

/// One that is not wrong in anything keeps all promises.
mod right {
    memento_testkit::runner_suite!(super::RemoteRunner::suite(super::Wrong::Nothing));
}
