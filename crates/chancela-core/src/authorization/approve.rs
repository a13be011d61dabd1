//! An approval becomes a code (RFC 6749 §4.1.2), and what the user said is remembered.

use super::Approved;
use crate::dialect::Authorization;
use crate::effect::Effect;
use crate::entropy::{Entropy, EntropyError};
use crate::id::CodeId;
use crate::pepper::Pepper;
use crate::record::{AuthorizationCode, Consent, GrantDetails, REPLAY_MEMORY};
use crate::scope::Scope;
use crate::token::authorization_code;
use std::sync::Arc;

/// Longest life of a code in seconds, unless the dialect documents a longer one (requirement E-01).
pub(super) const MAX_CODE_LIFETIME: u32 = 60;

/// A code and what the store must hold before it may be sent.
#[derive(Debug)]
pub struct IssuedCode {
    /// Its text.
    pub code: String,
    /// What was allowed.
    pub scope: Scope,
    /// The code's record, the consent if it grew, and the client among those that the session entered.
    pub effects: Vec<Effect>,
}

/// Makes the code.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers.
pub fn approve(
    approved: Approved<'_>,
    rules: &Authorization,
    pepper: &Pepper,
    entropy: &dyn Entropy,
) -> Result<IssuedCode, EntropyError> {
    let Approved { request, session, user, now, .. } = &approved;
    let client = &request.client;
    let most = MAX_CODE_LIFETIME.max(rules.code_lifetime);
    let lifetime = client.authorization_code_lifetime.unwrap_or(rules.code_lifetime).clamp(1, most);
    let expires_at = now.seconds() + i64::from(lifetime);
    let mut random = [0; 10];
    entropy.fill(&mut random)?;
    let id = CodeId::new(expires_at + REPLAY_MEMORY, random);
    let details = GrantDetails {
        tenant: Some(user.tenant.clone()).filter(|tenant| !tenant.is_empty()),
        authentication: Some(session.authentication.clone()),
        claims: request.claims.as_map().clone(),
        resource: request.resource.clone(),
        ..GrantDetails::default()
    };
    let record = AuthorizationCode {
        id,
        client: client.key,
        redirect_uri: request.target.redirect_uri.clone(),
        redirect_uri_given: request.redirect_uri_given,
        code_challenge: request.code_challenge,
        nonce: request.nonce.clone(),
        subject: user.subject.clone(),
        scope: request.scope.as_str().into(),
        details,
        issued_at: now
            .seconds()
            .max(client.tokens_not_before)
            .max(user.tokens_not_before)
            .max(approved.revoked_before),
        expires_at,
        spent: None,
    };
    let mut effects = vec![Effect::InsertAuthorizationCode(record)];
    effects.extend(remembered(&approved).map(Effect::PutConsent));
    effects.extend(entered(&approved));
    Ok(IssuedCode { code: authorization_code::encode(id, pepper), scope: request.scope.clone(), effects })
}

/// The consent that the user just gave, beside all that they gave before.
fn remembered(approved: &Approved<'_>) -> Option<Consent> {
    let Approved { request, user, consent, consented, now, .. } = approved;
    if !consented {
        return None;
    }
    let before = consent.map(|consent| Arc::clone(&consent.scope)).unwrap_or_default();
    let all = before.split(' ').filter(|token| !token.is_empty()).chain(request.scope.iter());
    Some(Consent {
        realm: request.client.realm.clone(),
        subject: user.subject.clone(),
        client: request.client.key,
        scope: all.collect::<Scope>().shared(),
        granted_at: now.seconds(),
    })
}

/// The session with the client among those that hear of its end.
fn entered(approved: &Approved<'_>) -> Option<Effect> {
    let Approved { request, session, .. } = approved;
    if session.clients.contains(&request.client.key) {
        return None;
    }
    let mut changed = (*session).clone();
    changed.clients.push(request.client.key);
    changed.version += 1;
    Some(Effect::PutSession { session: changed, expected_version: Some(session.version) })
}
