//! The values of options.

use std::time::Duration;

use proc_macro2::{Ident, Span};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Path, Result, Visibility};

/// The name of the type that stands for the function.
#[derive(Clone)]
pub(crate) struct Handle {
    /// Its visibility, where that is not the function's own.
    pub(crate) visibility: Option<Visibility>,
    pub(crate) name: Ident,
}

/// What becomes of a returned error.
#[derive(Clone, Default)]
pub(crate) enum Errors {
    #[default]
    Retry,
    /// Where the option stands.
    Replay(Span),
}

/// What encodes results.
#[derive(Clone)]
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

pub(super) fn text(value: &Expr, what: &str) -> Result<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        _ => Err(Error::new(value.span(), format!("expected {what}, in quotes"))),
    }
}

pub(super) fn flag(value: &Expr) -> Result<bool> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Bool(flag), .. }) => Ok(flag.value()),
        _ => Err(Error::new(value.span(), "expected `true` or `false`")),
    }
}

pub(super) fn path(value: &Expr, what: &str) -> Result<Path> {
    match value {
        Expr::Path(path) => Ok(path.path.clone()),
        _ => Err(Error::new(value.span(), format!("expected {what}, without quotes"))),
    }
}

pub(super) fn handle(visibility: Option<Visibility>, value: &Expr) -> Result<Handle> {
    let name = path(value, "the name of the type")?.require_ident()?.clone();
    Ok(Handle { visibility, name })
}

pub(super) fn errors(value: &Expr) -> Result<Errors> {
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

pub(super) fn ttl(value: &Expr) -> Result<Duration> {
    let text = text(value, "a duration, such as \"90s\", \"15min\", \"12h\" or \"7days\"")?;
    humantime::parse_duration(&text.value()).map_err(|error| {
        let message = format!(
            "`{}` is no duration: {error}; write \"90s\", \"15min\", \"12h\" or \"7days\"",
            text.value()
        );
        Error::new(text.span(), message)
    })
}

pub(super) fn codec(value: &Expr) -> Result<Codec> {
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
