//! This program again, as another process.

use crate::world::{Ahead, agent, config};
use chancela_agent::socket::{News, Settings, serve};
use chancela_agent::source::Surroundings;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

pub(crate) const ROLE: &str = "CHANCELA_TEST_ROLE";
pub(crate) const SOCKET: &str = "CHANCELA_TEST_SOCKET";

/// Arguments with which this program is a child.
pub(crate) const ARGUMENTS: [&str; 3] = ["--exact", "child::a_child_does_what_it_is_told", "--nocapture"];

/// Whether a program is on this machine.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// A whole exchange, without a runtime.
pub(crate) fn ask(socket: &Path, request: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_child_does_what_it_is_told() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let socket = std::env::var(SOCKET).unwrap();
    match role.as_str() {
        "ask" => {
            for request in [crate::world::post(r#"{"provider":"one"}"#), crate::world::get("/v1/status")] {
                println!("ANSWER {:?}", ask(Path::new(&socket), &request));
            }
        }
        "serve what systemd passed" => serve_passed(Path::new(&socket)),
        other => panic!("no role {other}"),
    }
}

fn serve_passed(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = config(9, folder, "");
        let news = Arc::new(News::default());
        let around = Surroundings::new(|name| std::env::var_os(name), std::io::empty());
        let settings = Settings::new(&config.agent, &around, Arc::clone(&news)).unwrap();
        assert!(settings.passed.is_some(), "systemd passed a socket");
        let agent = agent(config, &news, &Arc::new(Ahead::default()));
        serve(agent, settings, tokio::time::sleep(std::time::Duration::from_secs(2))).await.unwrap();
    });
}
