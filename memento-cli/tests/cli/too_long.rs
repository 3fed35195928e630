//! Mementos that a storage does not read, since they are too long for it.

use memento_tests::folder::Folder;
use memento_tests::redis::RedisServer;
use memento_tests::s3::{BUCKET, S3Server};
use memento_tests::visit::Call;

use crate::copy::team;
use crate::{Place, json};

/// Copies a folder with three mementos into the cluster `team` that `whole` names, has `lengthen` make one of them too
/// long for the one that `short` names, and looks at what comes of it where mementos are taken from there.
#[track_caller]
fn assert_told(whole: &str, short: &str, lengthen: impl FnOnce()) {
    let (place, folder) = (Place::new(), Folder::with(&[1, 2, 3].map(Call::Small)));
    place.write("memento.toml", whole);
    place.done(&["copy", folder.name(), "team"]);
    lengthen();
    place.write("memento.toml", short);
    for words in [
        &["copy", "--json", "team", "./to"][..],
        &["--cluster", "team", "export", "--json", "archive"],
    ] {
        let run = place.run(words);
        assert_eq!((run.code, run.errors.lines().count()), (1, 1), "{run:?}");
        assert!(run.errors.contains("max_object_size: 10000 bytes"), "{run:?}");
        assert_eq!(json(&run.output)[0]["mementos"], 2, "{run:?}");
    }
    // What is there, though nobody here can read it, is not replaced.
    let copied = json(&place.done(&["copy", "--json", folder.name(), "team"]));
    assert_eq!((&copied[0]["mementos"], &copied[0]["present"]), (&0.into(), &4.into()));
    place.write("memento.toml", whole);
    place.refused(&["copy", "team", "./whole"], &["key: "]);
}

#[test]
fn one_on_redis_is_told_and_the_others_are_copied() {
    let server = RedisServer::start();
    let team = |more: &str| format!("[clusters.team.storage]\nurl = '{}'\n{more}\n", server.url());
    assert_told(&team(""), &team("max_object_size = '10 kB'"), || {
        let lengthen = "local key = redis.call('KEYS', 'memento:1:memento:*')[1] \
                        return redis.call('APPEND', key, string.rep('x', 100000))";
        server.ask(&["EVAL", lengthen, "0"]);
    });
}

#[test]
fn one_in_a_bucket_is_told_and_the_others_are_copied() {
    let server = S3Server::start();
    let port = server.port();
    assert_told(&team(port, ""), &team(port, "max_object_size = '10 kB'"), || {
        let key = server.buckets().keys(BUCKET, "mementos/").remove(0);
        let mut long = server.buckets().get(BUCKET, &key).unwrap().content.to_vec();
        long.resize(long.len() + 100_000, b'x');
        server.buckets().put(BUCKET, &key, long);
    });
}
