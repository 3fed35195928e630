//! Graphs of calls in which each waits for others, for processes that ask for the same in opposite orders.

use std::path::Path;
use std::time::{Duration, Instant};

use memento::{Environment, LocalRunner, carry, memento};
use rayon::prelude::*;

/// How many layers a graph has, and how many nodes a layer has.
const LAYERS: u64 = 5;
const WIDTH: u64 = 4;
/// How many graphs are computed.
pub const GRAPHS: u64 = 12;

/// What a node of a graph calls.
fn callees(graph: u64, layer: u64, place: u64) -> Vec<(u64, u64, u64)> {
    (0..3).map(|n| (graph, layer + 1, (place * 5 + n * 7 + graph) % WIDTH)).collect()
}

/// Calls the layer below in one of the ways there are, and takes so long that it is claimed.
///
/// # Panics
///
/// Where a callee fails.
#[memento]
pub fn crossing(graph: u64, layer: u64, place: u64) -> u64 {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    if layer == LAYERS {
        return graph + place;
    }
    let calls = callees(graph, layer, place);
    let call = |(graph, layer, place)| crossing(graph, layer, place);
    let values: Vec<u64> = match (graph + place) % 3 {
        0 => crossing::try_map(calls).expect("values"),
        1 => calls.into_par_iter().map(call).collect(),
        _ => calls.into_par_iter().map(carry(call)).collect(),
    };
    values.into_iter().sum()
}

fn expected(graph: u64, layer: u64, place: u64) -> u64 {
    if layer == LAYERS {
        return graph + place;
    }
    let calls = callees(graph, layer, place).into_iter();
    calls.map(|(graph, layer, place)| expected(graph, layer, place)).sum()
}

/// Computes all graphs in a pool of two threads, in one order or the other.
///
/// # Panics
///
/// Where a value is wrong.
pub fn compute(storage: &Path, is_reversed: bool) {
    let storage = memento_storage_fs::storage(&memento_storage_fs::Options::new(storage));
    let runner = LocalRunner::with_threads(2).expect("threads start");
    Environment::new(storage, runner).enter(|| {
        for graph in 0..GRAPHS {
            let mut calls: Vec<_> = (0..LAYERS)
                .flat_map(|layer| (0..WIDTH).map(move |place| (graph, layer, place)))
                .collect();
            if is_reversed {
                calls.reverse();
            }
            let values = crossing::try_map(calls.clone()).expect("values");
            let expected =
                calls.into_iter().map(|(graph, layer, place)| expected(graph, layer, place));
            assert!(values.into_iter().eq(expected), "graph {graph}");
        }
    });
}
