//! The code that the functions of a crate reach, as it is told to the program: for people who ask what a version is
//! made of, and why it is another one.
//!
//! The program has one table for all functions of a crate. Each line of it is a piece, with the numbers of those that
//! it leads to. What is new is told with the function that reaches it first.

use std::fmt::Write as _;

use super::graph::{Graph, Vertex};

/// Lines of the table.
#[derive(Default)]
pub(crate) struct Chunk {
    /// The number of the first one.
    pub(crate) first: u32,
    /// A line for each piece: the beginning of its digest, `cfg` for options, `-` for what only leads to others; the
    /// numbers of those that it leads to, with commas between them; what it is.
    pub(crate) lines: String,
}

/// What has been told.
#[derive(Default)]
pub(super) struct Table {
    /// The number of each vertex that has one.
    numbers: Vec<Option<u32>>,
    count: u32,
}

impl Table {
    /// The numbers of what `root` leads to, and what is new among all that it reaches.
    pub(super) fn tell(
        &mut self,
        graph: &Graph<'_>,
        root: usize,
        is_piece: impl Fn(usize) -> bool,
    ) -> (Vec<u32>, Chunk) {
        self.numbers.resize(graph.vertices.len(), None);
        let mut chunk = Chunk { first: self.count, lines: String::new() };
        let mut untold = Vec::new();
        let mut next = 0;
        let mut number_all = |vertex: &Vertex<'_>, untold: &mut Vec<usize>| {
            let leads = vertex.successors().filter(|&to| is_piece(to));
            let mut numbers: Vec<u32> = leads.map(|to| self.number(to, untold)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let first = number_all(&graph.vertices[root], &mut untold);
        while let Some(&vertex) = untold.get(next) {
            next += 1;
            let vertex = &graph.vertices[vertex];
            let leads = number_all(vertex, &mut untold);
            write_line(&mut chunk.lines, vertex, &leads);
        }
        (first, chunk)
    }

    /// The number of a vertex: a new one if it has none yet.
    fn number(&mut self, vertex: usize, untold: &mut Vec<usize>) -> u32 {
        *self.numbers[vertex].get_or_insert_with(|| {
            untold.push(vertex);
            self.count += 1;
            self.count - 1
        })
    }
}

fn write_line(lines: &mut String, vertex: &Vertex<'_>, leads: &[u32]) {
    let (digest, label) = match &vertex.piece {
        Some(piece) => (piece.digest.map(|digest| digest.to_hex()), &*piece.label),
        None => (None, ""),
    };
    match (&digest, label) {
        (Some(digest), _) => lines.push_str(&digest[..16]),
        (None, "") => lines.push('-'),
        (None, _) => lines.push_str("cfg"),
    }
    for (index, number) in leads.iter().enumerate() {
        // Writing to a text does not fail.
        let _ = write!(lines, "{}{number}", if index == 0 { ' ' } else { ',' });
    }
    if leads.is_empty() {
        lines.push_str(" -");
    }
    let _ = writeln!(lines, " {label}");
}
