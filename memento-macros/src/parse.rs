//! From tokens to a function with options.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::token::Paren;
use syn::{Error, Expr, ExprLit, ItemFn, Lit, LitStr, Path, Result, Token, parenthesized};

/// A function under `#[memento]`.
pub(crate) struct Function {
    pub(crate) options: Options,
    pub(crate) item: ItemFn,
}

/// What stands in the parentheses of `#[memento(…)]`.
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
    pub(crate) errors: Errors,
    pub(crate) ttl: Option<Duration>,
    pub(crate) codec: Codec,
    pub(crate) handle: Option<Ident>,
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
            errors: Errors::default(),
            ttl: None,
            codec: Codec::default(),
            handle: None,
            krate: None,
        }
    }
}

/// What becomes of a returned error.
#[derive(Default)]
pub(crate) enum Errors {
    #[default]
    Retry,
    /// Where the option stands.
    Replay(Span),
}

/// What encodes results.
pub(crate) enum Codec {
    /// The name of a type in the memento crate.
    BuiltIn(&'static str),
    Path(Path),
}

impl Default for Codec {
    fn default() -> Self {
        Self::BuiltIn("Bincode")
    }
}

const KNOWN: &str = "`cluster`, `version`, `salt`, `code_hash`, `dependencies(…)`, \
    `auto_dependencies`, `errors`, `ttl`, `codec`, `handle`, `crate`";

/// One option.
struct Assignment {
    name: Ident,
    value: Value,
}

/// What an option is set to.
enum Value {
    /// `name = value`
    One(Expr),
    /// `name(path, …)`
    Paths(Vec<Path>),
}

impl Parse for Assignment {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        // `crate` is a keyword everywhere else.
        let name = Ident::parse_any(input)?;
        if name == "dependencies" && input.peek(Paren) {
            let paths;
            parenthesized!(paths in input);
            let paths = paths.parse_terminated(dependency, Token![,])?;
            return Ok(Self { name, value: Value::Paths(paths.into_iter().collect()) });
        }
        if !input.peek(Token![=]) {
            let form = if name == "dependencies" { "(path, …)" } else { " = …" };
            let message =
                format!("expected `{name}{form}`; the options of `#[memento]` are {KNOWN}");
            return Err(Error::new(name.span(), message));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: Value::One(input.parse()?) })
    }
}

/// Reads the attribute and the function below it.
pub(crate) fn parse(options: TokenStream, item: TokenStream) -> Result<Function> {
    let options = Punctuated::<Assignment, Token![,]>::parse_terminated.parse2(options);
    let options = options.and_then(parse_options);
    let item = syn::parse2::<ItemFn>(item).map_err(|error| {
        let message = format!("`#[memento]` stands on a function that is no method: {error}");
        Error::new(error.span(), message)
    });
    match (options, item) {
        (Ok(options), Ok(item)) => Ok(Function { options, item }),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            Err(error)
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// Reads `#[memento::main]` and the function below it.
pub(crate) fn parse_main(options: &TokenStream, item: TokenStream) -> Result<ItemFn> {
    if !options.is_empty() {
        return Err(Error::new(options.span(), "`#[memento::main]` has no options"));
    }
    let item = syn::parse2::<ItemFn>(item)?;
    if item.sig.ident != "main" {
        let message = "`#[memento::main]` stands on the program's `fn main`";
        return Err(Error::new(item.sig.ident.span(), message));
    }
    if item.sig.asyncness.is_some() {
        let message =
            "`#[memento::main]` stands on a plain `fn main`; start the executor inside of it";
        return Err(Error::new(item.sig.ident.span(), message));
    }
    Ok(item)
}

fn parse_options(assignments: Punctuated<Assignment, Token![,]>) -> Result<Options> {
    let mut options = Options::default();
    let mut seen: Vec<Ident> = Vec::new();
    let mut errors: Option<Error> = None;
    for Assignment { name, value } in assignments {
        let is_version = |name: &Ident| name == "version";
        let contradicts = is_version(&name) && seen.iter().any(is_about_code)
            || is_about_code(&name) && seen.iter().any(is_version);
        let result = if contradicts {
            let message = "`version` stands for all code that the function reaches: remove it, or \
                `code_hash`, `dependencies` and `auto_dependencies`";
            Err(Error::new(name.span(), message))
        } else if seen.contains(&name) {
            Err(Error::new(name.span(), format!("`{name}` is set twice")))
        } else {
            options.set(&name, value)
        };
        seen.push(name);
        if let Err(error) = result {
            match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            }
        }
    }
    errors.map_or(Ok(options), Err)
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

impl Options {
    fn set(&mut self, name: &Ident, value: Value) -> Result<()> {
        let value = &match value {
            Value::One(value) => value,
            Value::Paths(paths) => {
                self.dependencies = paths;
                return Ok(());
            }
        };
        match name.to_string().as_str() {
            "cluster" => self.cluster = Some(text(value, "the name of a cluster")?),
            "version" => self.version = Some(text(value, "a version, such as \"1\"")?),
            "salt" => self.salt = Some(text(value, "any text")?),
            "code_hash" => self.code_hash = Some(text(value, "any text, such as \"1\"")?),
            "auto_dependencies" => self.auto_dependencies = flag(value)?,
            "dependencies" => {
                let message = "expected `dependencies(path, …)`, with functions, types or modules";
                return Err(Error::new(value.span(), message));
            }
            "errors" => self.errors = errors(value)?,
            "ttl" => self.ttl = Some(ttl(value)?),
            "codec" => self.codec = codec(value)?,
            "handle" => {
                self.handle = Some(path(value, "the name of the type")?.require_ident()?.clone());
            }
            "crate" => self.krate = Some(path(value, "the path of the memento crate")?),
            _ => {
                let message = format!("`#[memento]` has no option `{name}`; it has {KNOWN}");
                return Err(Error::new(name.span(), message));
            }
        }
        Ok(())
    }
}

fn text(value: &Expr, what: &str) -> Result<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        _ => Err(Error::new(value.span(), format!("expected {what}, in quotes"))),
    }
}

fn flag(value: &Expr) -> Result<bool> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Bool(flag), .. }) => Ok(flag.value()),
        _ => Err(Error::new(value.span(), "expected `true` or `false`")),
    }
}

fn path(value: &Expr, what: &str) -> Result<Path> {
    match value {
        Expr::Path(path) => Ok(path.path.clone()),
        _ => Err(Error::new(value.span(), format!("expected {what}, without quotes"))),
    }
}

fn errors(value: &Expr) -> Result<Errors> {
    let text = text(value, "`\"retry\"` or `\"replay\"`")?;
    match text.value().as_str() {
        "retry" => Ok(Errors::Retry),
        "replay" => Ok(Errors::Replay(text.span())),
        other => {
            let message = format!(
                "`{other}` is neither `\"retry\"` (an error is recorded, and the function runs \
                again) nor `\"replay\"` (an error is a result like any other)"
            );
            Err(Error::new(text.span(), message))
        }
    }
}

fn ttl(value: &Expr) -> Result<Duration> {
    let text = text(value, "a duration, such as \"90s\", \"15min\", \"12h\" or \"7days\"")?;
    humantime::parse_duration(&text.value()).map_err(|error| {
        let message = format!(
            "`{}` is no duration: {error}; write \"90s\", \"15min\", \"12h\" or \"7days\"",
            text.value()
        );
        Error::new(text.span(), message)
    })
}

fn codec(value: &Expr) -> Result<Codec> {
    if let Expr::Path(path) = value {
        return Ok(Codec::Path(path.path.clone()));
    }
    let text = text(value, "the name of a codec")?;
    match text.value().as_str() {
        "bincode" => Ok(Codec::BuiltIn("Bincode")),
        "postcard" => Ok(Codec::BuiltIn("Postcard")),
        "json" => Ok(Codec::BuiltIn("Json")),
        other => {
            let message = format!(
                "there is no codec `{other}`; the built-in ones are \"bincode\", \"postcard\" and \
                \"json\", one of your own is named by its path: `codec = my_crate::{other}`"
            );
            Err(Error::new(text.span(), message))
        }
    }
}
