//! What people are told: which storage it is, what is wrong with it, and what to do.

use std::net::TcpListener;

use memento_tests::redis::{RedisServer, free_port};
use memento_tests::s3::{BUCKET, KEY, MISSING, S3Server, endpoint};

use crate::{Place, Run};

/// A cluster of this name, with these lines.
fn cluster(name: &str, lines: &str) -> String {
    format!("[clusters.{name}.storage]\n{lines}\n")
}

/// A bucket of the service at this URL.
fn bucket(name: &str, endpoint: &str) -> String {
    let (id, secret) = KEY;
    format!(
        "url = 's3://{name}'\nendpoint = '{endpoint}'\nallow_http = true\nretries = 0\n\
         access_key_id = '{id}'\nsecret_access_key = '{secret}'"
    )
}

/// What is in the one comes to be in the other, and none of both is copied onto itself.
#[track_caller]
fn assert_told_apart(place: &Place, own: [&str; 2], locations: [&str; 2]) {
    place.write("hello", "hello\n");
    place.done(&["--cluster", own[0], "blob", "put", "hello", "a/b"]);
    let told = place.done(&["copy", own[0], own[1]]);
    assert!(told.starts_with("copied 0 contents, 1 object, "), "{told}");
    assert_eq!(place.done(&["--cluster", own[1], "blob", "get", "a/b"]), "hello\n");
    for (cluster, location) in own.into_iter().zip(locations) {
        place.refused(&["copy", cluster, cluster], &["both are the same", location]);
        let told = place.done(&["ping", cluster]);
        let shown = format!("  {location}  answers in ");
        assert_eq!(told.matches(&shown).count(), 2, "{told}");
    }
}

#[test]
fn storages_of_one_redis_server_are_told_apart() {
    let (place, server) = (Place::new(), RedisServer::start());
    let url = server.url();
    let prefixed = |prefix: &str| format!("url = '{url}'\nkey_prefix = '{prefix}'");
    let clusters = [cluster("a", &prefixed("a:")), cluster("b", &prefixed("b:"))];
    place.write("memento.toml", clusters.concat());
    let locations = ["a:", "b:"].map(|prefix| format!("{url} with key_prefix \"{prefix}\""));
    assert_told_apart(&place, ["a", "b"], [&locations[0], &locations[1]]);
    place.write("memento.toml", cluster("usual", &prefixed("memento:")));
    place.refused(&["copy", "usual", &url], &["both are the same"]);
}

#[test]
fn buckets_of_one_name_are_told_apart_by_their_services() {
    let (place, servers) = (Place::new(), [S3Server::start(), S3Server::start()]);
    let endpoints = [0, 1].map(|n: usize| endpoint(servers[n].port()));
    let text = [
        cluster("a", &bucket(BUCKET, &endpoints[0])),
        cluster("b", &bucket(BUCKET, &endpoints[1])),
        cluster("c", &bucket(BUCKET, &format!("{}/", endpoints[1]))),
    ];
    place.write("memento.toml", text.concat());
    let locations = endpoints.each_ref().map(|url| format!("s3://{BUCKET} at {url}"));
    assert_told_apart(&place, ["a", "b"], [&locations[0], &locations[1]]);
    place.refused(&["copy", "b", "c"], &["both are the same"]);

    // Where the file names a service, no variable names another one; where it does not, that is the one.
    let away = endpoint(free_port());
    let ping = || {
        let mut command = place.command(&["ping", "a"]);
        Run::of(&command.env("AWS_ENDPOINT_URL_S3", &away).output().unwrap())
    };
    assert!(ping().done().contains(&locations[0]));
    let unsaid = bucket(BUCKET, "").replace("endpoint = ''\n", "");
    place.write("memento.toml", cluster("a", &unsaid));
    assert!(ping().output.contains(&format!("s3://{BUCKET} at {away}  does not answer")));
}

#[test]
fn no_password_is_shown_of_a_url_in_the_place_of_a_type() {
    let place = Place::new();
    let url = "redis://odd2:hunter2@127.0.0.1:7391";
    let parts = ["`type` has a URL in it", "write the URL as `url = \"…\"`"];
    let assert_said = |run: Run, place: &str| {
        assert!(!run.errors.contains("odd2") && !run.errors.contains("hunter2"), "{run:?}");
        run.refused(&[&parts[..], &[place]].concat());
    };
    place.write("memento.toml", format!("[storage]\ntype = '{url}'\n"));
    assert_said(place.run(&["ping"]), "memento.toml:2");
    place.write("memento.toml", "");
    let output = place.command(&["ping"]).env("MEMENTO_STORAGE__TYPE", url).output().unwrap();
    assert_said(Run::of(&output), "MEMENTO_STORAGE__TYPE");
}

#[test]
fn a_scheme_is_no_type() {
    let place = Place::new();
    for scheme in ["s3", "rediss"] {
        place.write("memento.toml", format!("[storage]\ntype = '{scheme}'\n"));
        let advice = format!("write `url = \"{scheme}://…\"`");
        place.refused(&["ping"], &["memento.toml:2", "that is the scheme of a URL", &advice]);
    }
}

#[test]
fn a_type_that_takes_no_url_contradicts_one() {
    let place = Place::new();
    let text = "[storage]\ntype = 'filesystem'\npath = 's'\n";
    for other in ["url = 'redis://me:hunter2@host'", "tiers = ['memory']"] {
        place.write("memento.toml", format!("{text}{other}\n"));
        let name = other.split(' ').next().unwrap();
        let wrong = format!("`type = \"filesystem\"` and `{name}` contradict each other");
        place.refused(&["ping"], &["memento.toml:4", &wrong]);
    }
}

#[test]
fn layers_of_a_part_of_a_storage_are_refused() {
    let place = Place::new();
    let text = "[storage]\ntype = 'memory'\n[storage.metadata]\ntype = 'memory'\nretry = {}\n";
    place.write("memento.toml", text);
    let parts = ["memento.toml:5", "around a whole storage", "write `[storage.retry]`"];
    place.refused(&["ping"], &parts);
}

#[test]
fn a_service_that_is_away_is_named() {
    let place = Place::new();
    let away = endpoint(free_port());
    place.write("memento.toml", cluster("away", &bucket("bucket/p1", &away)));
    let shown = format!("(store: s3://bucket/p1 at {away}): nobody listens there");
    let advice = "start the service, or check host and port in `endpoint`";
    place.refused(&["--cluster", "away", "blob", "ls"], &[&shown, advice]);
}

/// Whatever is asked of it.
#[test]
fn a_bucket_that_is_not_there_is_to_be_made() {
    let (place, server) = (Place::new(), S3Server::start());
    place.write("hello", "hello\n");
    place.write("memento.toml", cluster("none", &bucket(MISSING, &endpoint(server.port()))));
    let advice = "make the bucket, or check its name in `url`";
    for words in [&["blob", "ls"][..], &["blob", "put", "hello", "a/b"]] {
        place.refused(&[&["--cluster", "none"], words].concat(), &["NoSuchBucket", advice]);
    }
    let run = place.run(&["ping", "none"]);
    assert_eq!((run.code, run.errors.matches(advice).count()), (1, 2), "{run:?}");
}

/// Who does not speak it waits for more to come.
#[test]
fn a_server_that_is_silent_may_not_speak_tls() {
    let (place, server) = (Place::new(), RedisServer::start());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for port in [server.port(), silent.local_addr().unwrap().port()] {
        let url = |scheme: &str| {
            let url = format!("url = '{scheme}://127.0.0.1:{port}'");
            cluster(
                "team",
                &format!("{url}\nresponse_timeout = '300ms'\nconnect_timeout = '300ms'"),
            )
        };
        let list = ["--cluster", "team", "blob", "ls"];
        place.write("memento.toml", url("rediss"));
        let parts = ["does not answer in time", "check that the server speaks TLS on this port"];
        place.refused(&list, &parts);
        place.write("memento.toml", url("redis"));
        assert!(!place.run(&list).errors.contains("TLS"));
    }
}

#[test]
fn a_folder_that_is_missing_is_named() {
    let place = Place::new();
    place.write("memento.toml", "[storage]\npath = 's'\n");
    place.write("hello", "hello\n");
    place.done(&["blob", "put", "hello", "a/b"]);
    for (out, said) in [
        ("nosuch/out", ": nosuch/out): there is no folder nosuch\n"),
        ("hello/out", ": hello/out): Not a directory"),
    ] {
        place.refused(&["blob", "get", "a/b", out], &[said]);
        place.refused(&["export", out], &[said]);
    }
}

#[test]
fn metadata_have_names() {
    let place = Place::new();
    place.write("hello", "hello\n");
    for pair in ["=x", " =x"] {
        let words = ["--storage", "./s", "blob", "put", "hello", "a/b", "--metadata", pair];
        let run = place.run(&words);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.errors.contains("'--metadata <NAME=VALUE>': write a name"), "{run:?}");
    }
    assert!(!place.path("s").exists());
}
