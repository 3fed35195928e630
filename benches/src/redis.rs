//! A Redis server of a bench's own, and the plain client that memento is compared with.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use memento::{Environment, LocalRunner};
use memento_storage_redis::Options;
use redis::Connection;
use tempfile::TempDir;

use crate::folder;

/// A server that keeps everything in memory, on a socket in a folder. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    child: Child,
}

impl Server {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// Where there is no `redis-server`.
    pub fn start() -> Self {
        let folder = folder();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", "socket", "--save", "", "--appendonly", "no"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program `redis-server`, as scripts/test installs it");
        let server = Self { folder, child };
        while server.try_connect().is_err() {
            thread::sleep(Duration::from_millis(1));
        }
        server
    }

    fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("socket").display())
    }

    fn try_connect(&self) -> redis::RedisResult<Connection> {
        redis::Client::open(self.url())?.get_connection()
    }

    /// A connection of the plain client.
    ///
    /// # Panics
    ///
    /// Where the server has ended.
    pub fn connect(&self) -> Connection {
        self.try_connect().expect("the server runs")
    }

    /// What storages on it are made with.
    ///
    /// # Panics
    ///
    /// Where the path of temporary folders cannot be in a URL.
    pub fn options(&self) -> Options {
        Options::new(&self.url()).expect("a URL")
    }

    /// An environment on it without a memory cache: every hit comes from the server.
    pub fn uncached(&self) -> Environment {
        let storage = memento_storage_redis::storage(&self.options()).memory_cache(0);
        Environment::new(storage, LocalRunner::new())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
