mod choices;

use std::path::Path;

use super::options::Setting;
use super::{Configuration, Options, Origin, source};
use crate::cache::Identity;
use crate::cluster::Cluster;
use crate::{Error, ErrorKind};

const FILE: &str = "/project/memento.toml";

/// The configuration in a file with this text.
fn configuration(text: &str) -> Result<Configuration, Error> {
    let file = Path::new(FILE);
    Configuration::from_options(source::parse(text, file)?, Some(file.to_owned()))
}

#[track_caller]
fn refused<T>(result: Result<T, Error>, expected: &str) {
    let error = result.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn everything_has_a_default() {
    let configuration = configuration("").unwrap();
    assert!(configuration.clusters.is_empty());
    let storage = Cluster::open_storage(configuration.storage).unwrap();
    assert_eq!(
        format!("{storage:?}"),
        "Storage { data: MemoryDataStore(0), metadata: \
         MemoryMetadataStore { records: RwLock { data: Records { entries: {}, positions: {}, \
         next: 0, versions: {} } } }, .. }"
    );
    assert_eq!(Cluster::open_runner(configuration.runner).unwrap().name(), "local");
}

#[test]
fn a_whole_file_is_understood() {
    let configuration = configuration(
        r#"
        [storage]
        type = "memory"
        memory_cache = "1 MiB"
        inline_limit = 100

        [runner]
        type = "local"
        threads = 2

        [clusters.prices]
        storage = { type = "null" }

        [clusters.trades.runner]
        type = "null"
        "#,
    )
    .unwrap();
    let storage = Cluster::open_storage(configuration.storage).unwrap();
    assert_eq!(storage.inline_limit, 100);
    let any = Identity { function: 0, hash: 0, arguments: &[], padded: None };
    assert!(storage.cache.admits(any, 1_000_000) && !storage.cache.admits(any, 1 << 20));
    assert_eq!(Cluster::open_runner(configuration.runner).unwrap().name(), "local");

    let names: Vec<_> = configuration.clusters.keys().collect();
    assert_eq!(names, ["prices", "trades"]);
    let prices = &configuration.clusters["prices"];
    assert!(prices.runner.is_none());
    let storage = Cluster::open_storage(prices.storage.clone().unwrap()).unwrap();
    assert!(format!("{storage:?}").contains("NullStore"));
    let trades = &configuration.clusters["trades"];
    assert!(trades.storage.is_none());
    let runner = Cluster::open_runner(trades.runner.clone().unwrap()).unwrap();
    assert_eq!(runner.name(), "null");
}

#[test]
fn two_plugins_can_share_a_storage() {
    let text = "[storage]\ndata = { type = 'null' }\nmetadata.type = 'memory'";
    let storage = Cluster::open_storage(configuration(text).unwrap().storage).unwrap();
    let shown = format!("{storage:?}");
    assert!(
        shown.starts_with("Storage { data: NullStore, metadata: MemoryMetadataStore"),
        "{shown}"
    );

    for (text, expected) in [
        (
            "type = 'null'\nmetadata = 'memory'",
            ["data: NullStore", "metadata: MemoryMetadataStore"],
        ),
        ("type = 'memory'\ndata = 'null'", ["data: NullStore", "metadata: MemoryMetadataStore"]),
    ] {
        let options = configuration(&format!("[storage]\n{text}")).unwrap().storage;
        let shown = format!("{:?}", Cluster::open_storage(options).unwrap());
        assert!(expected.iter().all(|part| shown.contains(part)), "{shown}");
    }
}

#[test]
fn a_choice_that_is_none_is_named_with_its_place() {
    for (text, message) in [
        (
            "metadata = 'none:secret'",
            "cannot find the storage plugin by a URL (scheme: none, set by: \
             /project/memento.toml:2); the schemes are: no plugin that is linked into this program \
             takes a URL; or add the crate that provides it to the dependencies",
        ),
        (
            "data = 'memory'\nmetadata = 'memory'\ntype = 'memory'",
            "cannot understand an option (option: storage.type, set by: /project/memento.toml:4): \
             there is no such option; the options here are `data`, `inline_limit`, `memory_cache`, \
             `metadata`",
        ),
    ] {
        let options = configuration(&format!("[storage]\n{text}")).unwrap().storage;
        refused(Cluster::open_storage(options), message);
    }
}

#[test]
fn an_unknown_table_is_refused() {
    refused(
        configuration("[storage]\ntype = 'memory'\n\n[runners]\ntype = 'local'"),
        "cannot understand an option (option: runners, set by: /project/memento.toml:4): there is no such option; the options here are `clusters`, `runner`, `storage`",
    );
}

#[test]
fn an_unknown_option_of_a_cluster_is_refused() {
    refused(
        configuration("[clusters.prices]\nstorrage = { type = 'memory' }"),
        "cannot understand an option (option: clusters.prices.storrage, set by: \
         /project/memento.toml:2): there is no such option; the options here are `runner`, `storage`",
    );
}

#[test]
fn an_unknown_option_of_a_plugin_is_refused() {
    let configuration =
        configuration("[storage]\ntype = 'memory'\npth = '/x'\n[runner]\nthread = 2").unwrap();
    refused(
        Cluster::open_storage(configuration.storage),
        "cannot understand an option (option: storage.pth, set by: /project/memento.toml:3): \
         there is no such option; the options here are `data`, `inline_limit`, `memory_cache`, `metadata`, `type`",
    );
    refused(
        Cluster::open_runner(configuration.runner),
        "cannot understand an option (option: runner.thread, set by: /project/memento.toml:5): \
         there is no such option; the options here are `stack_size`, `threads`, `type`",
    );
}

#[test]
fn a_layer_that_is_not_linked_is_refused_with_the_crate_that_it_needs() {
    let options = configuration("[storage]\ntype = 'memory'\n[storage.retry]\nattempts = 3");
    refused(
        Cluster::open_storage(options.unwrap().storage),
        "cannot understand an option (option: storage.retry, set by: /project/memento.toml:3): there is no such option; the options here are `data`, \
         `inline_limit`, `memory_cache`, `metadata`, `type`; a layer needs the crate that provides it, such as `memento-storage-layers`",
    );
}

#[test]
fn a_size_that_is_none_is_refused() {
    let options = configuration("[storage]\ntype = 'memory'\nmemory_cache = '1 XB'");
    refused(
        Cluster::open_storage(options.unwrap().storage),
        "cannot understand an option (option: storage.memory_cache, set by: /project/memento.toml:3): `\"1 XB\"` is no size; \
         write a size such as `\"100 MB\"` or `\"64 KiB\"`, or how many bytes it is",
    );
}

#[test]
fn an_unknown_option_of_one_of_two_plugins_is_refused() {
    let text = "[clusters.a.storage]\ndata = { type = 'null', x = 1 }\nmetadata.type = 'memory'";
    let configuration = configuration(text).unwrap();
    refused(
        Cluster::open_storage(configuration.clusters["a"].storage.clone().unwrap()),
        "cannot understand an option (option: clusters.a.storage.data.x, set by: \
         /project/memento.toml:2): there is no such option; the options here are `type`",
    );
}

#[test]
fn a_variable_with_one_underscore_in_the_place_of_two_is_told_so() {
    let mut options = Options::new();
    options.table_mut("storage", &Origin::Program).unwrap();
    let variable = Origin::Variable("MEMENTO_STORAGE_PATH".into());
    options.set("storage_path", Setting::Value("results".into(), variable));
    refused(
        Configuration::from_options(options, None),
        "cannot understand an option (option: storage_path, set by: the environment variable MEMENTO_STORAGE_PATH): there is no such option; \
         the options here are `clusters`, `runner`, `storage`; in variables, two underscores stand between a table and \
         what is in it",
    );
    refused(
        Options::new().with("x", 1).finish(),
        "cannot understand an option (option: x, set by: the program): there is no such option; there are no options here",
    );
}

#[test]
fn an_unknown_plugin_is_refused() {
    let configuration =
        configuration("[storage]\ntype = 'filesystem'\n[runner]\ntype = 'process'").unwrap();
    refused(
        Cluster::open_storage(configuration.storage),
        "cannot find the storage plugin (type: filesystem, set by: /project/memento.toml:2); \
         choose one that is linked into this program: `memory` (memento), `null` (memento); or add \
         `memento-storage-fs`, which provides it, to the dependencies",
    );
    refused(
        Cluster::open_runner(configuration.runner),
        "cannot find the runner plugin (type: process, set by: /project/memento.toml:4); choose \
         one that is linked into this program: `local` (memento), `null` (memento); or add \
         `memento-runner-process`, which provides it, to the dependencies",
    );
}

#[test]
fn a_value_of_another_type_is_refused() {
    let open = |text: &str| {
        let configuration = configuration(text).unwrap();
        Cluster::open_runner(configuration.runner)
            .and_then(|_| Cluster::open_storage(configuration.storage))
    };
    refused(
        open("[storage]\ntype = 1"),
        "cannot understand an option (option: storage.type, set by: /project/memento.toml:2): \
         invalid type: integer `1`, expected a string",
    );
    refused(
        open("[runner]\n\nthreads = 'many'"),
        "cannot understand an option (option: runner.threads, set by: /project/memento.toml:3): \
         invalid type: string \"many\", expected a whole number",
    );
    refused(
        open("[runner]\nthreads = -1"),
        "cannot understand an option (option: runner.threads, set by: /project/memento.toml:2): \
         invalid value: integer `-1`, expected a whole number",
    );
    for wrong in ["-1", "1.5", "true"] {
        let text = format!("[storage]\nmemory_cache = {wrong}");
        let message = open(&text).unwrap_err().to_string();
        assert!(message.contains(&format!("`{wrong}` is no size; write a size")), "{message}");
    }
    let mut options = Options::new().with("limit", 2);
    let message = options.take_duration("limit").unwrap_err().to_string();
    assert!(message.contains("`2` is no time; write a time such as `\"90s\"`"), "{message}");
    let mut options = Options::new().with("limit", "500000000000 years");
    let message = options.take_duration("limit").unwrap_err().to_string();
    assert!(message.contains("it is longer than a thousand years; write a time"), "{message}");
    let mut options = Options::new().with("path", "~/cache");
    let message = options.take_path("path").unwrap_err().to_string();
    assert!(message.contains("`~` stands for no folder here; write `${HOME}`"), "{message}");
    let mut options = Options::new().with("tiers", "memory");
    let message = options.take::<Vec<String>>("tiers").unwrap_err().to_string();
    assert!(message.contains("expected a list, as in `[\"a\", \"b\"]`"), "{message}");
}

#[test]
fn a_value_in_the_place_of_a_table_is_refused() {
    refused(
        configuration("storage = 'memory'"),
        "cannot understand an option (option: storage, set by: /project/memento.toml:1): it is a \
         value, and a table is expected; write `[storage]` and the options below it",
    );
    refused(
        configuration("[clusters]\nprices = 'memory'"),
        "cannot understand an option (option: clusters.prices, set by: /project/memento.toml:2): \
         it is a value, and a table is expected; write `[clusters.prices]` and the options below it",
    );
    refused(
        configuration("[[storage]]\ntype = 'memory'"),
        "cannot understand an option (option: storage, set by: /project/memento.toml:1): it is a \
         value, and a table is expected; write `[storage]` and the options below it",
    );
}

#[test]
fn a_table_in_the_place_of_a_value_is_refused() {
    let configuration = configuration("[storage]\n[storage.type]\nname = 'memory'").unwrap();
    refused(
        Cluster::open_storage(configuration.storage),
        "cannot understand an option (option: storage.type, set by: /project/memento.toml:2): it \
         is a table, and a value is expected",
    );
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    let file = Path::new("/no/such/folder/memento.toml");
    let error = Configuration::load_file(file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let message = error.to_string();
    let expected = "cannot read the configuration (place: /no/such/folder/memento.toml): ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let text = "[storage]\nrelative = '.memento'\nabsolute = '/x'\nup = '../x'";
    let mut storage = configuration(text).unwrap().storage;
    let mut path = |name| storage.take_path(name).unwrap();
    assert_eq!(path("relative").as_deref(), Some(Path::new("/project/.memento")));
    assert_eq!(path("absolute").as_deref(), Some(Path::new("/x")));
    assert_eq!(path("up").as_deref(), Some(Path::new("/project/../x")));
    assert_eq!(path("none"), None);
}

#[test]
fn relative_paths_of_a_program_stay_relative() {
    let mut options = Options::new().with("path", "x/y");
    assert_eq!(options.take_path("path").unwrap().as_deref(), Some(Path::new("x/y")));
}

#[test]
fn options_can_be_taken_again() {
    let mut options = Options::new().with("threads", 4);
    assert_eq!(options.take::<u8>("threads").unwrap(), Some(4));
    assert_eq!(options.take::<u64>("threads").unwrap(), Some(4));
    assert_eq!(options.take::<u64>("others").unwrap(), None);
    options.finish().unwrap();
}

#[test]
fn options_say_where_they_were_set() {
    let mut storage = configuration("\n[storage]\na = 1\nb = { c = 2 }").unwrap().storage;
    assert_eq!(storage.origin_of("a"), "/project/memento.toml:3");
    storage.take::<u8>("a").unwrap();
    assert_eq!(storage.origin_of("a"), "/project/memento.toml:3");
    assert_eq!(storage.origin_of("z"), "default");
    let nested = storage.take_options("b").unwrap().unwrap();
    assert_eq!(nested.origin_of("c"), "/project/memento.toml:4");
    assert_eq!(Options::new().with("a", 1).origin_of("a"), "the program");
    refused(
        Options::new().with("a", 1).finish(),
        "cannot understand an option (option: a, set by: the program): there is no such option; there are no options here",
    );
}
