//! A web server for the demo: just enough HTTP to serve pages and to fail in the usual ways.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use executor_runtime::ThreadPoolExecutor;
use ureq::http::Uri;

/// How long a good page takes, as from a server far away.
const LATENCY: Duration = Duration::from_millis(100);

/// More connections than the program has threads are never needed at once.
const MAX_CONNECTIONS: usize = 64;

/// The most that is read of a request.
const MAX_REQUEST_BYTES: u64 = 16 << 10;

/// A server on a free port of this machine; it ends when dropped.
pub(crate) struct DemoServer {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    /// `None` once it has been joined.
    thread: Option<JoinHandle<()>>,
}

impl DemoServer {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let thread = thread::Builder::new().name("demo".to_owned()).spawn(move || serve(&listener, &stop))?;
        Ok(Self { address, stopped, thread: Some(thread) })
    }

    /// What it has: six good pages, and one of each fault.
    pub(crate) fn urls(&self) -> Vec<Uri> {
        let good = (1..=6).map(|number| format!("/page/{number}"));
        let bad = ["/slow", "/missing", "/broken"].map(str::to_owned);
        bad.into_iter().chain(good).map(|path| self.url(&path)).collect()
    }

    fn url(&self, path: &str) -> Uri {
        let url = Uri::builder().scheme("http").authority(self.address.to_string()).path_and_query(path);
        url.build().expect("an address and a plain path are a URL")
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        // Before the connection that makes the server look at it.
        self.stopped.store(true, Ordering::Release);
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(thread) = self.thread.take()
            && woken
        {
            // It panics nowhere; and a panic was told on stderr already.
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, stopped: &AtomicBool) {
    let pool = ThreadPoolExecutor::new(MAX_CONNECTIONS).expect("more than zero");
    for stream in listener.incoming().flatten() {
        if stopped.load(Ordering::Acquire) {
            return;
        }
        // A client that is gone needs no answer, so nobody looks at the future.
        drop(pool.submit(move || answer(&stream)));
    }
}

fn answer(mut stream: &TcpStream) -> io::Result<()> {
    let mut request = BufReader::new(stream.take(MAX_REQUEST_BYTES));
    let path = read_path(&mut request)?;
    match path.strip_prefix("/page/").and_then(|number| number.parse().ok()) {
        Some(number) => {
            thread::sleep(LATENCY);
            stream.write_all(response("200 OK", &page(number)).as_bytes())
        }
        // Says nothing; the connection ends when the client has given up.
        None if path == "/slow" => request.read(&mut [0]).map(drop),
        // Says nothing and hangs up.
        None if path == "/broken" => Ok(()),
        None => stream.write_all(response("404 Not Found", "There is no such page.\n").as_bytes()),
    }
}

/// Reads the head of a request, of which only the path is of interest.
fn read_path(request: &mut impl BufRead) -> io::Result<String> {
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut header = String::new();
    while request.read_line(&mut header)? > 2 {
        header.clear();
    }
    Ok(first.split(' ').nth(1).unwrap_or_default().to_owned())
}

fn page(number: u8) -> String {
    format!("This is page {number}.\n").repeat(100 * usize::from(number))
}

fn response(status: &str, body: &str) -> String {
    let len = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n{body}")
}
