//! What the tests share: the program as a process, a small HTTP client, the sandbox, and a configured server.

pub(crate) mod browser;
pub(crate) mod http;
pub(crate) mod mutual_tls;
pub(crate) mod process;
pub(crate) mod sandbox;
pub(crate) mod server;
pub(crate) mod tls_server;

use serde_json::Value;
use std::time::{Duration, Instant};

/// How long a condition may take to come true on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again and again until there is an answer.
pub(crate) fn await_some<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A text member that must be there.
pub(crate) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no text {member:?} in {value}"))
}

/// Names of an object's members in their order.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}")).keys().map(String::as_str).collect()
}
