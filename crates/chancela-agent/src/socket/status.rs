//! `GET /v1/status`: how everything stands that a caller may see, and when certificates end.

use super::message::{
    CertificateStatus, FORMAT_VERSION, ProviderStatus, StatusReport, TokenStatus, TroubleStatus, seconds_up,
};
use super::news::Standing;
use super::policy::Caller;
use super::state::State;
use crate::config::Operation;
use std::sync::Arc;

impl State {
    /// What a caller may see.
    pub(super) fn report(&self, caller: Caller) -> StatusReport {
        let standing = self.news.standing(self.agent.tokens());
        let seen = |name: &&str| self.policy.allows(caller, Operation::Status, name);
        let providers = self.agent.names().filter(seen).map(|name| {
            let own = standing.iter().filter(|standing| standing.name.provider == name);
            ProviderStatus {
                provider: name.to_owned(),
                certificate: self.certificate(name),
                tokens: own.map(token).collect(),
            }
        });
        StatusReport { format_version: FORMAT_VERSION, providers: providers.collect() }
    }

    fn certificate(&self, provider: &str) -> Option<CertificateStatus> {
        let provider = self.opened(provider)?;
        let identity = provider.identity()?;
        let ends_at = identity.current().certificate().not_after;
        Some(CertificateStatus { ends_at, refused: identity.refusal() })
    }

    /// Ends of the client certificates of providers that were used, in seconds since the epoch.
    pub(super) fn certificates(&self) -> Vec<(String, i64)> {
        let names = self.agent.names();
        names.filter_map(|name| Some((name.to_owned(), self.certificate(name)?.ends_at))).collect()
    }

    /// Seconds by which the clocks of providers that are in use are ahead of ours.
    pub(super) fn skews(&self) -> Vec<(String, i64)> {
        let names = self.agent.names();
        names.filter_map(|name| Some((name.to_owned(), self.opened(name)?.clock_skew()))).collect()
    }
}

fn token(standing: &Standing) -> TokenStatus {
    let Standing { name, status } = standing;
    let usable = status.token.as_ref();
    TokenStatus {
        step: name.step.clone(),
        scope: name.scope.clone(),
        resource: name.resource.clone(),
        fingerprint: usable.map(|token| token.fingerprint.to_string()),
        expires_in: usable.map(|_| status.left.div_euclid(1000)),
        renews_in: usable.map(|_| status.left.saturating_sub(status.margins.soft).max(0).div_euclid(1000)),
        session_ends_at: status.session_ends_at,
        has_session: status.has_session,
        is_renewing: status.is_renewing,
        is_uncertain: status.is_uncertain,
        budget_left: status.budget_left,
        trouble: status.trouble.as_ref().map(|trouble| TroubleStatus {
            reason: trouble.reason.as_str().to_owned(),
            retry_after: trouble.after.map(seconds_up),
            said: trouble.said.as_ref().map(|said| Arc::clone(said).to_string()),
        }),
    }
}
