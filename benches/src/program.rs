//! Rust code of any length that looks like that of people, and is the same in every run.
//!
//! Modules about one thing each: types, a trait, what implements it, and functions that call each other, and those of
//! modules before, by paths and by imports.

mod templates;

use crate::random::SplitMix;

/// How long a module is, in lines.
const LINES: usize = 500;

/// The code of a crate.
#[derive(Debug)]
pub struct Program {
    modules: Vec<Module>,
}

#[derive(Debug)]
struct Module {
    name: String,
    code: String,
    /// The functions that others can call.
    public: Vec<String>,
}

impl Program {
    /// A crate of so many modules. In each of the last `mementos` modules there is a function with `attribute`.
    pub fn new(modules: usize, mementos: usize, attribute: &str) -> Self {
        let mut random = SplitMix::new(1);
        let mut program = Self { modules: Vec::new() };
        for number in 0..modules {
            let attribute = (modules - number <= mementos).then_some(attribute);
            let module = program.module(number, attribute, &mut random);
            program.modules.push(module);
        }
        program
    }

    /// The files of a library, `lib.rs` first: names and contents.
    pub fn files(&self) -> Vec<(String, String)> {
        let modules = self.modules.iter();
        let declarations = modules.clone().map(|Module { name, .. }| format!("pub mod {name};\n"));
        let root = templates::ROOT.to_owned() + &declarations.collect::<String>();
        let modules = modules.map(|Module { name, code, .. }| (format!("{name}.rs"), code.clone()));
        [("lib.rs".to_owned(), root)].into_iter().chain(modules).collect()
    }

    /// The path of a function of the last module.
    ///
    /// # Panics
    ///
    /// Where there is no module.
    pub fn last(&self) -> String {
        let Module { name, public, .. } = self.modules.last().expect("there is a module");
        format!("{name}::{}", public.last().expect("each module has functions"))
    }

    fn module(&self, number: usize, attribute: Option<&str>, random: &mut SplitMix) -> Module {
        let words = templates::Words::new(number);
        let imported = self.earlier(random);
        let import =
            imported.as_ref().map(|(module, name)| format!("use crate::{module}::{name};\n"));
        let mut code = words.fill(templates::MODULE) + &import.unwrap_or_default();
        code += if attribute.is_some() { "use memento::memento;\n" } else { "" };
        code += &words.fill(templates::TYPES);
        let mut functions: Vec<String> = Vec::new();
        let mut public = Vec::new();
        let end = attribute.map_or_else(String::new, |attribute| {
            words.fill(templates::MEMENTO).replace("ATTRIBUTE", attribute)
        });
        let lines = LINES - end.lines().count();
        while code.lines().count() < lines {
            let name = words.function(functions.len());
            let near = pick(&functions, random).cloned();
            let far = match &imported {
                Some((_, function)) if random.below(3) == 0 => Some(function.clone()),
                _ => self.earlier(random).map(|(module, name)| format!("crate::{module}::{name}")),
            };
            let [near, far] = [near, far].map(|call| call.unwrap_or("plain".to_owned()));
            let template = pick(&templates::FUNCTIONS, random).expect("there are some");
            let function = words.fill(template).replace("NEAR", &near).replace("FAR", &far);
            code += &function.replace("NAME", &name);
            if function.contains("pub fn") {
                public.push(name.clone());
            }
            functions.push(name);
        }
        let last = functions.iter().rev().take(3).map(|name| format!("{name}(value, count)"));
        code += &end.replace("CALLS", &last.collect::<Vec<_>>().join(" + "));
        Module { name: words.module, code, public }
    }

    /// Module and name of a function in a module before: in a near one more often than in a far one.
    fn earlier(&self, random: &mut SplitMix) -> Option<(String, String)> {
        let back = 1 + random.below(8).min(random.below(8));
        let module = self.modules.len().checked_sub(usize::try_from(back).ok()?)?;
        let Module { name, public, .. } = &self.modules[module];
        Some((name.clone(), pick(public, random)?.clone()))
    }
}

fn pick<'a, T>(all: &'a [T], random: &mut SplitMix) -> Option<&'a T> {
    let index = random.below((all.len() as u64).max(1));
    all.get(usize::try_from(index).ok()?)
}
