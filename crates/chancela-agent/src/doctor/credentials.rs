//! A provider's configuration and credentials: whether a token request could be made of them. Nothing is sent.

use super::{Examination, Finding, Findings};
use crate::agent::AgentError;
use crate::config::Kind;
use crate::identity::Identity;
use crate::provider::{Provider, ProviderError, Request};
use crate::source::Source;
use chancela_core::message::token_response::iso_8601;

const DAY: i64 = 86_400;
/// A certificate takes weeks at some providers.
const SOON: i64 = 30 * DAY;

impl Examination<'_> {
    /// What a provider's configuration says, and whether its secrets can be read.
    ///
    /// # Errors
    /// [`AgentError::Unknown`].
    pub async fn credentials(&self, name: &str) -> Result<Vec<Finding>, AgentError> {
        let mut found = Findings::of(name);
        let opened = self.agent.provider(name);
        let is_enrolled = !matches!(opened, Err(AgentError::Provider(ProviderError::NotEnrolled { .. })));
        let needs_input = self.places(name, is_enrolled, &mut found);
        match opened {
            Err(error @ AgentError::Unknown { .. }) => return Err(error),
            // That comes first, and nothing is wrong.
            Err(error) if !is_enrolled => found.warning("certificate", error.to_string()),
            Err(error) => found.failed("provider", error.to_string()),
            Ok(provider) => {
                let target = provider.target().map(|target| target.origin()).unwrap_or_default();
                let (dialect, environment) = (&provider.dialect().name, provider.environment());
                let environment = if environment.is_empty() { "its only environment" } else { environment };
                found.ok("provider", format!("dialect {dialect}, {environment}, at {target}"));
                if let Some(identity) = provider.identity() {
                    certificate(&identity.current(), self.now(), &mut found);
                }
                match needs_input {
                    true => found.skipped("request", "not tried: it needs the secret on standard input"),
                    false => request(&provider, &mut found).await,
                }
            }
        }
        Ok(found.all)
    }

    /// Each place is read, but for what an enrolment is going to fill, and for standard input, at which somebody may sit;
    /// whether that is one of them.
    fn places(&self, name: &str, is_enrolled: bool, found: &mut Findings) -> bool {
        let mut needs_input = false;
        let provider = self.agent.config().provider.get(name);
        for place in provider.map(|provider| provider.places(name)).unwrap_or_default() {
            if !is_enrolled && !place.key.contains(".enrollment.") {
                continue;
            }
            let shown = format!("{} from {}", place.key, place.source);
            if *place.source == Source::StandardInput {
                found.skipped("secret", format!("{shown} is read when it is needed"));
                needs_input = true;
                continue;
            }
            match place.source.read(self.around) {
                Err(error) => found.failed("secret", format!("{}: {error}", place.key)),
                Ok(reading) => match reading.warning() {
                    Some(warning) if place.kind == Kind::Secret => {
                        found.warning("secret", format!("{}: {warning}", place.key));
                    }
                    _ => found.ok("secret", format!("{shown} can be read")),
                },
            }
        }
        needs_input
    }

    /// Seconds since the epoch.
    pub(super) fn now(&self) -> i64 {
        self.agent.clock().now().wall.div_euclid(1000)
    }
}

fn certificate(identity: &Identity, now: i64, found: &mut Findings) {
    let own = identity.certificate();
    let days = own.not_after.saturating_sub(now).div_euclid(DAY);
    let until = format!("{} until {} ({days} days)", own.subject, iso_8601(own.not_after));
    match own.not_after.saturating_sub(now) {
        ..0 => found.failed("certificate", format!("{until}: it has expired; get a new one")),
        0..SOON => found.warning("certificate", format!("{until}: it ends soon; get a new one")),
        _ => found.ok("certificate", format!("{until}, and it is its key's")),
    }
    let chain = &identity.certified_key().cert;
    if chain.len() == 1 && own.subject.to_string() != own.issuer.to_string() {
        let text =
            format!("sent without that of its issuer, {}; servers that do not know it refuse it", own.issuer);
        found.ok("chain", text);
    } else {
        found.ok("chain", format!("{} certificates are sent", chain.len()));
    }
    for warning in identity.warnings().iter().map(ToString::to_string) {
        // Of a key's own file it was said with the place.
        if !found.all.iter().any(|said| said.text.ends_with(&warning)) {
            found.warning("certificate", warning);
        }
    }
}

/// Whether everything is there that the token requests say.
async fn request(provider: &Provider, found: &mut Findings) {
    match provider.explain(Request::default()).await {
        Err(error) => found.failed("request", error.to_string()),
        Ok(steps) => {
            let shown = steps.iter().map(|step| step.url.as_str()).collect::<Vec<_>>().join(", then ");
            found.ok("request", format!("it can be made: {shown}"));
        }
    }
}
