//! From source text to counts.

use std::panic::resume_unwind;
use std::thread;

use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, ExprUnsafe, File, ImplItemFn, ItemFn, Safety, Signature, TraitItemFn};

use crate::file::{Failure, FileCounts, LongestFunction};
use crate::nesting;

/// What one step into the source takes of the stack at most: a reference in a type takes 37 KB where nothing is
/// optimized, and a tenth of it where all is.
const STACK_OF_STEP: usize = 40 << 10;
/// How deep a source may be nested. The deepest one among 4,905 files of crates.io takes 387 steps.
const STEPS: usize = 6_400;

/// Counts what is in a source. What stands inside of macro calls is not parsed, and not counted.
///
/// syn goes into a source as deep as it is nested, and has no limit of its own. So each source gets a thread, whose
/// stack is as large as the deepest source needs, and one that is deeper is refused. This does not depend on the
/// runner's threads, whatever the runner is. And what proc-macro2 notes about the lines of a source goes with the
/// thread. Of such a stack only what is used takes memory.
pub(crate) fn count(source: &[u8]) -> Result<FileCounts, Failure> {
    let source = str::from_utf8(source).map_err(|error| {
        let line = source[..error.valid_up_to()].split(|&byte| byte == b'\n').count();
        Failure::Syntax(line, "it is no UTF-8".to_owned())
    })?;
    let thread = thread::Builder::new().stack_size(STEPS * STACK_OF_STEP);
    thread::scope(|scope| {
        let counting = thread
            .spawn_scoped(scope, || count_here(source))
            .map_err(|error| Failure::Unread(format!("no thread to parse it: {error}")))?;
        counting.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn count_here(source: &str) -> Result<FileCounts, Failure> {
    let tokens: TokenStream =
        without_shebang(source).parse().map_err(|error| failure(&syn::Error::from(error)))?;
    if nesting::steps(&tokens) > STEPS {
        return Err(Failure::Nested);
    }
    let file: File = syn::parse2(tokens).map_err(|error| failure(&error))?;
    let mut counts = FileCounts { lines: source.lines().count() as u64, ..FileCounts::default() };
    counts.visit_file(&file);
    Ok(counts)
}

/// The source without what is for the shell. The line itself stays, for the sake of line numbers.
fn without_shebang(source: &str) -> &str {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    match source.strip_prefix("#!") {
        // `#![…]` is an attribute.
        Some(rest) if !rest.trim_start().starts_with('[') => {
            &source[source.find('\n').unwrap_or(source.len())..]
        }
        _ => source,
    }
}

fn failure(error: &syn::Error) -> Failure {
    Failure::Syntax(error.span().start().line, error.to_string())
}

impl FileCounts {
    fn add(&mut self, signature: &Signature, body: &Block) {
        self.functions += 1;
        self.unsafe_functions += u64::from(matches!(signature.safety, Safety::Unsafe(_)));
        let line = signature.fn_token.span().start().line;
        let lines = body.brace_token.span.close().end().line - line + 1;
        if self.longest.as_ref().is_none_or(|longest| lines > longest.lines) {
            self.longest = Some(LongestFunction { name: signature.ident.to_string(), line, lines });
        }
    }
}

impl<'ast> Visit<'ast> for FileCounts {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_expr_unsafe(&mut self, block: &'ast ExprUnsafe) {
        self.unsafe_blocks += 1;
        visit::visit_expr_unsafe(self, block);
    }
}

#[cfg(test)]
mod tests {
    use super::{STEPS, count};
    use crate::file::Failure;

    #[test]
    fn functions_and_unsafe_code_are_counted_wherever_they_stand() {
        let source = "#!/usr/bin/env run
            fn outer() {
                unsafe fn inner() { unsafe {} }
            }
            trait T { fn without_body(); fn with_body() {} }
            impl T for () { unsafe fn method() { unsafe { unsafe {} } } }
            extern \"C\" { fn foreign(); }
        ";
        let counts = count(source.as_bytes()).expect("it parses");
        assert_eq!((counts.lines, counts.functions), (8, 4));
        assert_eq!((counts.unsafe_functions, counts.unsafe_blocks), (2, 3));
        let longest = counts.longest.expect("there are functions");
        assert_eq!((longest.name.as_str(), longest.line, longest.lines), ("outer", 2, 3));
    }

    #[test]
    fn what_does_not_parse_says_where() {
        let line = |source: &[u8]| match count(source) {
            Err(Failure::Syntax(line, _)) => line,
            other => panic!("{other:?}"),
        };
        assert_eq!(line(b"\nfn f(\n"), 2);
        assert_eq!(line(b"\nfn f() { let 1 2 }"), 2);
        assert_eq!(line(b"\n\n// \xff"), 3);
    }

    #[test]
    fn what_is_nested_deep_is_parsed_or_refused() {
        let nested = |open: &str, close: &str, times: usize| {
            format!("fn f() {{ let x: {}T{} ; }}", open.repeat(times), close.repeat(times))
        };
        // What takes the most of the stack for each step.
        for (open, close) in [("& ", ""), ("(", ")"), ("B<", ">")] {
            let steps = if close == ">" { 2 } else { 1 };
            let fits = nested(open, close, (STEPS - 10) / steps);
            assert!(count(fits.as_bytes()).is_ok(), "{open}");
            let refused = nested(open, close, 100_000);
            assert_eq!(count(refused.as_bytes()).unwrap_err(), Failure::Nested, "{open}");
        }
    }
}
