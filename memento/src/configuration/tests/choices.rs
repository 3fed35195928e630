//! What chooses a storage: a type, a URL, or tiers.

use super::{configuration, refused};
use crate::cluster::Cluster;

/// It is said all the same that there is one, and what to write.
#[test]
fn nothing_is_shown_of_a_url_in_the_place_of_a_type() {
    for url in ["redis://odd:hunter2@127.0.0.1:7391", "odd:hunter2", "//odd@hunter2"] {
        let text = format!(
            "[storage]\ntype = '{url}'\n[storage.data]\ntype = 'null'\n[runner]\ntype = '{url}'"
        );
        let configuration = configuration(&text).unwrap();
        refused(
            Cluster::open_storage(configuration.storage),
            "cannot find the storage plugin (set by: /project/memento.toml:2): `type` has a URL in \
             it, and is to be a name; write the URL as `url = \"…\"`, without `type`",
        );
        refused(
            Cluster::open_runner(configuration.runner),
            "cannot find the runner plugin (set by: /project/memento.toml:6); choose one that is \
             linked into this program: `local` (memento), `null` (memento); or add the crate that \
             provides it to the dependencies",
        );
    }
}

#[test]
fn a_user_in_a_url_without_a_scheme_is_none() {
    let options = configuration("[storage]\nurl = 'odd:hunter2@host:6379'").unwrap().storage;
    refused(
        Cluster::open_storage(options),
        "cannot find the storage plugin by a URL (scheme: none, set by: /project/memento.toml:2); \
         the schemes are: no plugin that is linked into this program takes a URL",
    );
}

#[test]
fn what_chooses_a_storage_is_among_the_options_unless_something_does() {
    for name in ["urll", "typ", "tier"] {
        let options = configuration(&format!("[storage]\n{name} = 'x'")).unwrap().storage;
        refused(
            Cluster::open_storage(options),
            &format!(
                "cannot understand an option (option: storage.{name}, set by: \
                 /project/memento.toml:2): there is no such option; the options here are `data`, \
                 `inline_limit`, `memory_cache`, `metadata`, `tiers`, `type`, `url`"
            ),
        );
    }
    let text = "[storage]\ntype = 'null'\n[storage.data]\nurll = 'x'";
    refused(
        Cluster::open_storage(configuration(text).unwrap().storage),
        "cannot understand an option (option: storage.data.urll, set by: /project/memento.toml:4): \
         there is no such option; the options here are `tiers`, `type`, `url`",
    );
}

#[test]
fn options_that_choose_different_storages_contradict_each_other() {
    for (name, value) in [("url", "'redis://me:hunter2@host'"), ("tiers", "['null', 'memory']")] {
        let text = format!("[storage]\ntype = 'memory'\n{name} = {value}");
        refused(
            Cluster::open_storage(configuration(&text).unwrap().storage),
            &format!(
                "cannot understand an option (option: storage.{name}, set by: \
                 /project/memento.toml:3): `type = \"memory\"` and `{name}` contradict each other; \
                 leave out `type` or `{name}`"
            ),
        );
    }
}
