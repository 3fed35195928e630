//! The tokens of a text.
//!
//! Whole crates are lexed while they compile, by a procedural macro that nobody has optimized: a token is a few
//! numbers, and its text stays where it is.

#[cfg(test)]
mod tests;

use std::ops::Range;

/// What a text may begin with that is no part of it.
const MARK: &str = "\u{feff}";

/// A text that is Rust, and its tokens.
#[derive(Default)]
pub(crate) struct Source {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    start: u32,
    end: u32,
    /// Of a delimiter: the index of the one that belongs to it.
    partner: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Ident,
    Lifetime,
    /// Text or bytes, of whatever form.
    Str,
    /// A number or a character.
    Literal,
    Punct,
    Open,
    Close,
}

impl Token {
    /// Of a delimiter: the index of the one that belongs to it.
    pub(crate) fn partner(self) -> usize {
        self.partner as usize
    }
}

impl Source {
    /// The tokens of `text`; `None` where it is no Rust.
    pub(crate) fn new(text: String) -> Option<Self> {
        let mut lexer =
            Lexer { text: text.as_bytes(), at: 0, tokens: Vec::new(), open: Vec::new() };
        lexer.skip_shebang();
        lexer.run()?;
        let Lexer { tokens, open, .. } = lexer;
        open.is_empty().then_some(Self { text, tokens })
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    /// The text of a token; none past the end.
    pub(crate) fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &self.text[token.start as usize..token.end as usize])
    }

    /// The name at `at`, if there is one; without `r#`.
    pub(crate) fn ident(&self, at: usize) -> Option<&str> {
        let is_ident = self.get(at)?.kind == Kind::Ident;
        let text = self.text(at);
        is_ident.then(|| text.strip_prefix("r#").unwrap_or(text))
    }

    /// Whether the token at `at` is this name, keyword or punctuation.
    pub(crate) fn is(&self, at: usize, text: &str) -> bool {
        self.text(at) == text && !matches!(self.get(at), Some(Token { kind: Kind::Str, .. }))
    }

    /// Whether `::` stands at `at`.
    pub(crate) fn is_path(&self, at: usize) -> bool {
        self.is(at, ":") && self.is(at + 1, ":") && self.touches(at)
    }

    /// Whether nothing stands between the token at `at` and the next.
    pub(crate) fn touches(&self, at: usize) -> bool {
        matches!((self.get(at), self.get(at + 1)), (Some(a), Some(b)) if a.end == b.start)
    }

    /// Whether a delimiter opens at `at`, and it is this one.
    pub(crate) fn opens(&self, at: usize, delimiter: &str) -> bool {
        matches!(self.get(at), Some(Token { kind: Kind::Open, .. })) && self.text(at) == delimiter
    }

    /// The index behind the token or group that begins at `at`.
    pub(crate) fn skip(&self, at: usize) -> usize {
        match self.get(at) {
            Some(Token { kind: Kind::Open, partner, .. }) => partner as usize + 1,
            _ => at + 1,
        }
    }

    /// The indices of what stands in the group that opens at `at`.
    pub(crate) fn inside(&self, at: usize) -> Range<usize> {
        at + 1..self.skip(at).saturating_sub(1).max(at + 1)
    }

    /// What text or bytes at `at` stand for, if they are written plainly enough to tell.
    pub(crate) fn string(&self, at: usize) -> Option<String> {
        if self.get(at)?.kind != Kind::Str {
            return None;
        }
        syn::parse_str::<syn::LitStr>(self.text(at)).ok().map(|literal| literal.value())
    }

    /// The token that covers a character, or the first one behind it. Lines and columns are counted as rustc does: from
    /// 1, columns in characters, without the mark that a text may begin with.
    pub(crate) fn at_character(&self, line: usize, column: usize) -> usize {
        let text = self.text.strip_prefix(MARK).unwrap_or(&self.text);
        let mut lines = text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(line.saturating_sub(1)).map(str::len).sum();
        let characters = lines.next().unwrap_or_default().chars().take(column.saturating_sub(1));
        let within: usize = characters.map(char::len_utf8).sum();
        let offset = self.text.len() - text.len() + before + within;
        self.tokens.partition_point(|token| (token.end as usize) <= offset)
    }
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    /// The delimiters that are open.
    open: Vec<u32>,
}

fn is_ident_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_ident(byte: u8) -> bool {
    is_ident_start(byte) || byte.is_ascii_digit()
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_shebang(&mut self) {
        if self.text.starts_with(MARK.as_bytes()) {
            self.at += MARK.len();
        }
        if self.text[self.at..].starts_with(b"#!") && !self.text[self.at..].starts_with(b"#![") {
            self.skip_line();
        }
    }

    fn skip_line(&mut self) {
        while self.at < self.text.len() && self.text[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn skip_while(&mut self, is: impl Fn(u8) -> bool) {
        while self.at < self.text.len() && is(self.text[self.at]) {
            self.at += 1;
        }
    }

    fn run(&mut self) -> Option<()> {
        while self.at < self.text.len() {
            let start = self.at;
            let byte = self.text[start];
            let kind = match byte {
                _ if byte.is_ascii_whitespace() => {
                    self.at += 1;
                    continue;
                }
                b'/' if self.peek(1) == b'/' => {
                    self.skip_line();
                    continue;
                }
                b'/' if self.peek(1) == b'*' => {
                    self.block_comment()?;
                    continue;
                }
                b'"' => self.quoted()?,
                b'\'' => self.quote()?,
                _ if byte.is_ascii_digit() => self.number(),
                _ if is_ident_start(byte) => self.word()?,
                b'(' | b'[' | b'{' => self.punct(Kind::Open),
                b')' | b']' | b'}' => self.punct(Kind::Close),
                _ => self.punct(Kind::Punct),
            };
            self.push(kind, start)?;
        }
        Some(())
    }

    fn push(&mut self, kind: Kind, start: usize) -> Option<()> {
        let index = u32::try_from(self.tokens.len()).ok()?;
        let mut partner = index;
        match kind {
            Kind::Open => self.open.push(index),
            Kind::Close => {
                partner = self.open.pop()?;
                let open = &mut self.tokens[partner as usize];
                open.partner = index;
                let pair = (self.text[open.start as usize], self.text[start]);
                if !matches!(pair, (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
                    return None;
                }
            }
            _ => {}
        }
        let (start, end) = (u32::try_from(start).ok()?, u32::try_from(self.at).ok()?);
        self.tokens.push(Token { kind, start, end, partner });
        Some(())
    }

    fn punct(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn block_comment(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => depth += 1,
                (b'*', b'/') => depth -= 1,
                _ if self.at >= self.text.len() => return None,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// `"…"`.
    fn quoted(&mut self) -> Option<Kind> {
        self.at += 1;
        loop {
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.skip_while(is_ident);
        Some(Kind::Str)
    }

    /// `#"…"#`, with any number of `#`; what begins otherwise is none.
    fn raw_quoted(&mut self) -> Option<Kind> {
        let start = self.at;
        self.skip_while(|byte| byte == b'#');
        let hashes = self.at - start;
        if self.peek(0) != b'"' {
            return None;
        }
        self.at += 1;
        let end = [b"\"".as_slice(), &self.text[start..start + hashes]].concat();
        let length = self.text[self.at..].windows(end.len()).position(|window| window == end)?;
        self.at += length + end.len();
        self.skip_while(is_ident);
        Some(Kind::Str)
    }

    /// A character or a lifetime.
    fn quote(&mut self) -> Option<Kind> {
        self.at += 1;
        if self.peek(0) == b'\\' {
            self.at += 2;
            self.skip_while(|byte| byte != b'\'');
            self.at += 1;
            return Some(Kind::Literal);
        }
        let rest = std::str::from_utf8(&self.text[self.at..]).ok()?;
        let character = rest.chars().next()?;
        if rest[character.len_utf8()..].starts_with('\'') {
            self.at += character.len_utf8() + 1;
            return Some(Kind::Literal);
        }
        self.skip_while(is_ident);
        Some(Kind::Lifetime)
    }

    fn number(&mut self) -> Kind {
        let is_hexadecimal = self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X');
        loop {
            self.skip_while(is_ident);
            let last = self.text[self.at - 1];
            let goes_on = match self.peek(0) {
                b'.' => self.peek(1).is_ascii_digit(),
                b'+' | b'-' => {
                    !is_hexadecimal && matches!(last, b'e' | b'E') && self.peek(1).is_ascii_digit()
                }
                _ => false,
            };
            if !goes_on {
                return Kind::Literal;
            }
            self.at += 1;
        }
    }

    /// A name, or a literal that begins like one.
    fn word(&mut self) -> Option<Kind> {
        let start = self.at;
        self.skip_while(is_ident);
        let word = &self.text[start..self.at];
        match (word, self.peek(0)) {
            (b"r", b'#') if is_ident_start(self.peek(1)) => {
                self.at += 1;
                self.skip_while(is_ident);
                Some(Kind::Ident)
            }
            (b"r" | b"br" | b"cr", b'"' | b'#') => self.raw_quoted(),
            (b"b" | b"c", b'"') => self.quoted(),
            (b"b", b'\'') => self.quote(),
            _ => Some(Kind::Ident),
        }
    }
}
