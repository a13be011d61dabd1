//! `chancela token PROVIDER`: the token on standard output, in the form that is asked for, and nothing else there.

use super::{shell, with_agent};
use crate::cli::{Format, Obtain};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said, said};
use crate::output;
use chancela_agent::provider::Authorized;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Write};

/// `chancela token PROVIDER`
pub(crate) fn token(obtain: &Obtain, locale: Locale) -> Result<(), Failure> {
    let name = obtain.provider.as_deref().unwrap_or_default();
    let format = if obtain.json { Format::Json } else { obtain.format };
    with_agent(&obtain.file, obtain.memory, async |agent| {
        for warning in agent.warnings() {
            let Said { english, portuguese } = Said::of(warning);
            output::tell(locale, &said!("warning: {english}", "aviso: {portuguese}"));
        }
        let provider = agent.provider(name).map_err(AgentFailure::from)?;
        let request = obtain.wanted.request(obtain.min_ttl);
        let authorized = provider.token(request, obtain.timeout).await.map_err(AgentFailure::from)?;
        print(name, &authorized, format).map_err(Failure::io("writing the token"))
    })
}

fn print(provider: &str, authorized: &Authorized, format: Format) -> std::io::Result<()> {
    let token = authorized.served.token.access_token.expose();
    let mut out = std::io::stdout().lock();
    match format {
        // Without a line break, so that it can be put anywhere; people get one.
        Format::Raw if out.is_terminal() => writeln!(out, "{token}"),
        Format::Raw => write!(out, "{token}"),
        Format::Json => writeln!(out, "{:#}", document(provider, authorized)),
        Format::Header => headers(authorized).try_for_each(|(name, value)| writeln!(out, "{name}: {value}")),
        Format::Curl => {
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            headers(authorized)
                .try_for_each(|(name, value)| writeln!(out, "header = \"{name}: {}\"", quoted(value)))
        }
        Format::Env => {
            writeln!(out, "ACCESS_TOKEN={}", shell::quoted(token))?;
            headers(authorized).try_for_each(|(name, value)| {
                writeln!(out, "HEADER_{}={}", shell::variable(&name), shell::quoted(value))
            })
        }
    }?;
    out.flush()
}

/// Names as HTTP/1.1 writes them by custom, and values.
fn headers(authorized: &Authorized) -> impl Iterator<Item = (String, &str)> {
    authorized
        .headers
        .iter()
        .map(|(name, value)| (customary(name.as_str()), value.to_str().unwrap_or_default()))
}

fn customary(name: &str) -> String {
    if name == "authorization" { "Authorization".to_owned() } else { name.to_owned() }
}

fn document(provider: &str, authorized: &Authorized) -> Value {
    let served = &authorized.served;
    let headers: Map<String, Value> =
        headers(authorized).map(|(name, value)| (name, Value::String(value.to_owned()))).collect();
    json!({
        "format_version": 1,
        "provider": provider,
        "access_token": served.token.access_token.expose(),
        "token_type": served.token.token_type,
        "scope": served.token.scope,
        "expires_in": served.left / 1000,
        "fingerprint": served.token.fingerprint.to_string(),
        "headers": headers,
    })
}
