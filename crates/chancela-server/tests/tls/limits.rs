//! Times and numbers of handshakes, and the end of TLS connections.

use super::{PEER_PATH, Running, get, pause};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

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

/// requirements.md 5.1: with all places taken a handshake waits for one, and is then as good as any.
#[test]
fn no_more_than_256_handshakes_are_in_progress() {
    let running = Running::start();
    let start = Instant::now();
    let begun: Vec<TcpStream> = crowd(running.tls, 260, b"\x16");
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
