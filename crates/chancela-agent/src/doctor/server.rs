//! A provider's servers: name, connection, TLS and clock, and on request a token.

use super::{Examination, Finding, Findings};
use crate::agent::AgentError;
use crate::provider::{Provider, Request};
use crate::transport::{Sight, Target, TlsSight, TransportError};
use chancela_core::message::token_response::iso_8601;
use chancela_core::x509::Certificate;
use std::time::Duration;

const DAY: i64 = 86_400;
/// A server's certificate is renewed by others; this late, they may have forgotten.
const SOON: i64 = 7 * DAY;
/// Seconds between two clocks from which on tokens and assertions are refused.
const SKEW: i64 = 30;
/// How long a token is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

impl Examination<'_> {
    /// Looks at each server of a provider. No credentials are sent.
    ///
    /// # Errors
    /// [`AgentError::Unknown`].
    pub async fn servers(&self, name: &str) -> Result<Vec<Finding>, AgentError> {
        let mut found = Findings::of(name);
        let Some(provider) = self.opened(name)? else {
            found.skipped("connection", "not tried: the configuration comes first");
            return Ok(found.all);
        };
        for (target, sight) in provider.look().await {
            self.sight(&provider, &target, &sight, &mut found);
        }
        Ok(found.all)
    }

    /// Makes one token request, whatever is in the cache, and keeps nothing.
    ///
    /// # Errors
    /// [`AgentError::Unknown`].
    pub async fn probe(&self, name: &str) -> Result<Vec<Finding>, AgentError> {
        let mut found = Findings::of(name);
        match self.opened(name)? {
            None => found.skipped("token", "not asked for: the configuration comes first"),
            Some(provider) if provider.needs_login() => {
                let text = format!(
                    "not asked for: a person logs in; see `chancela agent status` or run `chancela agent login {name}`"
                );
                found.skipped("token", text);
            }
            Some(provider) => match provider.token(Request::default(), PATIENCE).await {
                Ok(authorized) => {
                    let seconds = authorized.served.left.div_euclid(1000);
                    found.ok("token", format!("the provider gives one, for {seconds} s"));
                }
                Err(error) => found.failed("token", error.to_string()),
            },
        }
        Ok(found.all)
    }

    fn opened(&self, name: &str) -> Result<Option<Provider>, AgentError> {
        match self.agent.provider(name) {
            Ok(provider) => Ok(Some(provider)),
            Err(error @ AgentError::Unknown { .. }) => Err(error),
            // Said with the credentials.
            Err(_) => Ok(None),
        }
    }

    fn sight(&self, provider: &Provider, target: &Target, sight: &Sight, found: &mut Findings) {
        let name = target.name();
        match &sight.proxy {
            Some(proxy) => found.ok("proxy", format!("{name} is reached through {proxy}")),
            None if sight.addresses.is_empty() => {}
            None => {
                let addresses: Vec<_> = sight.addresses.iter().map(ToString::to_string).collect();
                found.ok("dns", format!("{name} is at {}", addresses.join(", ")));
            }
        }
        if sight.is_connected {
            found.ok("connection", format!("{name} takes connections"));
        }
        if let Some(tls) = &sight.tls {
            server_certificate(&name, tls, self.now(), found);
        }
        client_certificate(provider, &name, sight, found);
        if let Some(answer) = &sight.answer {
            self.clock(&name, answer.date, found);
        }
        match &sight.failure {
            // It has said what it thinks of the certificate already.
            None | Some(TransportError::ClientCertificate(_)) => {}
            // The request was none that a token endpoint expects.
            Some(error @ TransportError::Lost(_)) => found.warning("answer", format!("{name}: {error}")),
            Some(error) => found.failed(check_of(error), error.to_string()),
        }
    }

    fn clock(&self, name: &str, date: Option<i64>, found: &mut Findings) {
        let Some(date) = date else {
            return found.skipped("clock", format!("{name} does not say its time"));
        };
        let ahead = self.now().saturating_sub(date);
        if ahead.saturating_abs() <= SKEW {
            return found.ok("clock", format!("it agrees with that of {name} ({ahead:+} s)"));
        }
        let differs = format!("this machine's clock differs from that of {name} by {ahead:+} s");
        found.warning("clock", format!("{differs}; set it, with NTP for example"));
    }
}

fn server_certificate(name: &str, tls: &TlsSight, now: i64, found: &mut Findings) {
    let version = format!("{:?}", tls.version).replace("TLSv", "TLS ").replace('_', ".");
    found.ok("tls", format!("{version}, {} certificates", tls.chain.len()));
    let Some(own) = tls.chain.first().and_then(|der| Certificate::parse_der(der)) else { return };
    let left = own.not_after.saturating_sub(now);
    let text = format!("{name}: from {}, until {}", own.issuer, iso_8601(own.not_after));
    let soon = (left < SOON).then(|| format!("{text}: it ends soon; tell the provider"));
    match soon {
        Some(text) => found.warning("server certificate", text),
        None => found.ok("server certificate", text),
    }
}

fn client_certificate(provider: &Provider, name: &str, sight: &Sight, found: &mut Findings) {
    const CHECK: &str = "client certificate";
    let refusal =
        sight.failure.as_ref().filter(|error| matches!(error, TransportError::ClientCertificate(_)));
    match (provider.identity().is_some(), sight.asks_for_certificate, refusal) {
        (true, _, Some(error)) => found.failed(CHECK, format!("{name}: {error}")),
        (false, _, Some(_)) => {
            let text = format!("{name} demands one; name yours with `certificate` and `certificate_key`");
            found.failed(CHECK, text);
        }
        (true, true, None) if sight.answer.is_some() => {
            found.ok(CHECK, format!("{name} asks for one and takes ours"))
        }
        (true, false, None) if sight.tls.is_some() => {
            let text = format!(
                "{name} does not ask for one; check that the address is the one for clients with certificates"
            );
            found.warning(CHECK, text);
        }
        (false, true, None) => found.ok(CHECK, format!("{name} asks for one and does without")),
        _ => {}
    }
}

const fn check_of(error: &TransportError) -> &'static str {
    match error {
        TransportError::Resolve(_) => "dns",
        TransportError::Proxy(..) | TransportError::ProxyProtocol(_) => "proxy",
        TransportError::ServerCertificate(..) => "server certificate",
        TransportError::NoRoots | TransportError::Tls(..) => "tls",
        _ => "connection",
    }
}
