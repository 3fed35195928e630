//! Replies whose heads come at once, and whose bodies have no end, or come to it late.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use memento::storage::DataStore as _;
use memento::{Name, Result};
use memento_storage_object::ObjectDataStore;
use memento_tests::s3::{BUCKET, options};

const MIB: usize = 1 << 20;
/// How long the server waits before it sends another space.
const PAUSE: Duration = Duration::from_millis(20);

const HEAD: &str = "HTTP/1.1 200 OK\r\nETag: \"tag\"\r\nConnection: close\r\n";
const BEGUN: &str =
    "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>";
const COPIED: &str = "<CopyObjectResult><ETag>tag</ETag></CopyObjectResult>";
const COMPLETED: &str =
    "<CompleteMultipartUploadResult><ETag>tag</ETag></CompleteMultipartUploadResult>";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Put,
    Begin,
    Part,
    Complete,
    Copy,
    Head,
    Delete,
}

impl Request {
    fn read(head: &str) -> Self {
        let line = head.lines().next().unwrap();
        match line.split(' ').next().unwrap() {
            "HEAD" => Self::Head,
            "POST" if line.contains("?delete") => Self::Delete,
            "POST" if line.contains("uploadId=") => Self::Complete,
            "POST" => Self::Begin,
            "PUT" if head.contains("x-amz-copy-source") => Self::Copy,
            "PUT" if line.contains("partNumber=") => Self::Part,
            "PUT" => Self::Put,
            _ => Self::Delete,
        }
    }

    /// What stands in the reply.
    fn reply(self) -> &'static str {
        match self {
            Self::Begin => BEGUN,
            Self::Complete => COMPLETED,
            Self::Copy => COPIED,
            _ => "",
        }
    }
}

/// What comes before the reply that is to come.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// Spaces for so long, one after the other.
    Drips(Duration),
    /// So many spaces at once.
    Flood(usize),
}

/// A server of which one kind of request has such a reply. It ends with the program.
struct Endless {
    port: u16,
    /// How many bytes the longest reply has.
    sent: Arc<AtomicUsize>,
}

impl Endless {
    fn start(request: Request, before: Before) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&sent);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sent = Arc::clone(&counted);
                // Clients may go whenever they like.
                thread::spawn(move || answer(&stream, request, before, &sent));
            }
        });
        Self { port, sent }
    }

    fn store(&self, timeout: Duration) -> ObjectDataStore {
        ObjectDataStore::new(&options(self.port, BUCKET).response_timeout(timeout))
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

fn answer(
    mut stream: &TcpStream,
    odd: Request,
    before: Before,
    sent: &AtomicUsize,
) -> io::Result<()> {
    let (mut requests, mut head) = (BufReader::new(stream), String::new());
    while !head.ends_with("\r\n\r\n") {
        if requests.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().unwrap());
    io::copy(&mut (&mut requests).take(length), &mut io::sink())?;
    let request = Request::read(&head);
    if request == Request::Head {
        let modified = "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT";
        return write!(stream, "{HEAD}{modified}\r\nContent-Length: 1\r\n\r\n");
    }
    write!(stream, "{HEAD}Transfer-Encoding: chunked\r\n\r\n")?;
    let mut length = 0;
    let mut send = |text: &str| {
        length += text.len();
        sent.fetch_max(length, Ordering::Relaxed);
        write!(stream, "{:x}\r\n{text}\r\n", text.len())
    };
    match before {
        _ if request != odd => {}
        Before::Drips(time) => {
            let begin = Instant::now();
            while begin.elapsed() < time {
                send(" ")?;
                thread::sleep(PAUSE);
            }
        }
        Before::Flood(length) => {
            let spaces = " ".repeat(MIB);
            (0..length / MIB).try_for_each(|_| send(&spaces))?;
        }
    }
    match request.reply() {
        "" => {}
        reply => send(reply)?,
    }
    write!(stream, "0\r\n\r\n")
}

/// What makes a request of this kind.
fn ask(request: Request, store: &ObjectDataStore) -> Result<()> {
    let [name, other] = ["a/b", "a/c"].map(|name| Name::new(name).unwrap());
    match request {
        Request::Put => store.put(&name, b"content"),
        Request::Begin | Request::Part | Request::Complete => store.put(&name, &vec![7; 17 * MIB]),
        Request::Copy => store.copy(&name, &other).map(drop),
        Request::Head | Request::Delete => store.remove(&name).map(drop),
    }
}

const ALL: [Request; 6] = [
    Request::Put,
    Request::Begin,
    Request::Part,
    Request::Complete,
    Request::Copy,
    Request::Delete,
];

/// A byte now and then holds each request up for its time and no longer, those that take long included.
#[test]
fn replies_that_drip_without_an_end_are_given_up() {
    const TIMEOUT: Duration = Duration::from_millis(200);
    const NEVER: Duration = Duration::from_mins(1);
    thread::scope(|scope| {
        for request in ALL {
            scope.spawn(move || {
                let server = Endless::start(request, Before::Drips(NEVER));
                let begin = Instant::now();
                let error = ask(request, &server.store(TIMEOUT)).unwrap_err().to_string();
                assert!(error.contains("it does not answer in time"), "{request:?}: {error}");
                assert!(begin.elapsed() < NEVER / 2, "{request:?}: {:?}", begin.elapsed());
            });
        }
    });
}

/// S3 sends spaces while it makes an object, or copies one, so that the connection stays.
#[test]
fn what_takes_its_time_is_waited_for() {
    const TIMEOUT: Duration = Duration::from_secs(2);
    thread::scope(|scope| {
        for request in [Request::Complete, Request::Copy] {
            scope.spawn(move || {
                let server = Endless::start(request, Before::Drips(TIMEOUT * 2));
                let begin = Instant::now();
                ask(request, &server.store(TIMEOUT)).unwrap();
                assert!(begin.elapsed() >= TIMEOUT * 2, "{request:?}: {:?}", begin.elapsed());
            });
        }
    });
}

#[test]
fn replies_that_are_longer_than_any_are_given_up() {
    for request in ALL {
        let server = Endless::start(request, Before::Flood(100 * MIB));
        let error = ask(request, &server.store(Duration::from_secs(30))).unwrap_err().to_string();
        assert!(error.contains("its answer cannot be understood"), "{request:?}: {error}");
        // Behind the limit, as much is sent as is on its way.
        assert!(server.sent() < 50 * MIB, "{request:?}: {} bytes", server.sent());
    }
}
