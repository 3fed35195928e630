//! A way to a server on which things go wrong.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

/// Passes on what clients and a server say to each other. It ends with the program.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    requests: Arc<Way>,
    replies: Arc<Way>,
}

/// What happens to bytes in one direction.
#[derive(Debug, Default)]
struct Way {
    cut: Mutex<Cut>,
    pace: Mutex<Pace>,
    /// What is in the next bytes that are not passed on.
    lost: Mutex<Option<String>>,
}

/// In which pieces bytes go.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    /// How many bytes go together at most; 0 for no limit.
    crumb: usize,
    /// How long the next ones wait then.
    pause: Duration,
}

/// Which connections are cut in the middle of what they carry.
#[derive(Debug, Default)]
enum Cut {
    #[default]
    None,
    /// The one that carries the byte after so many more.
    One(usize),
    /// The same one, and from then on each that carries a byte.
    AllFrom(usize),
    /// Each that carries a byte.
    All,
}

impl Proxy {
    /// To the server at this port.
    ///
    /// # Panics
    ///
    /// Where there is no port for it.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (requests, replies) = (Arc::<Way>::default(), Arc::<Way>::default());
        let ways = [Arc::clone(&requests), Arc::clone(&replies)];
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Where the server is gone, so is the client's connection.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) {
                    connect(client, server, &ways);
                }
            }
        });
        Self { port, requests, replies }
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a Redis server behind it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Cuts a connection when so many more bytes have gone to the server.
    pub fn cut_requests_after(&self, bytes: usize) {
        *self.requests.cut.lock() = Cut::One(bytes);
    }

    /// Cuts a connection when so many more bytes have come from the server.
    pub fn cut_replies_after(&self, bytes: usize) {
        *self.replies.cut.lock() = Cut::One(bytes);
    }

    /// Makes all replies wait until what this returns is dropped.
    #[must_use]
    pub fn hold_replies(&self) -> impl Drop + '_ {
        self.replies.cut.lock()
    }

    /// Cuts a connection when so many more bytes have gone to the server, and from then on each that asks for more.
    pub fn cut_requests_for_good_after(&self, bytes: usize) {
        *self.requests.cut.lock() = Cut::AllFrom(bytes);
    }

    /// Does not pass on the next short request that has this in it: it is neither executed nor answered.
    pub fn lose_request(&self, part: &str) {
        *self.requests.lost.lock() = Some(part.to_owned());
    }

    /// Whether one is still to be lost.
    pub fn is_to_lose(&self) -> bool {
        self.requests.lost.lock().is_some()
    }

    /// Whether a connection is still to be cut.
    pub fn is_to_cut(&self) -> bool {
        [&self.requests, &self.replies]
            .iter()
            .any(|way| matches!(*way.cut.lock(), Cut::One(_) | Cut::AllFrom(_)))
    }

    /// Cuts none any more.
    pub fn cut_nothing(&self) {
        for way in [&self.requests, &self.replies] {
            *way.cut.lock() = Cut::None;
        }
    }

    /// Passes all on in pieces of so many bytes.
    pub fn crumble(&self, bytes: usize) {
        for way in [&self.requests, &self.replies] {
            *way.pace.lock() = Pace { crumb: bytes, pause: Duration::ZERO };
        }
    }

    /// Passes what the server sends on in pieces of so many bytes, with a pause behind each: the server is slow, or
    /// drips.
    pub fn slow_replies(&self, bytes: usize, pause: Duration) {
        *self.replies.pace.lock() = Pace { crumb: bytes, pause };
    }

    /// Passes all on as it comes, what is on its way included.
    pub fn hurry(&self) {
        self.crumble(0);
    }
}

fn connect(client: TcpStream, server: TcpStream, [requests, replies]: &[Arc<Way>; 2]) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("another handle");
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("a connection");
    }
    let back = (clone(&server), clone(&client), Arc::clone(replies));
    let there = (client, server, Arc::clone(requests));
    for (from, to, way) in [there, back] {
        thread::spawn(move || pass(from, to, &way));
    }
}

/// Passes bytes on until one side ends, or the connection is cut.
fn pass(mut from: TcpStream, mut to: TcpStream, way: &Way) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if way.loses(&buffer[..length]) {
            continue;
        }
        let passed = way.admit(length);
        if !way.send(&buffer[..passed], &mut to) || passed < length {
            break;
        }
    }
    for stream in [from, to] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

impl Way {
    /// Sends bytes at the pace that is set, which may change in between; whether all were taken.
    fn send(&self, mut bytes: &[u8], to: &mut TcpStream) -> bool {
        while !bytes.is_empty() {
            let Pace { crumb, pause } = *self.pace.lock();
            let length = if crumb == 0 { bytes.len() } else { crumb.min(bytes.len()) };
            let (part, rest) = bytes.split_at(length);
            if to.write_all(part).is_err() {
                return false;
            }
            thread::sleep(pause);
            bytes = rest;
        }
        true
    }

    /// Whether these bytes are those that are to be lost; from now on, none are.
    fn loses(&self, bytes: &[u8]) -> bool {
        let has = |part: &str| bytes.windows(part.len()).any(|window| window == part.as_bytes());
        self.lost.lock().take_if(|part| has(part)).is_some()
    }

    /// How many of so many bytes pass.
    fn admit(&self, length: usize) -> usize {
        let mut cut = self.cut.lock();
        match &mut *cut {
            Cut::None => length,
            Cut::One(left) | Cut::AllFrom(left) if *left > length => {
                *left -= length;
                length
            }
            Cut::One(left) => {
                let passed = (*left).min(length - 1);
                *cut = Cut::None;
                passed
            }
            Cut::AllFrom(left) => {
                let passed = (*left).min(length - 1);
                *cut = Cut::All;
                passed
            }
            Cut::All => 0,
        }
    }
}
