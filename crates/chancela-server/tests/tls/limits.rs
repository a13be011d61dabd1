//! Times and numbers of handshakes, and the end of TLS connections.

use super::{PEER_PATH, Running, get, pause};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

impl Running {
    /// All that a client says first.
    fn hello(&self) -> Vec<u8> {
        let mut client = self.client().connect(self.tls).conn;
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }
}

/// Connections that say so much and no more. They come in small groups: a full queue of the kernel would be what is
/// measured.
fn crowd(address: SocketAddr, count: usize, beginning: &[u8]) -> Vec<TcpStream> {
    let begin = |number: usize| {
        if number.is_multiple_of(30) {
            pause(Duration::from_millis(40));
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(beginning).unwrap();
        stream
    };
    (0..count).map(begin).collect()
}

/// requirements.md 5.1.
#[test]
fn a_handshake_that_does_not_end_is_closed_after_five_seconds() {
    let running = Running::start();
    // Nothing, the head of a record, and a record whose message goes on.
    let beginnings: [&[u8]; 3] = [b"", b"\x16\x03\x01", b"\x16\x03\x01\x00\x04\x01\x00\x01\x00"];
    let threads = beginnings.map(|beginning| {
        let address = running.mtls;
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
            let start = Instant::now();
            stream.write_all(beginning).unwrap();
            let ended = stream.read(&mut [0; 16]).unwrap_or(0);
            (ended, start.elapsed())
        })
    });
    for thread in threads {
        let (read, time) = thread.join().unwrap();
        assert_eq!(read, 0);
        assert!((4.5..7.0).contains(&time.as_secs_f64()), "{time:?}");
    }
    running.failed("mtls", "timeout", 3);
}

/// DO-08: whoever connects and says nothing takes no handshake's place.
#[test]
fn silent_connections_hold_up_no_handshake() {
    let running = Running::start();
    let silent: Vec<TcpStream> = crowd(running.tls, 300, b"");
    let start = Instant::now();
    running.serves();
    // Behind 256 places taken for five seconds it would have waited for one of them.
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    drop(silent);
    running.serves();
}

/// DO-08: nor does whoever begins, and leaves it at that.
#[test]
fn half_a_hello_holds_up_no_handshake() {
    let running = Running::start();
    let hello = running.hello();
    for beginning in [&hello[..1], &hello[..hello.len() - 1]] {
        let begun = crowd(running.tls, 300, beginning);
        pause(Duration::from_millis(300));
        let start = Instant::now();
        running.serves();
        assert!(start.elapsed() < Duration::from_secs(3), "{} bytes: {:?}", beginning.len(), start.elapsed());
        drop(begun);
    }
}

/// What is kept of a client before it has a place is small.
#[test]
fn a_hello_without_end_is_refused_before_its_time() {
    let running = Running::start();
    let mut stream = TcpStream::connect(running.mtls).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
    let start = Instant::now();
    // ClientHello of 60,000 bytes, in records of 8,000.
    let mut body = vec![0; 60_000];
    body[..6].copy_from_slice(b"\x01\x00\xea\x5c\x03\x03");
    for piece in body.chunks(8_000).take(3) {
        let head = [0x16, 0x03, 0x01, (piece.len() >> 8) as u8, piece.len() as u8];
        // The server may have hung up by the last one.
        let _ = stream.write_all(&[&head[..], piece].concat());
    }
    assert!(!matches!(stream.read(&mut [0; 16]), Ok(1..)));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    running.failed("mtls", "malformed", 1);
    running.serves();
}

/// requirements.md 5.1: with all places taken a handshake waits for one, and is then as good as any.
#[test]
fn no_more_than_256_handshakes_are_in_progress() {
    let running = Running::start();
    let start = Instant::now();
    let begun: Vec<TcpStream> = crowd(running.tls, 260, &running.hello());
    pause(Duration::from_millis(700));
    running.serves();
    assert!(start.elapsed() > Duration::from_secs(4), "it waited for no place: {:?}", start.elapsed());
    drop(begun);
    let start = Instant::now();
    running.serves();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn at_the_end_connections_are_closed_in_good_order() {
    let mut running = Running::start();
    let client = running.client();
    let mut idle = client.connect(running.tls);
    get(&mut idle, PEER_PATH).unwrap();
    // A request in flight: its body is yet to come.
    let mut busy = client.connect(running.mtls);
    busy.write_all(
        b"POST /opaque/oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
          Content-Length: 29\r\n\r\n",
    )
    .unwrap();
    busy.flush().unwrap();
    pause(Duration::from_millis(300));
    let workers = running.workers.take().unwrap();
    let ending = std::thread::spawn(move || workers.stop());
    // A farewell, not a cut: rustls would say `UnexpectedEof`.
    assert_eq!(idle.read(&mut [0; 16]).unwrap(), 0);
    busy.write_all(b"grant_type=client_credentials").unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    ending.join().unwrap();
}
