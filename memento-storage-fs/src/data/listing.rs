//! What is in a folder, in the order of its names, so that any of them says where to go on.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use memento::Name;
use memento::storage::{Continuation, ListOptions, Listing, Object, Prefix};

use super::format;

/// A page of what is in the folder at `path`. What has no name that an object can have, and what is no file, is none:
/// symbolic links neither.
pub(super) fn list(path: &Path, prefix: &Prefix, options: &ListOptions) -> io::Result<Listing> {
    let mut walk = Walk { options, page: Listing::default(), last: None };
    let from = options.from.as_ref().map(Continuation::as_str);
    let inside = prefix.start();
    let from = from.and_then(|from| from.strip_prefix(inside.as_str()));
    let from: Vec<&str> = from.map_or_else(Vec::new, |from| from.split('/').collect());
    walk.visit(path, prefix, &from)?;
    Ok(walk.page)
}

struct Walk<'a> {
    options: &'a ListOptions,
    page: Listing,
    /// What was listed last.
    last: Option<String>,
}

impl Walk<'_> {
    /// Lists what comes behind `from` in a folder; whether there is room for more.
    fn visit(&mut self, path: &Path, prefix: &Prefix, from: &[&str]) -> io::Result<bool> {
        for (segment, entry) in sorted(path)? {
            let rest = match from.split_first() {
                Some((first, _)) if *segment < **first => continue,
                Some((first, rest)) if segment == *first => {
                    if rest.is_empty() || !self.options.recursive {
                        continue;
                    }
                    rest
                }
                _ => &[],
            };
            let Some(file_type) = format::none_if_absent(entry.file_type())? else { continue };
            let has_room = if file_type.is_dir() {
                let Ok(folder) = prefix.folder(&segment) else { continue };
                self.visit_folder(&entry.path(), folder, rest)?
            } else if let Ok(name) = prefix.name(&segment)
                && file_type.is_file()
            {
                self.add_object(&entry, name)?
            } else {
                true
            };
            if !has_room {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn visit_folder(&mut self, path: &Path, folder: Prefix, from: &[&str]) -> io::Result<bool> {
        if self.options.recursive {
            return self.visit(path, &folder, from);
        }
        // One with no object below it is none.
        let any = ListOptions::default().limit(1);
        if list(path, &folder, &any)?.objects.is_empty() {
            return Ok(true);
        }
        Ok(self.has_room(folder.as_str()) && {
            self.page.folders.push(folder);
            true
        })
    }

    fn add_object(&mut self, entry: &DirEntry, name: Name) -> io::Result<bool> {
        let Some(status) = format::none_if_absent(entry.metadata())? else { return Ok(true) };
        let mut size = status.len();
        if format::may_have_metadata(size) {
            match format::open(&entry.path()) {
                Ok(Some(found)) => size = found.size(),
                Ok(None) => return Ok(true),
                // A damaged one is listed as it is: whoever gets it is told.
                Err(_) => {}
            }
        }
        Ok(self.has_room(name.as_str()) && {
            self.page.objects.push(Object { name, size, modified: status.modified().ok() });
            true
        })
    }

    /// Whether the page takes one more, and where the next page begins if not.
    fn has_room(&mut self, path: &str) -> bool {
        if self.page.len() < self.options.limit.max(1) {
            self.last = Some(path.to_owned());
            return true;
        }
        self.page.next = self.last.take().map(Continuation::new);
        false
    }
}

/// What is in a folder, by names that are text; nothing where there is no folder.
fn sorted(path: &Path) -> io::Result<Vec<(String, DirEntry)>> {
    let Some(entries) = format::none_if_absent(fs::read_dir(path))? else { return Ok(Vec::new()) };
    let mut sorted = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Ok(segment) = entry.file_name().into_string() {
            sorted.push((segment, entry));
        }
    }
    sorted.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    Ok(sorted)
}
