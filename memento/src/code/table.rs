//! The code that the functions of this program reach, as `#[memento]` tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::{Code, Piece};

/// Pieces of the code of a crate, as generated code has them. All that were told for one compilation are one table.
#[derive(Debug)]
pub struct CodeTable {
    /// What tells the compilation of the crate from others.
    pub compilation: &'static str,
    /// The number of the first piece.
    pub first: u32,
    /// A line for each piece: the beginning of its digest, `cfg` for the option of a `cfg`, `-` for what only leads to
    /// others; the numbers of the pieces that it leads to, with commas between them, or `-`; its name.
    pub lines: &'static str,
}

inventory::collect!(CodeTable);

/// What is known of a function's code when it is compiled.
#[derive(Clone, Copy, Debug)]
pub struct FunctionCode {
    /// A line for each piece that is the function's own: the beginning of its digest, and its name.
    pub own: &'static str,
    /// What tells the compilation of the crate from others.
    pub compilation: &'static str,
    /// The numbers of the pieces that the function leads to.
    pub leads: &'static [u32],
    /// The options of `cfg`s that the function reaches, and whether they are active.
    pub options: &'static [(&'static str, bool)],
}

/// A line of a table.
#[derive(Clone, Copy)]
struct Line {
    digest: &'static str,
    leads: &'static str,
    name: &'static str,
}

/// The lines of each compilation, by number.
static TABLES: LazyLock<BTreeMap<&'static str, BTreeMap<u32, Line>>> = LazyLock::new(|| {
    let mut tables = BTreeMap::<_, BTreeMap<_, _>>::new();
    for table in inventory::iter::<CodeTable> {
        let line = |line: &'static str| {
            let mut parts = line.splitn(3, ' ');
            Some(Line { digest: parts.next()?, leads: parts.next()?, name: parts.next()? })
        };
        let lines = (table.first..).zip(table.lines.lines().filter_map(line));
        tables.entry(table.compilation).or_default().extend(lines);
    }
    tables
});

impl FunctionCode {
    /// For functions that are of no program.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self { own: "", compilation: "", leads: &[], options: &[] };

    /// All pieces, each with the one through which it is reached on one of the shortest ways.
    pub(crate) fn read(&self) -> Code {
        let nothing = BTreeMap::new();
        let lines = TABLES.get(self.compilation).unwrap_or(&nothing);
        let mut search =
            Search { lines, options: self.options, met: BTreeSet::new(), pieces: Vec::new() };
        for line in self.own.lines() {
            let (digest, name) = line.split_once(' ').unwrap_or(("", line));
            let piece = Piece { name: name.to_owned(), digest: digest.to_owned(), through: None };
            search.pieces.push(piece);
        }
        let mut next = search.pieces.len();
        let mut leads = vec![""; next];
        search.meet(self.leads.iter().copied(), None, &mut leads);
        while let Some(&to) = leads.get(next) {
            search.meet(numbers(to), Some(next), &mut leads);
            next += 1;
        }
        Code { pieces: search.pieces }
    }
}

struct Search<'a> {
    lines: &'a BTreeMap<u32, Line>,
    options: &'a [(&'static str, bool)],
    /// The numbers of the lines that were met.
    met: BTreeSet<u32>,
    pieces: Vec<Piece>,
}

impl Search<'_> {
    /// Adds the pieces that `numbers` stand for or lead to, as far as they are new, in the order of their names.
    fn meet(
        &mut self,
        numbers_of: impl Iterator<Item = u32>,
        through: Option<usize>,
        leads: &mut Vec<&'static str>,
    ) {
        let mut found = Vec::new();
        let mut unread: Vec<u32> = numbers_of.collect();
        while let Some(number) = unread.pop() {
            let Some(line) = self.lines.get(&number) else { continue };
            if !self.met.insert(number) {
                continue;
            }
            match line.digest {
                "-" => unread.extend(numbers(line.leads)),
                _ => found.push(*line),
            }
        }
        found.sort_unstable_by_key(|line| (line.name, line.digest));
        for Line { digest, leads: to, name } in found {
            let digest = if digest == "cfg" { self.state(name) } else { digest };
            self.pieces.push(Piece { name: name.to_owned(), digest: digest.to_owned(), through });
            leads.push(to);
        }
    }

    /// Whether the option of a `cfg` is active.
    fn state(&self, name: &str) -> &'static str {
        let option = name.strip_prefix("cfg ").unwrap_or(name);
        let is_active = self.options.iter().any(|(known, active)| *known == option && *active);
        if is_active { "active" } else { "inactive" }
    }
}

fn numbers(text: &'static str) -> impl Iterator<Item = u32> {
    text.split(',').filter_map(|number| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPILATION: &str = "tests of tables";

    inventory::submit! {
        CodeTable {
            compilation: COMPILATION,
            first: 0,
            lines: "0a 2 fn b (app)\n0b 3,2 fn a (app)\n- 0,4 \n0c - const SCALE (app)\n",
        }
    }
    inventory::submit! {
        CodeTable { compilation: COMPILATION, first: 4, lines: "cfg - cfg feature = \"x\"\n" }
    }

    #[test]
    fn the_chunks_are_one_table() {
        let options = &[("feature = \"x\"", true)];
        let code = FunctionCode {
            own: "01 fn f (itself)\n",
            compilation: COMPILATION,
            leads: &[1],
            options,
        };
        assert_eq!(
            code.read().manifest(),
            "01 0 fn f (itself)\n0b 0 fn a (app)\nactive 2 cfg feature = \"x\"\n0c 2 const SCALE (app)\n0a 2 fn b (app)\n"
        );
        let off = FunctionCode { options: &[], leads: &[0], ..code };
        assert_eq!(
            off.read().manifest(),
            "01 0 fn f (itself)\n0a 0 fn b (app)\ninactive 2 cfg feature = \"x\"\n"
        );
    }

    inventory::submit! {
        CodeTable { compilation: "beyond a gap", first: 7, lines: "0a 8 fn b (app)\n0b - fn a (app)\n" }
    }

    /// Where a function is gone from the program, so is what was told with it.
    #[test]
    fn what_comes_behind_a_gap_is_there() {
        let code =
            FunctionCode { leads: &[0, 7], compilation: "beyond a gap", ..FunctionCode::NONE };
        assert_eq!(code.read().manifest(), "0a 0 fn b (app)\n0b 1 fn a (app)\n");
    }

    #[test]
    fn what_was_not_told_is_passed_over() {
        let code = FunctionCode { leads: &[3, 77], compilation: COMPILATION, ..FunctionCode::NONE };
        assert_eq!(code.read().manifest(), "0c 0 const SCALE (app)\n");
        let elsewhere = FunctionCode { compilation: "another one", ..code };
        assert!(elsewhere.read().pieces().is_empty());
    }
}
