//! `chancela agent login` and `logout`: a person's session at a provider, begun with a browser and ended.

use super::with_agent;
use crate::cli::{AgentFile, Wanted};
use crate::failure::{AgentFailure, Failure};
use crate::output;
use chancela_agent::agent::Agent;
use chancela_agent::login::{self, DeviceLogin, LoggedIn, LoginError, LoginRequest, Pending, Revocation};
use chancela_agent::source::Source;
use chancela_core::message::token_response::iso_8601;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use std::io::{self, IsTerminal};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

/// How often a wrong line may be pasted.
const TRIES: u8 = 5;

/// Where the person logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// In a browser that opens here.
    Browser,
    /// In a browser that the person opens.
    Address,
    /// At another device, with a code.
    Device,
}

pub(super) fn login(
    name: &str,
    file: &AgentFile,
    wanted: &Wanted,
    (how, timeout): (How, Duration),
) -> Result<(), Failure> {
    with_agent(file, false, async |agent| {
        let request = LoginRequest {
            scope: wanted.scope.as_deref(),
            resource: wanted.resource.as_deref(),
            ..LoginRequest::default()
        };
        let provider = agent.provider(name).map_err(AgentFailure::from)?;
        if how == How::Device || provider.needs_device() {
            return elsewhere(agent, name, &request, timeout).await;
        }
        let mut pending = Pending::begin(agent, name, &request).await.map_err(AgentFailure::from)?;
        let opened = how == How::Browser && pending.open_browser();
        let how = if opened { "a browser opens; if it does not, open" } else { "open in a browser" };
        output::complain(&format!("{how}:\n\n  {}\n", pending.url()));
        if pending.is_remote()
            && let Some(line) = pending.tunnel("THIS-MACHINE")
        {
            output::complain(&format!(
                "if that browser is on another machine, first run there:\n\n  {line}\n"
            ));
        }
        if io::stdin().is_terminal() {
            output::complain("or paste the address that the browser ends at, and press Enter");
        }
        let places = agent.config().provider.get(name).map(|provider| provider.places(name));
        let is_taken = places.iter().flatten().any(|place| *place.source == Source::StandardInput);
        let lines = if is_taken { nothing() } else { pasted() };
        let answer = answer(&mut pending, lines, timeout).await?;
        tell(name, &pending.finish(answer).await.map_err(AgentFailure::from)?);
        Ok(())
    })
}

/// A login at another device (RFC 8628). Interrupted, it leaves nothing.
async fn elsewhere(
    agent: &Agent,
    name: &str,
    request: &LoginRequest<'_>,
    timeout: Duration,
) -> Result<(), Failure> {
    let begun = DeviceLogin::begin(agent, name, request).await.map_err(AgentFailure::from)?;
    output::complain(&format!(
        "open on any device, within {} minutes:\n\n  {}\n\nand enter this code, if it asks for one:\n\n  {}\n",
        begun.time_left().as_secs().div_ceil(60),
        begun.verification_uri(),
        begun.user_code(),
    ));
    if let Some(address) = begun.verification_uri_complete() {
        output::complain(&format!("or open this, and see that it shows the same code:\n\n  {address}\n"));
    }
    let address = begun.verification_uri_complete().unwrap_or_else(|| begun.verification_uri());
    if io::stderr().is_terminal()
        && let Some(picture) = picture(address)
    {
        output::complain(&format!("or point a camera at this:\n\n{picture}"));
    }
    tokio::select! {
        logged_in = begun.finish(timeout) => tell(name, &logged_in.map_err(AgentFailure::from)?),
        _ = tokio::signal::ctrl_c() => return Err(AgentFailure::cancelled(name).into()),
    }
    Ok(())
}

/// An address as a QR code of half blocks, light on dark as most terminals are. `None` if it is too long.
fn picture(address: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(address, EcLevel::L).ok()?;
    let (light, dark) = (Dense1x2::Light, Dense1x2::Dark);
    Some(code.render::<Dense1x2>().dark_color(light).light_color(dark).quiet_zone(true).build())
}

/// From the browser, or from a person who pastes what it ended at.
async fn answer(
    pending: &mut Pending,
    mut lines: Receiver<String>,
    timeout: Duration,
) -> Result<login::Answer, Failure> {
    let mut left = TRIES;
    let mut comes_here = true;
    loop {
        tokio::select! {
            answer = pending.answer(timeout), if comes_here => match answer {
                // The provider knows an address elsewhere; what is pasted is the only answer.
                Err(LoginError::PasteOnly) => comes_here = false,
                answer => return Ok(answer.map_err(AgentFailure::from)?),
            },
            Some(line) = lines.recv() => match pending.paste(&line) {
                Ok(answer) => return Ok(answer),
                Err(error) if left > 1 => {
                    left -= 1;
                    output::complain(&error.to_string());
                }
                Err(error) => return Err(AgentFailure::from(error).into()),
            },
            () = tokio::time::sleep(timeout), if !comes_here => {
                return Err(AgentFailure::from(LoginError::TimedOut).into());
            }
            else => return Err(AgentFailure::from(LoginError::PasteOnly).into()),
        }
    }
}

/// Lines of standard input, where somebody may write them. The thread ends with the program.
fn pasted() -> Receiver<String> {
    let (send, receive) = channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receive
}

/// No lines: standard input has a secret, which must not be taken for one.
fn nothing() -> Receiver<String> {
    channel(1).1
}

fn tell(name: &str, logged_in: &LoggedIn) {
    if !logged_in.withheld.is_empty() {
        output::complain(&format!("not granted: {}", logged_in.withheld.join(" ")));
    }
    let until = match logged_in.session_ends_at {
        Some(end) => format!(" until {}", iso_8601(end)),
        None if logged_in.renewable => String::new(),
        None => " for as long as this one token lives".to_owned(),
    };
    output::complain(&format!("logged in{until}; try: chancela token {name}"));
}

pub(super) fn logout(name: &str, file: &AgentFile, wanted: &Wanted) -> Result<(), Failure> {
    with_agent(file, false, async |agent| {
        let ended = login::logout(agent, name, wanted.scope.as_deref(), wanted.resource.as_deref()).await;
        let ended = ended.map_err(AgentFailure::from)?;
        match (ended.was_logged_in, ended.revocation) {
            (false, _) => output::complain(&format!("{name}: nobody was logged in")),
            (true, Revocation::Done) => {
                output::complain(&format!("{name}: logged out, here and at the provider"))
            }
            (true, Revocation::Nothing) => output::complain(&format!("{name}: logged out here")),
            (true, Revocation::Failed(error)) => {
                output::complain(&format!("{name}: logged out here, and not at the provider: {error}"));
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_fits_into_a_terminal_as_a_picture() {
        let picture = picture("https://id.example/device?user_code=WDJB-MJHT").unwrap();
        let widths: Vec<usize> = picture.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| (29..=60).contains(width)) && widths.len() <= 30, "{widths:?}");
        assert!(super::picture(&"x".repeat(4000)).is_none());
    }
}
