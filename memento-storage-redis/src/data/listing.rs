//! What is in a folder.

use memento::storage::{Continuation, ListOptions, Listing, Object, Prefix};
use memento::{Name, Result};

use crate::format::time;
use crate::scripts::command;
use crate::server::{Repeat, Server};

/// How much a page has at most: the server does nothing else while it makes one.
const LONGEST: usize = 5000;

const LIST: &str = "list objects";

pub(super) fn list(server: &Server, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
    let mut list = command(&server.scripts.list, &[format!("{}names", server.base)]);
    list.arg(&server.base).arg(prefix.start());
    list.arg(options.from.as_ref().map_or("", Continuation::as_str));
    list.arg(u8::from(options.recursive)).arg(options.limit.clamp(1, LONGEST));
    list.arg(u8::from(!server.options.readonly));
    let page: Vec<String> = server.ask(LIST, Repeat::Yes, &list)?;
    let mut page = page.into_iter();
    let next = page.next().filter(|last| !last.is_empty()).map(Continuation::new);
    let mut listing = Listing { next, ..Listing::default() };
    let damaged = || server.damaged(LIST, &format!("{}names", server.base));
    while let Some(kind) = page.next() {
        let name = page.next().ok_or_else(damaged)?;
        if kind == "f" {
            listing.folders.extend(Prefix::new(&name));
            continue;
        }
        let (Some(size), Some(modified)) = (page.next(), page.next()) else {
            return Err(damaged());
        };
        let size = size.parse().map_err(|_| damaged())?;
        // A name that is none was not put by us.
        let Ok(name) = Name::new(&name) else { continue };
        listing.objects.push(Object { name, size, modified: time(&modified) });
    }
    Ok(listing)
}
