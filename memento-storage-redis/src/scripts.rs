//! What the server does in one step: scripts in Lua, one file each.

use std::fmt;

use redis::{Cmd, Script, ToRedisArgs};

/// A script, with what it shares with others in front of it.
macro_rules! script {
    ($($file:literal),+) => {
        Script::new(concat!($(include_str!(concat!("scripts/", $file, ".lua"))),+))
    };
}

/// The scripts, by the digests under which servers know them.
pub(crate) struct Scripts {
    pub(crate) put: Script,
    pub(crate) append: Script,
    pub(crate) copy: Script,
    pub(crate) remove: Script,
    pub(crate) list: Script,
    pub(crate) info: Script,
    pub(crate) record: Script,
    pub(crate) replace: Script,
    pub(crate) drop: Script,
    pub(crate) drop_all: Script,
    pub(crate) page: Script,
    pub(crate) set_aside: Script,
    pub(crate) claim: Script,
    pub(crate) renew: Script,
    pub(crate) release: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            put: script!("objects", "put"),
            append: script!("objects", "append"),
            copy: script!("objects", "copy"),
            remove: script!("objects", "remove"),
            list: script!("objects", "list"),
            info: script!("objects", "info"),
            record: script!("mementos", "record"),
            replace: script!("mementos", "replace"),
            drop: script!("mementos", "drop"),
            drop_all: script!("mementos", "drop_all"),
            page: script!("mementos", "page"),
            set_aside: script!("mementos", "set_aside"),
            claim: script!("claim"),
            renew: script!("renew"),
            release: script!("release"),
        }
    }

    pub(crate) fn all(&self) -> [&Script; 15] {
        [
            &self.put,
            &self.append,
            &self.copy,
            &self.remove,
            &self.list,
            &self.info,
            &self.record,
            &self.replace,
            &self.drop,
            &self.drop_all,
            &self.page,
            &self.set_aside,
            &self.claim,
            &self.renew,
            &self.release,
        ]
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts").finish_non_exhaustive()
    }
}

/// The command that runs `script` on `keys`; arguments follow.
pub(crate) fn command(script: &Script, keys: &[impl ToRedisArgs]) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(keys.len());
    for key in keys {
        command.arg(key);
    }
    command
}
