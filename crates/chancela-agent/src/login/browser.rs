//! The person's browser: opened where there is one, and led here from elsewhere where there is not.

use crate::source::Surroundings;
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;

/// The program that opens an address in the person's browser.
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";
/// The program that opens an address in the person's browser.
#[cfg(target_os = "macos")]
const OPENER: &str = "open";

/// Variables that say that this machine's screen is not the person's.
const REMOTE: [&str; 3] = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"];
/// Variables that say that there is a screen.
const SCREEN: [&str; 2] = ["DISPLAY", "WAYLAND_DISPLAY"];

fn has(around: &Surroundings, names: &[&str]) -> bool {
    names.iter().any(|name| around.variable(name).is_some_and(|value| !value.is_empty()))
}

/// Whether the person sits elsewhere.
pub(super) fn is_remote(around: &Surroundings) -> bool {
    has(around, &REMOTE)
}

/// Whether a browser that is opened here has a screen.
pub(super) fn has_screen(around: &Surroundings) -> bool {
    !is_remote(around) && (cfg!(target_os = "macos") || has(around, &SCREEN))
}

/// Opens an address, which no shell sees.
///
/// # Errors
/// The program cannot be started. What becomes of it nobody knows.
pub(super) fn open(url: &str) -> io::Result<()> {
    open_with(OPENER, url)
}

fn open_with(program: &str, url: &str) -> io::Result<()> {
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // In a group of its own, so that a Ctrl-C for us does not end the person's browser.
    let mut child = command.process_group(0).spawn()?;
    // Some openers last as long as the browser; nobody waits for them, and none stays a zombie.
    thread::spawn(move || child.wait());
    Ok(())
}

/// The command that a person runs where the browser is, so that what it sends to this address there comes to it here.
/// `host` is this machine's name there.
pub(super) fn tunnel(address: SocketAddr, host: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._@:".contains(&b);
    let is_plain = !host.is_empty() && !host.starts_with('-') && host.bytes().all(plain);
    let host = if is_plain { host } else { "HOST" };
    format!("ssh -L {}:{address} {host}", address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    fn around(set: &'static [&'static str]) -> Surroundings {
        Surroundings::new(|name| set.contains(&name).then(|| OsString::from("x")), io::empty())
    }

    #[test]
    fn a_browser_is_opened_only_where_the_person_sits() {
        assert!(has_screen(&around(&["DISPLAY"])) && has_screen(&around(&["WAYLAND_DISPLAY"])));
        assert!(!has_screen(&around(&["DISPLAY", "SSH_CONNECTION"])) && is_remote(&around(&["SSH_TTY"])));
        assert_eq!(has_screen(&around(&[])), cfg!(target_os = "macos"));
    }

    #[test]
    fn the_line_for_a_remote_shell_has_nothing_that_a_shell_would_run() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let line = tunnel(at("127.0.0.1:8976"), "me@dev-1.example");
        assert_eq!(line, "ssh -L 8976:127.0.0.1:8976 me@dev-1.example");
        assert_eq!(tunnel(at("[::1]:8976"), "dev"), "ssh -L 8976:[::1]:8976 dev");
        for odd in ["", "a; rm x", "-oProxyCommand=x", "$(x)"] {
            assert_eq!(tunnel(at("127.0.0.1:1"), odd), "ssh -L 1:127.0.0.1:1 HOST");
        }
    }

    #[test]
    fn the_opener_gets_the_address_as_one_argument_and_a_missing_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (script, out) = (folder.path().join("opener"), folder.path().join("out"));
        fs::write(
            &script,
            format!("#!/bin/sh\nprintf '%s|' \"$@\" > {0}.new && mv {0}.new {0}\n", out.display()),
        )
        .unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
        let url = "https://id.example/a?b=c&d=$(touch x);`y` 'z'";
        open_with(script.to_str().unwrap(), url).unwrap();
        let start = Instant::now();
        let said = loop {
            match fs::read_to_string(&out) {
                Ok(said) => break said,
                Err(_) => assert!(start.elapsed() < Duration::from_secs(20)),
            }
            thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(said, format!("{url}|"));
        assert!(open_with("/nonexistent/opener", url).is_err());
    }
}
