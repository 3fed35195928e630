//! Random graphs of calls, and those who take part in computing them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use memento::{Environment, LocalRunner, carry, memento};
use memento_runner_process::{Options, ProcessRunner};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How many numbers a large result has: more than go into a record.
const LARGE: u64 = 3_000;

/// Numbers that look random, the same for the same seed: S. Vigna's `splitmix64`.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// Whether something happens that happens once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// A graph in layers: each node calls some of the layer below.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Graph {
    /// What all else about it follows from.
    pub seed: u64,
    /// How many layers there are.
    pub layers: u64,
    /// How many nodes a layer has.
    pub width: u64,
    /// The file that grows by a byte with each node that is computed.
    pub log: PathBuf,
}

/// A node, by layer and place.
pub type Node = (u64, u64);

impl Graph {
    /// The graph of `seed`.
    pub fn new(seed: u64, log: PathBuf) -> Self {
        let mut random = Random(seed);
        Self { seed, layers: 2 + random.below(4), width: 2 + random.below(6), log }
    }

    /// What follows from the seed for a node.
    fn random(&self, (layer, place): Node) -> Random {
        let mut random = Random(self.seed ^ (layer << 32) ^ (place << 48));
        random.below(2);
        random
    }

    /// What a node calls.
    fn callees(&self, node: Node) -> Vec<Node> {
        let mut random = self.random(node);
        let count = if node.0 + 1 < self.layers { random.below(7) } else { 0 };
        (0..count).map(|_| (node.0 + 1, random.below(self.width))).collect()
    }

    /// Whether a node is, or calls by whatever way, another one.
    pub fn reaches(&self, node: Node, other: Node) -> bool {
        node == other || self.callees(node).into_iter().any(|callee| self.reaches(callee, other))
    }

    /// What a node makes of the values of its callees.
    fn combine(&self, node: Node, values: &[Vec<u64>]) -> Vec<u64> {
        let mut random = self.random(node);
        let length = if random.once_in(4) { LARGE } else { 1 };
        let own = random.below(u64::MAX);
        let sum = |sum: u64, value: &u64| sum.wrapping_mul(31).wrapping_add(*value);
        let sum = values.iter().filter_map(|value| value.first()).fold(own, sum);
        (0..length).map(|n| sum.wrapping_add(n)).collect()
    }

    /// What a node has to return, computed without memento.
    pub fn expected(&self, node: Node, known: &mut BTreeMap<Node, Vec<u64>>) -> Vec<u64> {
        if let Some(value) = known.get(&node) {
            return value.clone();
        }
        let callees = self.callees(node).into_iter();
        let values: Vec<_> = callees.map(|callee| self.expected(callee, known)).collect();
        known.entry(node).or_insert(self.combine(node, &values)).clone()
    }

    fn call(&self, (layer, place): Node) -> (Self, u64, u64) {
        (self.clone(), layer, place)
    }

    /// Calls `nodes` in one of the ways there are.
    ///
    /// # Panics
    ///
    /// Where a call fails.
    fn call_all(&self, nodes: &[Node], way: u64) -> Vec<Vec<u64>> {
        let calls = nodes.iter().map(|node| self.call(*node));
        match way {
            0 => calls.map(|(graph, layer, place)| node(graph, layer, place)).collect(),
            1 => {
                let carried = carry(|(graph, layer, place)| node(graph, layer, place));
                calls.collect::<Vec<_>>().into_par_iter().map(carried).collect()
            }
            2 => node::try_map(calls).expect("each call has a value"),
            3 => {
                let completed = node::as_completed(calls.collect::<Vec<_>>());
                let mut values: Vec<_> = completed.collect();
                values.sort_by_key(|(index, _)| *index);
                values.into_iter().map(|(_, value)| value.expect("a value")).collect()
            }
            _ => node::map(calls).into_iter().map(|value| value.expect("a value")).collect(),
        }
    }
}

/// The value of a node.
///
/// # Panics
///
/// Where a callee fails.
#[memento]
pub fn node(graph: Graph, layer: u64, place: u64) -> Vec<u64> {
    let began = Instant::now();
    let log = fs::OpenOptions::new().append(true).create(true).open(&graph.log);
    log.and_then(|mut log| log.write_all(b".")).expect("the log grows");
    let mut random = graph.random((layer, place));
    random.below(2);
    // Who takes longer than a millisecond is claimed among processes.
    let takes = Duration::from_micros(random.below(3) * 700);
    let values = graph.call_all(&graph.callees((layer, place)), random.below(5));
    while began.elapsed() < takes {
        std::hint::spin_loop();
    }
    graph.combine((layer, place), &values)
}

/// Somebody who computes nodes of a graph, in this process or another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The graph.
    pub graph: Graph,
    /// What all else follows from.
    pub seed: u64,
    /// The folder of the storage.
    pub storage: PathBuf,
    /// The program of worker processes.
    pub program: PathBuf,
}

impl Part {
    /// What runs its calls: threads or worker processes, and how many.
    fn environment(&self, random: &mut Random) -> Environment {
        let storage = memento_storage_fs::storage(&memento_storage_fs::Options::new(&self.storage));
        let count = usize::try_from(1 + random.below(3)).unwrap_or(1);
        if random.once_in(2) {
            let runner = LocalRunner::with_threads(count).expect("threads start");
            return Environment::new(storage, runner);
        }
        // A worker that is killed is not the fault of its call.
        let options = Options::new().workers(count).program(&self.program).retries(1_000);
        Environment::new(storage, ProcessRunner::new(options))
    }

    /// The nodes that it asks for, in lots, and how each lot is asked for.
    fn lots(&self) -> Vec<(Vec<Node>, u64)> {
        let mut random = Random(self.seed);
        let lot = |random: &mut Random| {
            let count = 1 + random.below(2 * self.graph.width);
            let node = |random: &mut Random| {
                let layer = random.below(self.graph.layers);
                (layer, random.below(self.graph.width))
            };
            ((0..count).map(|_| node(random)).collect(), random.below(5))
        };
        (0..=random.below(3)).map(|_| lot(&mut random)).collect()
    }

    /// The nodes that it asks for.
    pub fn nodes(&self) -> Vec<Node> {
        self.lots().into_iter().flat_map(|(nodes, _)| nodes).collect()
    }

    /// Computes what it asks for, and compares.
    ///
    /// # Panics
    ///
    /// Where something is not as it should be.
    pub fn take(&self) {
        let mut random = Random(self.seed ^ 0xff);
        let mut known = BTreeMap::new();
        self.environment(&mut random).enter(|| {
            for (nodes, way) in self.lots() {
                if random.once_in(4) {
                    let refreshed = node::with().refresh().map([self.graph.call(nodes[0])]);
                    assert_eq!(
                        refreshed[0].as_ref().ok(),
                        Some(&self.graph.expected(nodes[0], &mut known))
                    );
                }
                let values = self.graph.call_all(&nodes, way);
                for (node, value) in nodes.iter().zip(values) {
                    let expected = self.graph.expected(*node, &mut known);
                    assert!(
                        value == expected,
                        "{node:?} of {:?} is wrong, asked for by {}",
                        self.graph,
                        self
                    );
                }
            }
        });
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { graph, seed, storage, program } = self;
        let (log, storage, program) = (graph.log.display(), storage.display(), program.display());
        write!(f, "{}\t{seed}\t{log}\t{storage}\t{program}", graph.seed)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [graph, seed, log, storage, program] = *text.split('\t').collect::<Vec<_>>() else {
            return Err(format!("{text:?} has not five fields"));
        };
        let number = |text: &str| text.parse().map_err(|error| format!("{text:?}: {error}"));
        Ok(Self {
            graph: Graph::new(number(graph)?, log.into()),
            seed: number(seed)?,
            storage: storage.into(),
            program: program.into(),
        })
    }
}
