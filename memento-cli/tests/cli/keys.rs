//! As whom a service is asked: as the one that the configuration names, whatever the variables of the shell say.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::Place;

/// The heads of the requests that the program makes to find an object of a service that has none. Its configuration has
/// `options`, in which `PORT` stands for the port of the service, and its shell these variables.
fn heads(options: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let place = Place::new();
    let options = options.replace("PORT", &port.to_string());
    place.write("memento.toml", format!("[storage]\nallow_http = true\nretries = 0\n{options}"));
    let service = thread::spawn(move || {
        let mut heads = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            if head.is_empty() {
                break;
            }
            heads.push(head.join("\n"));
            let nothing =
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(nothing.as_bytes()).unwrap();
        }
        heads
    });
    let mut command = place.command(&["blob", "stat", "a/b"]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    // One that says nothing is the end.
    drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    let heads = service.join().unwrap();
    assert!(!heads.is_empty(), "{output:?}");
    heads
}

#[test]
fn a_token_of_the_shell_does_not_go_with_a_key_of_the_configuration() {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "theirs"),
        ("AWS_SECRET_ACCESS_KEY", "theirs"),
        ("AWS_SESSION_TOKEN", "f0reign"),
    ];
    let bucket = "url = 's3://bucket'\nendpoint = 'http://127.0.0.1:PORT'\n";
    let key = format!("{bucket}access_key_id = 'mine'\nsecret_access_key = 'secret'\n");
    for head in heads(&key, &variables) {
        assert!(head.contains("Credential=mine/"), "{head}");
        assert!(!head.contains("f0reign") && !head.contains("x-amz-security-token"), "{head}");
    }
    for head in heads(&format!("{key}session_token = 'own'\n"), &variables) {
        assert!(head.contains("Credential=mine/"), "{head}");
        assert!(head.contains("x-amz-security-token: own"), "{head}");
    }
    for head in heads(bucket, &variables) {
        assert!(head.contains("Credential=theirs/"), "{head}");
        assert!(head.contains("x-amz-security-token: f0reign"), "{head}");
    }
}

#[test]
fn a_token_of_the_shell_is_not_used_in_place_of_the_key_of_an_account() {
    let variables = [("AZURE_STORAGE_ACCOUNT_NAME", "theirs"), ("AZURE_STORAGE_TOKEN", "f0reign")];
    let container = "url = 'az://box'\nendpoint = 'http://127.0.0.1:PORT'\n";
    let key = format!("{container}account = 'mine'\naccess_key = 'c2VjcmV0'\n");
    for head in heads(&key, &variables) {
        assert!(head.contains("SharedKey mine:") && !head.contains("f0reign"), "{head}");
    }
    for head in heads(container, &variables) {
        assert!(head.contains("Bearer f0reign"), "{head}");
    }
}
