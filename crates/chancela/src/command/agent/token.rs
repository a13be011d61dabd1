//! `chancela token PROVIDER`: the token on standard output, in the form that is asked for, and nothing else there.

use super::{shell, with_agent};
use crate::cli::{Call, Format, Obtain};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said, said};
use crate::{output, serve};
use chancela_agent::provider::Authorized;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Write};

/// `chancela token PROVIDER`
pub(crate) fn token(obtain: &Obtain, locale: Locale) -> Result<(), Failure> {
    serve::hide_memory();
    let name = obtain.provider.as_deref().unwrap_or_default();
    let format = if obtain.json { Format::Json } else { obtain.format };
    with_agent(&obtain.file, obtain.memory, async |agent| {
        for warning in agent.warnings() {
            output::warn(locale, &Said::of(warning));
        }
        let provider = agent.provider(name).map_err(AgentFailure::from)?;
        let request = obtain.wanted.request(obtain.min_ttl);
        for warning in agent.provider_warnings(name) {
            output::warn(locale, &Said::of(&warning));
        }
        let mut authorized = provider.token(request, obtain.timeout).await.map_err(AgentFailure::from)?;
        prove(name, &mut authorized, &obtain.call, (format, locale))?;
        print(name, &authorized, (format, locale)).map_err(Failure::io("writing the token"))
    })
}

/// A token for a program that makes no proofs, with the headers of its calls.
///
/// # Errors
/// The token is bound to a key: alone it is of no use to anybody.
pub(super) fn unbound(name: &str, mut authorized: Authorized) -> Result<Authorized, Failure> {
    if authorized.needs_proof() {
        return Err(AgentFailure::bound(name).into());
    }
    authorized.headers = authorized.call_headers();
    Ok(authorized)
}

/// Adds the proof for the one call that a bound token is to be used for.
fn prove(
    name: &str,
    authorized: &mut Authorized,
    call: &Call,
    (format, locale): (Format, Locale),
) -> Result<(), Failure> {
    let needs = || {
        said!(
            "{name}: its tokens are bound to a key, and each call needs a proof of its own (DPoP); say which call with --method and --url",
            "{name}: os tokens dele são vinculados a uma chave, e cada chamada precisa de uma prova própria (DPoP); diga qual chamada com --method e --url",
        )
    };
    match &call.url {
        None if !authorized.needs_proof() => {
            authorized.headers = authorized.call_headers();
            Ok(())
        }
        None if format == Format::Raw => {
            output::warn(locale, &needs());
            Ok(())
        }
        None => Err(Failure::WrongUsage(needs())),
        Some(url) => {
            if let Some(nonce) = &call.dpop_nonce {
                authorized.use_nonce(url, nonce);
            }
            let url = authorized.address_for(url).map_err(AgentFailure::from)?;
            authorized.headers = authorized.headers_for(&call.method, &url).map_err(AgentFailure::from)?;
            Ok(())
        }
    }
}

fn print(provider: &str, authorized: &Authorized, (format, locale): (Format, Locale)) -> std::io::Result<()> {
    let token = authorized.served.token.access_token.expose();
    let mut out = std::io::stdout().lock();
    match format {
        // Without a line break, so that it can be put anywhere; people get one.
        Format::Raw if out.is_terminal() => writeln!(out, "{token}"),
        Format::Raw => write!(out, "{token}"),
        Format::Json => writeln!(out, "{:#}", document(provider, authorized)),
        Format::Header => {
            for (name, _) in authorized.query() {
                let said = said!(
                    "{provider}: the address of each call has {name} too; --format curl, json or env shows it",
                    "{provider}: o endereço de cada chamada também tem {name}; --format curl, json ou env o mostra",
                );
                output::warn(locale, &said);
            }
            headers(authorized).try_for_each(|(name, value)| writeln!(out, "{name}: {value}"))
        }
        Format::Curl => {
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            for (name, value) in authorized.query() {
                writeln!(out, "url-query = \"{name}={}\"", quoted(value.expose()))?;
            }
            headers(authorized)
                .try_for_each(|(name, value)| writeln!(out, "header = \"{name}: {}\"", quoted(value)))
        }
        Format::Env => {
            writeln!(out, "ACCESS_TOKEN={}", shell::quoted(token))?;
            for (name, value) in authorized.query() {
                writeln!(out, "QUERY_{}={}", shell::variable(name), shell::quoted(value.expose()))?;
            }
            headers(authorized).try_for_each(|(name, value)| {
                writeln!(out, "HEADER_{}={}", shell::variable(&name), shell::quoted(value))
            })
        }
    }?;
    out.flush()
}

/// Names as HTTP/1.1 writes them by custom, and values.
pub(super) fn headers(authorized: &Authorized) -> impl Iterator<Item = (String, &str)> {
    authorized
        .headers
        .iter()
        .map(|(name, value)| (customary(name.as_str()), value.to_str().unwrap_or_default()))
}

fn customary(name: &str) -> String {
    match name {
        "authorization" => "Authorization".to_owned(),
        "dpop" => "DPoP".to_owned(),
        other => other.to_owned(),
    }
}

fn document(provider: &str, authorized: &Authorized) -> Value {
    let served = &authorized.served;
    let headers: Map<String, Value> =
        headers(authorized).map(|(name, value)| (name, Value::String(value.to_owned()))).collect();
    let query: Map<String, Value> =
        authorized.query().map(|(name, value)| (name.to_owned(), value.expose().into())).collect();
    let mut document = json!({
        "format_version": 1,
        "provider": provider,
        "access_token": served.token.access_token.expose(),
        "token_type": served.token.token_type,
        "scope": served.token.scope,
        "expires_in": served.left / 1000,
        "fingerprint": served.token.fingerprint.to_string(),
        "headers": headers,
    });
    if let Some(members) = document.as_object_mut().filter(|_| !query.is_empty()) {
        members.insert("query".to_owned(), query.into());
    }
    document
}
