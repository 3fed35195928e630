//! What stands in the parentheses of `#[memento(…)]`.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::token::Paren;
use syn::{Error, Expr, LitStr, Path, Result, Token, Visibility, parenthesized};

use super::value::{self, Codec, Errors, Handle};
use crate::mistakes::Mistakes;

/// What stands in the parentheses of `#[memento(…)]`.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) cluster: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) salt: Option<LitStr>,
    /// What stands for the function's own code.
    pub(crate) code_hash: Option<LitStr>,
    /// Whether what the function reaches is part of its version.
    pub(crate) auto_dependencies: bool,
    /// What is part of its version besides.
    pub(crate) dependencies: Vec<Path>,
    /// The arguments, and the type and const parameters, that are not part of the key.
    pub(crate) ignore: Vec<Ident>,
    /// What stands in the key for an argument.
    pub(crate) keys: Vec<Key>,
    pub(crate) errors: Errors,
    pub(crate) ttl: Option<Duration>,
    pub(crate) codec: Codec,
    pub(crate) handle: Option<Handle>,
    pub(crate) krate: Option<Path>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cluster: None,
            version: None,
            salt: None,
            code_hash: None,
            auto_dependencies: true,
            dependencies: Vec::new(),
            ignore: Vec::new(),
            keys: Vec::new(),
            errors: Errors::default(),
            ttl: None,
            codec: Codec::default(),
            handle: None,
            krate: None,
        }
    }
}

/// What stands in the key for an argument: `argument = value`.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) argument: Ident,
    pub(crate) value: Expr,
}

const KNOWN: &str = "`cluster`, `version`, `salt`, `code_hash`, `dependencies(…)`, \
    `auto_dependencies`, `ignore(…)`, `key(…)`, `errors`, `ttl`, `codec`, `handle`, `crate`";

/// The options that stand on an `impl` block: they can be the same for all functions in it.
const SHARED: [&str; 5] = ["cluster", "ttl", "errors", "codec", "crate"];

/// One option.
struct Assignment {
    name: Ident,
    value: Value,
}

/// What an option is set to.
enum Value {
    /// `name = value`
    One(Expr),
    /// `name = pub value`
    Visible(Visibility, Expr),
    /// `name(path, …)`
    Paths(Vec<Path>),
    /// `name(argument, …)`
    Arguments(Vec<Ident>),
    /// `name(argument = value, …)`
    Keys(Vec<Key>),
}

impl Parse for Assignment {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        // `crate` is a keyword everywhere else.
        let name = Ident::parse_any(input)?;
        let form = match name.to_string().as_str() {
            "dependencies" => "(path, …)",
            "ignore" => "(argument, …)",
            "key" => "(argument = value, …)",
            _ => " = …",
        };
        if form.starts_with('(') && input.peek(Paren) {
            let list;
            parenthesized!(list in input);
            let value = Value::parse_list(&name, &list)?;
            return Ok(Self { name, value });
        }
        if !input.peek(Token![=]) {
            let message =
                format!("expected `{name}{form}`; the options of `#[memento]` are {KNOWN}");
            return Err(Error::new(name.span(), message));
        }
        input.parse::<Token![=]>()?;
        let value = match input.parse()? {
            Visibility::Inherited => Value::One(input.parse()?),
            visibility => Value::Visible(visibility, input.parse()?),
        };
        Ok(Self { name, value })
    }
}

impl Value {
    fn parse_list(name: &Ident, list: ParseStream<'_>) -> Result<Self> {
        fn all<T>(list: ParseStream<'_>, one: fn(ParseStream<'_>) -> Result<T>) -> Result<Vec<T>> {
            Ok(list.parse_terminated(one, Token![,])?.into_iter().collect())
        }
        Ok(match name.to_string().as_str() {
            "ignore" => Self::Arguments(all(list, argument)?),
            "key" => Self::Keys(all(list, key)?),
            _ => Self::Paths(all(list, dependency)?),
        })
    }
}

/// Reads the options of a function.
pub(super) fn parse(tokens: TokenStream) -> Result<Options> {
    parse_beside(tokens, Options::default(), None)
}

/// Reads the options of a function in an `impl` block that has options of its own.
pub(super) fn parse_in_block(tokens: TokenStream, block: &Options) -> Result<Options> {
    parse_beside(tokens, block.clone(), None)
}

/// Reads the options of an `impl` block.
pub(super) fn parse_of_block(tokens: TokenStream) -> Result<Options> {
    parse_beside(tokens, Options::default(), Some(&SHARED))
}

/// Reads options, of which some are set. With `allowed`, no other ones may be set.
fn parse_beside(
    tokens: TokenStream,
    mut options: Options,
    allowed: Option<&[&str]>,
) -> Result<Options> {
    let assignments = Punctuated::<Assignment, Token![,]>::parse_terminated.parse2(tokens)?;
    let mut seen: Vec<Ident> = Vec::new();
    let mut mistakes = Mistakes::default();
    for Assignment { name, value } in assignments {
        let is_version = |name: &Ident| name == "version";
        let contradicts = is_version(&name) && seen.iter().any(is_about_code)
            || is_about_code(&name) && seen.iter().any(is_version);
        if contradicts {
            let message = "`version` stands for all code that the function reaches: remove it, or \
                `code_hash`, `dependencies` and `auto_dependencies`";
            mistakes.add(name.span(), message);
        } else if seen.contains(&name) {
            mistakes.add(name.span(), &format!("`{name}` is set twice"));
        } else if mistakes.note(options.set(&name, value)).is_some()
            && allowed.is_some_and(|allowed| !allowed.iter().any(|other| name == other))
        {
            let shared = SHARED.map(|name| format!("`{name}`")).join(", ");
            let message = format!(
                "`{name}` is for one function: put it on that one; the options for all functions \
                of an `impl` block are {shared}"
            );
            mistakes.add(name.span(), &message);
        }
        seen.push(name);
    }
    mistakes.or(options)
}

/// Whether an option tells what belongs to the code of the function.
fn is_about_code(name: &Ident) -> bool {
    ["code_hash", "dependencies", "auto_dependencies"].iter().any(|option| name == option)
}

/// One of `dependencies(…)`.
fn dependency(input: ParseStream<'_>) -> Result<Path> {
    if input.peek(syn::LitStr) {
        return Err(
            input.error("expected the path of a function, a type or a module, without quotes")
        );
    }
    Path::parse_mod_style(input)
}

/// One of `ignore(…)`.
fn argument(input: ParseStream<'_>) -> Result<Ident> {
    // `self` is a keyword everywhere else.
    let message = "expected the name of an argument";
    Ident::parse_any(input).map_err(|error| Error::new(error.span(), message))
}

/// One of `key(…)`.
fn key(input: ParseStream<'_>) -> Result<Key> {
    let name = argument(input)?;
    if !input.peek(Token![=]) {
        let message = format!(
            "expected `{name} = value`, with what stands in the key for `{name}`; `ignore({name})` \
            leaves it out"
        );
        return Err(Error::new(name.span(), message));
    }
    input.parse::<Token![=]>()?;
    Ok(Key { argument: name, value: input.parse()? })
}

impl Options {
    fn set(&mut self, name: &Ident, value: Value) -> Result<()> {
        let assigned = &match value {
            Value::One(value) => value,
            Value::Visible(visibility, value) if name == "handle" => {
                self.handle = Some(value::handle(Some(visibility), &value)?);
                return Ok(());
            }
            Value::Visible(visibility, _) => {
                let message = format!("`{name}` has no visibility");
                return Err(Error::new(visibility.span(), message));
            }
            Value::Paths(paths) => {
                self.dependencies = paths;
                return Ok(());
            }
            Value::Arguments(arguments) => {
                self.ignore = arguments;
                return Ok(());
            }
            Value::Keys(keys) => {
                self.keys = keys;
                return Ok(());
            }
        };
        match name.to_string().as_str() {
            "cluster" => self.cluster = Some(value::text(assigned, "the name of a cluster")?),
            "version" => self.version = Some(value::text(assigned, "a version, such as \"1\"")?),
            "salt" => self.salt = Some(value::text(assigned, "any text")?),
            "code_hash" => self.code_hash = Some(value::text(assigned, "any text, such as \"1\"")?),
            "auto_dependencies" => self.auto_dependencies = value::flag(assigned)?,
            "dependencies" => {
                let message = "expected `dependencies(path, …)`, with functions, types or modules";
                return Err(Error::new(assigned.span(), message));
            }
            "errors" => self.errors = value::errors(assigned)?,
            "ttl" => self.ttl = Some(value::ttl(assigned)?),
            "codec" => self.codec = value::codec(assigned)?,
            "ignore" => {
                let message = "expected `ignore(argument, …)`, with names of arguments";
                return Err(Error::new(assigned.span(), message));
            }
            "key" => {
                let message = "expected `key(argument = value, …)`, with what stands in the key";
                return Err(Error::new(assigned.span(), message));
            }
            "handle" => self.handle = Some(value::handle(None, assigned)?),
            "crate" => self.krate = Some(value::path(assigned, "the path of the memento crate")?),
            _ => {
                let message = format!("`#[memento]` has no option `{name}`; it has {KNOWN}");
                return Err(Error::new(name.span(), message));
            }
        }
        Ok(())
    }
}
