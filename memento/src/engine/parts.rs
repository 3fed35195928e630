//! Results that have parts, on their way into bytes and out of them.

use std::borrow::Cow;

use super::calls::Calls;
use super::item::Item;
use super::lookup;
use crate::Result;
use crate::codec::Encoding;
use crate::part::{Found, Publish, Scope};

impl Calls<'_> {
    /// The encoding of what is kept of the output, `None` where nothing is, and what was found; its parts are in the
    /// store now, if that keeps what is put.
    pub(super) fn encode(
        &self,
        item: &Item<'_>,
        publish: Publish,
    ) -> Result<(Option<Vec<u8>>, Found)> {
        let mut bytes = Vec::new();
        let (contents, function) =
            (&self.binding.cluster.storage.contents, self.binding.function.path());
        let decoding = Scope::decoding(contents, function);
        let scope = Scope::encoding(contents, function).publishing(publish, item.call.encoder());
        let (encoded, found) = scope.enter(|| item.call.encode(&mut bytes));
        let Some(encoded) = encoded else { return Ok((None, found)) };
        let check = || item.call.check_read(&bytes, found.is_all());
        let checked = encoded.and_then(|()| decoding.enter(check).0);
        checked.map_err(|error| error.with("function", function))?;
        Ok((Some(bytes), found))
    }

    /// Why the parts of a result are not where the process that asks finds them, if they are not.
    pub(super) fn uncarried(&self, found: &Found) -> Option<Cow<'static, str>> {
        if let Some(error) = &found.lost {
            return Some(error.to_string().into());
        }
        let is_writable = self.binding.cluster.storage.contents.is_writable();
        let is_uncarried = !found.parts.is_empty() && !is_writable;
        is_uncarried.then(|| "its result has parts, which the data store does not keep".into())
    }

    /// Takes the value that another process returned, which has put the parts into the store; whether all are there.
    pub(super) fn take_value(&self, item: &mut Item<'_>, value: &[u8], found: &mut Found) -> bool {
        let decoded;
        let value = Encoding::Whole(value);
        (decoded, *found) = lookup::decode(self.binding, item, Publish::All, value);
        let contents = &self.binding.cluster.storage.contents;
        let is_whole = decoded.is_ok() && contents.missing_content(&found.parts).is_none();
        if !is_whole {
            item.call.discard();
        }
        is_whole
    }
}
