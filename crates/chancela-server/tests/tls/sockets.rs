//! Unix sockets.

use super::{PEER_PATH, Running, get};
use chancela_server::transport::unix_socket;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use tempfile::TempDir;

#[test]
fn a_unix_socket_answers_as_a_peer_of_this_machine() {
    let running = Running::start();
    let mut stream = UnixStream::connect(running.folder.path().join("unix.sock")).unwrap();
    for _ in 0..2 {
        assert_eq!(get(&mut stream, PEER_PATH).unwrap(), "UnixSocket 127.0.0.1 []");
    }
}

#[test]
fn only_a_socket_that_nobody_listens_on_is_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("own.sock");
    // Its file stays when a listener is dropped, as when a process is killed.
    drop(UnixListener::bind(&path).unwrap());
    let (listener, file) = unix_socket::bind(&path, 0o660).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o660);
    UnixStream::connect(&path).unwrap();
    let error = unix_socket::bind(&path, 0o660).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
    UnixStream::connect(&path).expect("the listener keeps its place");
    drop((listener, file));
    assert!(!path.exists(), "the file goes with its socket");
    fs::write(&path, "kept").unwrap();
    let error = unix_socket::bind(&path, 0o660).unwrap_err();
    assert!(error.to_string().contains("no socket"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
}
