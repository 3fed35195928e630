//! A Redis server for one test, or for all of a program, on a port of its own.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::thread;

use tempfile::TempDir;

use crate::processes::{self, wait_until, wait_until_some};

/// How often a port is chosen: another process may take it before the server does.
const TRIES: usize = 5;

/// A server that runs, in a folder of its own. It ends when it is dropped, or when the thread ends that started it.
#[derive(Debug)]
pub struct RedisServer {
    place: TempDir,
    port: u16,
    arguments: Vec<String>,
    child: Child,
}

impl RedisServer {
    /// One that keeps everything in memory.
    pub fn start() -> Self {
        Self::with(&["--save", "", "--appendonly", "no"])
    }

    /// One that has given to the system what it has acknowledged, before it is killed.
    pub fn durable() -> Self {
        Self::with(&["--appendonly", "yes", "--appendfsync", "no"])
    }

    /// One with these arguments.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn with(arguments: &[&str]) -> Self {
        let place = TempDir::new().expect("a temporary folder");
        Self::in_folder(place, arguments)
    }

    /// One with these arguments, in a folder that has been prepared.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn in_folder(mut place: TempDir, arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        for _ in 0..TRIES {
            let port = free_port();
            let child = spawn(place.path(), port, &arguments);
            let mut server = Self { place, port, arguments: arguments.clone(), child };
            if server.wait_until_ready() {
                return server;
            }
            place = std::mem::replace(&mut server.place, TempDir::new().expect("a folder"));
        }
        panic!("a Redis server whose port nobody else takes");
    }

    /// The server that the tests of this program share. It keeps everything in memory, and ends with the program.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<RedisServer> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (sender, receiver) = channel();
            // The server ends with the thread that starts it: this one does not, before the program does.
            thread::spawn(move || {
                sender.send(Self::start()).expect("somebody waits for it");
                loop {
                    thread::park();
                }
            });
            receiver.recv().expect("a server")
        })
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL, without user and password.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Kills it, with signal 9.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Starts it again, on the same port.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn start_again(&mut self) {
        wait_until("the port is free again", || {
            self.child = spawn(self.place.path(), self.port, &self.arguments);
            self.wait_until_ready()
        });
    }

    /// Stops it, so that it neither answers nor ends.
    pub fn pause(&self) {
        processes::pause(self.child.id());
    }

    /// Lets it go on.
    pub fn resume(&self) {
        processes::resume(self.child.id());
    }

    /// Does a command, in words, and says the beginning of what the server replies.
    ///
    /// # Panics
    ///
    /// Where the server cannot be reached.
    pub fn ask(&self, words: &[&str]) -> String {
        ask(self.port, words).expect("the server answers")
    }

    /// `false` where it ends, as one does whose port is taken.
    fn wait_until_ready(&mut self) -> bool {
        wait_until_some("the Redis server is ready", || {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return Some(false);
            }
            let answer = ask(self.port, &["PING"]).unwrap_or_default();
            // One that answers TLS alone closes the connection.
            let is_ready = ["+PONG", "-NOAUTH"].iter().any(|ready| answer.starts_with(ready));
            let is_tls = self.arguments.iter().any(|argument| argument == "--tls-port");
            let is_up = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            (is_ready || is_tls && is_up).then_some(true)
        })
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now.
///
/// # Panics
///
/// Where there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Starts a server. `PORT` in an argument is its port.
fn spawn(folder: &Path, port: u16, arguments: &[String]) -> Child {
    let port = port.to_string();
    let is_tls = arguments.iter().any(|argument| argument == "--tls-port");
    let arguments = arguments.iter().map(|argument| argument.replace("PORT", &port));
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "redis-server"])
        .args(arguments)
        .args(if is_tls { ["--port", "0"] } else { ["--port", &*port] })
        .args(["--bind", "127.0.0.1", "--daemonize", "no"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the programs `setpriv` and `redis-server`, as scripts/test installs them")
}

fn ask(port: u16, words: &[&str]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let length = format!("*{}\r\n", words.len());
    let words = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    let request: String = std::iter::once(length).chain(words).collect();
    stream.write_all(request.as_bytes())?;
    let mut reply = vec![0; 64 << 10];
    let length = stream.read(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply[..length]).into_owned())
}
