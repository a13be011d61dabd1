//! git's credential protocol (gitcredentials(7), git-credential(1)): lines NAME=VALUE both ways.

use super::{answer, input, reject, token};
use crate::cli::{AgentFile, Hosts};
use crate::failure::Failure;
use chancela_agent::clock::{Clock, SystemClock};
use chancela_agent::provider::{Authorized, Request};
use chancela_core::secret::Secret;

pub(super) fn git(hosts: &Hosts, file: &AgentFile, bearer: bool, operation: &str) -> Result<(), Failure> {
    // What git has from us it need not tell us, and what a later git wants we do not know.
    if !["get", "erase"].contains(&operation) {
        return Ok(());
    }
    let asked = input()?;
    let asked = Asked::parse(&asked);
    answer(file, async |agent| {
        let Some(found) = hosts.find(agent.config(), asked.protocol, asked.host) else { return Ok(None) };
        if operation == "erase" {
            let refused = asked.password.or(asked.credential);
            if let Some(refused) = refused {
                reject(agent, &found.provider, refused).await?;
            }
            return Ok(None);
        }
        if bearer && !asked.knows_authtype {
            return Ok(None);
        }
        let authorized = token(agent, &found.provider, Request::default()).await?;
        let ends_at = SystemClock.now().wall.saturating_add(authorized.served.left).div_euclid(1000);
        let username = asked.username.unwrap_or(&found.username);
        let lines = if bearer { header(&authorized) } else { Some(password(username, &authorized)) };
        Ok(lines.map(|lines| format!("{lines}password_expiry_utc={ends_at}\n")))
    })
}

fn password(username: &str, authorized: &Authorized) -> String {
    format!("username={username}\npassword={}\n", authorized.served.token.access_token.expose())
}

/// The token as a header `Authorization` has it; nothing if calls carry it elsewhere.
fn header(authorized: &Authorized) -> Option<String> {
    let (_, value) = authorized.headers.iter().find(|(name, _)| *name == http::header::AUTHORIZATION)?;
    let (scheme, credential) = value.to_str().ok()?.split_once(' ')?;
    Some(format!("capability[]=authtype\nauthtype={scheme}\ncredential={credential}\nephemeral=1\n"))
}

/// What git says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked<'a> {
    protocol: &'a str,
    /// With a port, if the URL has one.
    host: &'a str,
    username: Option<&'a str>,
    password: Option<&'a str>,
    credential: Option<&'a str>,
    knows_authtype: bool,
}

impl<'a> Asked<'a> {
    /// Reads lines up to the first empty one. Names that we do not know do not matter; of several values the last counts.
    fn parse(text: &'a Secret) -> Self {
        let mut out = Self::default();
        for line in text.expose().split('\n').take_while(|line| !line.is_empty()) {
            match line.split_once('=') {
                Some(("protocol", value)) => out.protocol = value,
                Some(("host", value)) => out.host = value,
                Some(("username", value)) => out.username = Some(value),
                Some(("password", value)) => out.password = Some(value),
                Some(("credential", value)) => out.credential = Some(value),
                Some(("capability[]", "authtype")) => out.knows_authtype = true,
                _ => {}
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_up_to_the_empty_one() {
        let text = Secret::new(
            "protocol=https\ncapability[]=authtype\nhost=a:1\npassword=p=q\nwwwauth[]=x\n\nhost=b",
        );
        let asked = Asked {
            protocol: "https",
            host: "a:1",
            password: Some("p=q"),
            knows_authtype: true,
            ..Asked::default()
        };
        assert_eq!(Asked::parse(&text), asked);
        assert_eq!(Asked::parse(&Secret::new("nonsense")), Asked::default());
    }
}
