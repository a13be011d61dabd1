//! `chancela agent login` and `logout`: a person's session at a provider, begun with a browser and ended.

use super::with_agent;
use crate::cli::{AgentFile, Wanted};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said, said};
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
    (how, timeout, locale): (How, Duration, Locale),
) -> Result<(), Failure> {
    with_agent(file, false, async |agent| {
        let request = LoginRequest {
            scope: wanted.scope.as_deref(),
            resource: wanted.resource.as_deref(),
            ..LoginRequest::default()
        };
        let provider = agent.provider(name).map_err(AgentFailure::from)?;
        if how == How::Device || provider.needs_device() {
            return elsewhere(agent, name, &request, (timeout, locale)).await;
        }
        let mut pending = Pending::begin(agent, name, &request).await.map_err(AgentFailure::from)?;
        let opened = how == How::Browser && pending.open_browser();
        let url = pending.url();
        let said = match opened {
            true => said!(
                "a browser opens; if it does not, open:\n\n  {url}\n",
                "um navegador vai abrir; se não abrir, abra:\n\n  {url}\n",
            ),
            false => said!("open in a browser:\n\n  {url}\n", "abra em um navegador:\n\n  {url}\n"),
        };
        output::tell(locale, &said);
        let this_machine = said!("THIS-MACHINE", "ESTA-MAQUINA");
        let this_machine = this_machine.within(locale);
        if pending.is_remote()
            && let Some(line) = pending.tunnel(this_machine)
        {
            let said = said!(
                "if that browser is on another machine, first run there:\n\n  {line}\n",
                "se esse navegador está em outra máquina, execute antes nela:\n\n  {line}\n",
            );
            output::tell(locale, &said);
        }
        if io::stdin().is_terminal() {
            let said = said!(
                "or paste the address that the browser ends at, and press Enter",
                "ou cole o endereço em que o navegador termina, e tecle Enter",
            );
            output::tell(locale, &said);
        }
        let places = agent.config().provider.get(name).map(|provider| provider.places(name));
        let is_taken = places.iter().flatten().any(|place| *place.source == Source::StandardInput);
        let lines = if is_taken { nothing() } else { pasted() };
        let answer = answer(&mut pending, lines, (timeout, locale)).await?;
        tell(locale, name, &pending.finish(answer).await.map_err(AgentFailure::from)?);
        Ok(())
    })
}

/// A login at another device (RFC 8628). Interrupted, it leaves nothing.
async fn elsewhere(
    agent: &Agent,
    name: &str,
    request: &LoginRequest<'_>,
    (timeout, locale): (Duration, Locale),
) -> Result<(), Failure> {
    let begun = DeviceLogin::begin(agent, name, request).await.map_err(AgentFailure::from)?;
    let (minutes, uri) = (begun.time_left().as_secs().div_ceil(60), begun.verification_uri());
    let code = begun.user_code();
    let said = said!(
        "open on any device, within {minutes} minutes:\n\n  {uri}\n\nand enter this code, if it asks for one:\n\n  {code}\n",
        "abra em qualquer aparelho, em até {minutes} minutos:\n\n  {uri}\n\ne digite este código, se for pedido:\n\n  {code}\n",
    );
    output::tell(locale, &said);
    if let Some(address) = begun.verification_uri_complete() {
        let said = said!(
            "or open this, and see that it shows the same code:\n\n  {address}\n",
            "ou abra este, e confira se mostra o mesmo código:\n\n  {address}\n",
        );
        output::tell(locale, &said);
    }
    let address = begun.verification_uri_complete().unwrap_or_else(|| begun.verification_uri());
    if io::stderr().is_terminal()
        && let Some(picture) = picture(address)
    {
        let said =
            said!("or point a camera at this:\n\n{picture}", "ou aponte uma câmera para isto:\n\n{picture}",);
        output::tell(locale, &said);
    }
    tokio::select! {
        logged_in = begun.finish(timeout) => tell(locale, name, &logged_in.map_err(AgentFailure::from)?),
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
    (timeout, locale): (Duration, Locale),
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
                    output::tell(locale, &Said::of(&error));
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

fn tell(locale: Locale, name: &str, logged_in: &LoggedIn) {
    if !logged_in.withheld.is_empty() {
        let scope = logged_in.withheld.join(" ");
        output::tell(locale, &said!("not granted: {scope}", "não concedido: {scope}"));
    }
    let said = match logged_in.session_ends_at.map(iso_8601) {
        Some(end) => said!(
            "logged in until {end}; try: chancela token {name}",
            "login feito, até {end}; experimente: chancela token {name}",
        ),
        None if logged_in.renewable => {
            said!("logged in; try: chancela token {name}", "login feito; experimente: chancela token {name}",)
        }
        None => said!(
            "logged in for as long as this one token lives; try: chancela token {name}",
            "login feito, enquanto durar este único token; experimente: chancela token {name}",
        ),
    };
    output::tell(locale, &said);
}

pub(super) fn logout(name: &str, file: &AgentFile, wanted: &Wanted, locale: Locale) -> Result<(), Failure> {
    with_agent(file, false, async |agent| {
        let ended = login::logout(agent, name, wanted.scope.as_deref(), wanted.resource.as_deref()).await;
        let ended = ended.map_err(AgentFailure::from)?;
        let said = match (ended.was_logged_in, ended.revocation) {
            (false, _) => said!("{name}: nobody was logged in", "{name}: ninguém tinha feito login"),
            (true, Revocation::Done) => said!(
                "{name}: logged out, here and at the provider",
                "{name}: sessão encerrada, aqui e no provedor",
            ),
            (true, Revocation::Nothing) => {
                said!("{name}: logged out here", "{name}: sessão encerrada aqui")
            }
            (true, Revocation::Failed(error)) => {
                let Said { english, portuguese } = Said::of(&error);
                said!(
                    "{name}: logged out here, and not at the provider: {english}",
                    "{name}: sessão encerrada aqui, e não no provedor: {portuguese}",
                )
            }
        };
        output::tell(locale, &said);
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
