//! `refresh_token` (RFC 6749 §6): a grant that lives on.
//!
//! With policy `rotate` a family has one current generation. The generation before it may be repeated for a short
//! grace, because an answer can be lost on its way; it then gets the same successor again, which is computed, not stored.
//! Anything older, or later, is a replay and revokes the family (RFC 9700 §4.14.2).

use super::{Approval, GrantType, registered};
use crate::client_auth::AuthenticatedClient;
use crate::dialect::{Refresh, RefreshPolicy};
use crate::effect::Effect;
use crate::entropy::{Entropy, EntropyError};
use crate::id::GrantId;
use crate::record::{Grant, GrantDetails};
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::time::Timestamp;
use crate::token::refresh::RefreshTokenRef;

/// Seconds in which the previous refresh token may be repeated.
pub const GRACE_SECONDS: i64 = 10;

/// What a good refresh leads to.
#[derive(Debug)]
pub struct Refreshed {
    /// Permission for the access token.
    pub approval: Approval,
    /// Generation of the refresh token to answer with.
    pub generation: u32,
    /// When that refresh token dies, seconds since the epoch.
    pub refresh_expires_at: i64,
    /// The change of the grant, guarded; none where nothing rotates.
    pub effect: Option<Effect>,
}

/// Why a refresh is refused, and what the refusal changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The rule.
    pub rejection: Rejection,
    /// The family to revoke, where the request was a replay.
    pub revoke: Option<GrantId>,
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, revoke: None }
    }
}

impl From<Rule> for Refused {
    fn from(rule: Rule) -> Self {
        Rejection::from(rule).into()
    }
}

/// Lifetimes of a family in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Of one refresh token.
    pub refresh_token: u32,
    /// Of the access token, which the grant outlives.
    pub access_token: u32,
}

/// A new family, begun by a resource owner's login; `None` where policy or scope grant no refresh token.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers.
pub fn begin(
    client: &AuthenticatedClient,
    approval: &Approval,
    policy: &Refresh,
    lifetimes: Lifetimes,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Option<Grant>, EntropyError> {
    let Some(subject) = approval.subject.clone() else { return Ok(None) };
    let asked = policy.requires_scope.as_deref().is_none_or(|scope| approval.scope.contains(scope));
    let may = client.client().may_use(GrantType::RefreshToken);
    if policy.policy == RefreshPolicy::None || !asked || !may {
        return Ok(None);
    }
    let now = now.seconds();
    let absolute = if policy.sliding { policy.absolute_lifetime } else { lifetimes.refresh_token };
    let expires_at = now + i64::from(absolute.max(lifetimes.refresh_token));
    let mut random = [0; 10];
    entropy.fill(&mut random)?;
    let details = GrantDetails { tenant: approval.tenant.clone(), ..GrantDetails::default() };
    Ok(Some(Grant {
        id: GrantId::new(expires_at + i64::from(lifetimes.access_token), random),
        client: client.client().key,
        subject,
        scope: approval.scope.shared(),
        generation: 0,
        issued_at: now.max(client.client().tokens_not_before),
        rotated_at: now,
        refresh_expires_at: now + i64::from(lifetimes.refresh_token),
        expires_at,
        revoked: false,
        details,
    }))
}

/// Decides on a refresh with a genuine token (its MAC was checked when it was read).
///
/// # Errors
/// [`Refused`], with the family's revocation if the token was replayed.
pub fn decide(
    client: &AuthenticatedClient,
    presented: RefreshTokenRef,
    grant: Option<Grant>,
    requested: Option<&str>,
    policy: &Refresh,
    lifetime: u32,
    now: Timestamp,
) -> Result<Refreshed, Refused> {
    registered(client.client(), GrantType::RefreshToken)?;
    let now = now.seconds();
    let grant = grant.ok_or(Rule::ExpiredRefreshToken)?;
    if grant.client != client.client().key || grant.issued_at < client.client().tokens_not_before {
        return Err(Rule::ForeignRefreshToken.into());
    }
    if grant.revoked {
        return Err(Rule::RevokedGrant.into());
    }
    let rotates = policy.policy == RefreshPolicy::Rotate;
    let repeated = rotates
        && presented.generation.checked_add(1) == Some(grant.generation)
        && now <= grant.rotated_at + GRACE_SECONDS;
    if presented.generation != grant.generation && !repeated {
        return Err(Refused { rejection: Rule::ReusedRefreshToken.into(), revoke: Some(grant.id) });
    }
    if now >= grant.refresh_expires_at || now >= grant.expires_at {
        return Err(Rule::ExpiredRefreshToken.into());
    }
    let scope = narrow(requested, &grant)?;
    let refresh_expires_at = if repeated || !policy.sliding {
        grant.refresh_expires_at
    } else {
        (now + i64::from(lifetime)).min(grant.expires_at)
    };
    let generation = if rotates && !repeated { grant.generation.saturating_add(1) } else { grant.generation };
    let effect = (rotates && !repeated).then_some(Effect::RotateGrant {
        id: grant.id,
        expected_generation: grant.generation,
        rotated_at: now,
        refresh_expires_at,
    });
    let approval = Approval {
        scope,
        subject: Some(grant.subject),
        tenant: grant.details.tenant,
        certificate: None,
        grant: Some(grant.id),
        audience: None,
        not_before: 0,
    };
    Ok(Refreshed { approval, generation, refresh_expires_at, effect })
}

/// A refresh may narrow the scope, never widen it; a later one may ask for all again (requirement F-07).
fn narrow(requested: Option<&str>, grant: &Grant) -> Result<Scope, Rejection> {
    let original = super::requested_scope::parse(&grant.scope)?;
    let Some(text) = requested else { return Ok(original) };
    let scope = super::requested_scope::parse(text)?;
    if scope.is_subset_of(&original) { Ok(scope) } else { Err(Rule::ScopeWidened.into()) }
}
