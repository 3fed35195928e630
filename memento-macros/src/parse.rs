//! From tokens to a function with options.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, ItemFn, Lit, LitStr, Path, Result, Token};

/// A function under `#[memento]`.
pub(crate) struct Function {
    pub(crate) options: Options,
    pub(crate) item: ItemFn,
}

/// What stands in the parentheses of `#[memento(…)]`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) cluster: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) salt: Option<LitStr>,
    pub(crate) errors: Errors,
    pub(crate) ttl: Option<Duration>,
    pub(crate) codec: Codec,
    pub(crate) handle: Option<Ident>,
    pub(crate) krate: Option<Path>,
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

const KNOWN: &str = "`cluster`, `version`, `salt`, `errors`, `ttl`, `codec`, `handle`, `crate`";

/// One `name = value`.
struct Assignment {
    name: Ident,
    value: Expr,
}

impl Parse for Assignment {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        // `crate` is a keyword everywhere else.
        let name = Ident::parse_any(input)?;
        if !input.peek(Token![=]) {
            let message = format!("expected `{name} = …`; the options of `#[memento]` are {KNOWN}");
            return Err(Error::new(name.span(), message));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: input.parse()? })
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
        let result = if seen.contains(&name) {
            Err(Error::new(name.span(), format!("`{name}` is set twice")))
        } else {
            options.set(&name, &value)
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

impl Options {
    fn set(&mut self, name: &Ident, value: &Expr) -> Result<()> {
        match name.to_string().as_str() {
            "cluster" => self.cluster = Some(text(value, "the name of a cluster")?),
            "version" => self.version = Some(text(value, "a version, such as \"1\"")?),
            "salt" => self.salt = Some(text(value, "any text")?),
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
