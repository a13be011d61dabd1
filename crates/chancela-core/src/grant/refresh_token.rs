//! `refresh_token` (RFC 6749 §6): a grant that lives on.
//!
//! Where tokens rotate, a family has one current generation. The generation before it may be repeated as long as its
//! successor was not used, because an answer can be lost on its way, or a client can crash before it writes the new token
//! down; it then gets the same successor again, which is computed, not stored. Once the successor was used, whoever shows
//! the old one is not its owner or was robbed: that revokes the family (RFC 9700 §4.14.2). Generations decide that,
//! never the clock (requirement G-07).

use super::{Approval, GrantType, Refused, registered, requested_scope, revocation};
use crate::client_auth::AuthenticatedClient;
use crate::dialect::{Refresh, RefreshPolicy};
use crate::effect::Effect;
use crate::entropy::{Entropy, EntropyError};
use crate::id::GrantId;
use crate::record::{Grant, GrantDetails, RefreshTokenPolicy, User};
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::time::Timestamp;
use crate::token::refresh::RefreshTokenRef;
use crate::x509::Confirmation;

/// Lifetimes of a family in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Of one refresh token.
    pub refresh_token: u32,
    /// Of the access token, which the grant outlives.
    pub access_token: u32,
}

/// By which rules a family begins and goes on.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The dialect's; a client's own policy comes before it.
    pub policy: &'a Refresh,
    /// Lifetimes for the client.
    pub lifetimes: Lifetimes,
    /// Now.
    pub now: Timestamp,
}

/// What the token request shows.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// A genuine refresh token (its MAC was checked when it was read).
    pub token: RefreshTokenRef,
    /// `scope`.
    pub scope: Option<&'a str>,
    /// The certificate that the access token is to be bound to.
    pub certificate: Option<Confirmation>,
}

/// What is known of the family.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Its record.
    pub grant: Option<Grant>,
    /// The user whom it is about.
    pub user: Option<&'a User>,
    /// Whether the user's consent or tokens were revoked since it began.
    pub revoked: bool,
}

/// What a good refresh leads to.
#[derive(Debug)]
pub struct Refreshed {
    /// Permission for the access token.
    pub approval: Approval,
    /// What the tokens say of the login.
    pub details: GrantDetails,
    /// The refresh token to answer with.
    pub token: RefreshTokenRef,
    /// When that refresh token dies, seconds since the epoch.
    pub refresh_expires_at: i64,
    /// The change of the grant, guarded; none where nothing rotates.
    pub effect: Option<Effect>,
}

/// What a client's refresh tokens do when they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Replaced,
    Kept,
    KeptAndBound,
}

/// A new family, begun by a resource owner's login; `None` where policy, scope or registration grant no refresh token.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers.
pub fn begin(
    client: &AuthenticatedClient,
    approval: &Approval,
    mut details: GrantDetails,
    terms: &Terms<'_>,
    entropy: &dyn Entropy,
) -> Result<Option<Grant>, EntropyError> {
    let Terms { policy, lifetimes, now } = *terms;
    let (Some(subject), Some(used)) = (approval.subject.clone(), used(client, policy)) else {
        return Ok(None);
    };
    let asked = policy.requires_scope.as_deref().is_none_or(|scope| approval.scope.contains(scope));
    let unbound = used == Use::KeptAndBound && approval.certificate.is_none();
    if !asked || unbound || !client.client().may_use(GrantType::RefreshToken) {
        return Ok(None);
    }
    if used == Use::KeptAndBound || !client.is_confidential() {
        details.certificate = approval.certificate.map(|own| own.sha256);
    }
    let now = now.seconds();
    let absolute = if policy.sliding { policy.absolute_lifetime } else { lifetimes.refresh_token };
    let expires_at = now + i64::from(absolute.max(lifetimes.refresh_token));
    // What is kept is not written at its use, so its life cannot slide: it has all of it at once.
    let refresh_expires_at =
        if used == Use::Replaced { now + i64::from(lifetimes.refresh_token) } else { expires_at };
    let mut random = [0; 10];
    entropy.fill(&mut random)?;
    Ok(Some(Grant {
        id: GrantId::new(expires_at + i64::from(lifetimes.access_token), random),
        client: client.client().key,
        subject,
        scope: approval.scope.shared(),
        generation: 0,
        issued_at: now.max(client.client().tokens_not_before).max(approval.not_before),
        rotated_at: now,
        refresh_expires_at,
        expires_at,
        revoked: false,
        details,
    }))
}

/// Decides on a refresh.
///
/// # Errors
/// [`Refused`], with the family's revocation if the token was replayed.
pub fn decide(
    client: &AuthenticatedClient,
    presented: &Presented<'_>,
    facts: Facts<'_>,
    terms: &Terms<'_>,
) -> Result<Refreshed, Refused> {
    registered(client.client(), GrantType::RefreshToken)?;
    let now = terms.now.seconds();
    let grant = facts.grant.ok_or(Rule::ExpiredRefreshToken)?;
    if grant.client != client.client().key || grant.issued_at < client.client().tokens_not_before {
        return Err(Rule::ForeignRefreshToken.into());
    }
    if grant.revoked || facts.revoked {
        return Err(Rule::RevokedGrant.into());
    }
    let generation = presented.token.generation;
    let repeated = generation.checked_add(1) == Some(grant.generation);
    if generation != grant.generation && !repeated {
        let effects = revocation(grant.id);
        return Err(Refused { rejection: Rule::ReusedRefreshToken.into(), effects });
    }
    if now >= grant.refresh_expires_at || now >= grant.expires_at {
        return Err(Rule::ExpiredRefreshToken.into());
    }
    let used = used(client, terms.policy).ok_or(Rule::RevokedGrant)?;
    bound(&grant, used, presented)?;
    let user = still_good(&grant, facts.user)?;
    let approval = Approval {
        scope: scope(client, &grant, presented.scope, terms.policy)?,
        subject: Some(grant.subject),
        tenant: grant.details.tenant.clone(),
        certificate: presented.certificate,
        grant: Some(grant.id),
        audience: grant.details.resource.clone(),
        not_before: user.tokens_not_before,
    };
    let rotates = used == Use::Replaced && !repeated;
    let sliding = now + i64::from(terms.lifetimes.refresh_token);
    let refresh_expires_at = if rotates && terms.policy.sliding {
        sliding.min(grant.expires_at)
    } else {
        grant.refresh_expires_at
    };
    let token =
        RefreshTokenRef { grant: grant.id, generation: grant.generation.saturating_add(u32::from(rotates)) };
    let effect = rotates.then_some(Effect::RotateGrant {
        id: grant.id,
        expected_generation: grant.generation,
        rotated_at: now,
        refresh_expires_at,
    });
    Ok(Refreshed { approval, details: grant.details, token, refresh_expires_at, effect })
}

/// The client's own policy, else the dialect's. Public clients have nothing but the token to show, so theirs are replaced
/// unless a certificate binds them (requirement G-02).
fn used(client: &AuthenticatedClient, policy: &Refresh) -> Option<Use> {
    let kept = if client.is_confidential() { Use::Kept } else { Use::Replaced };
    match (client.client().refresh_token_policy, policy.policy) {
        (Some(RefreshTokenPolicy::Rotate), _) => Some(Use::Replaced),
        (Some(RefreshTokenPolicy::Bound), _) => Some(Use::KeptAndBound),
        (Some(RefreshTokenPolicy::None), _) => Some(kept),
        (None, RefreshPolicy::None) => None,
        (None, RefreshPolicy::Rotate) => Some(Use::Replaced),
        (None, RefreshPolicy::Fixed | RefreshPolicy::Uses) => Some(kept),
    }
}

/// A bound token comes with its certificate (RT-11).
fn bound(grant: &Grant, used: Use, presented: &Presented<'_>) -> Result<(), Rejection> {
    let required = used == Use::KeptAndBound || grant.details.certificate.is_some();
    let shown = presented.certificate.map(|own| own.sha256);
    let same = grant.details.certificate.is_some() && grant.details.certificate == shown;
    if required && !same { Err(Rule::ForeignRefreshToken.into()) } else { Ok(()) }
}

/// The user can still log in, and ended nothing since (requirement G-10).
fn still_good<'a>(grant: &Grant, user: Option<&'a User>) -> Result<&'a User, Rejection> {
    let user = user.filter(|user| user.enabled && user.subject == grant.subject).ok_or(Rule::UserGone)?;
    if grant.issued_at < user.tokens_not_before { Err(Rule::RevokedGrant.into()) } else { Ok(user) }
}

/// A refresh may narrow the scope, never widen it; a later one may ask for all again (requirement F-07). What the client
/// may no longer have is cut, and where that is what refreshing needs, there is no more refreshing (RT-14).
fn scope(
    client: &AuthenticatedClient,
    grant: &Grant,
    requested: Option<&str>,
    policy: &Refresh,
) -> Result<Scope, Rejection> {
    let original = requested_scope::parse(&grant.scope)?;
    let asked = requested.map(requested_scope::parse).transpose()?;
    if asked.as_ref().is_some_and(|asked| !asked.is_subset_of(&original)) {
        return Err(Rule::ScopeWidened.into());
    }
    let may = &client.client().scope;
    if policy
        .requires_scope
        .as_deref()
        .is_some_and(|needed| original.contains(needed) && !may.contains(needed))
    {
        return Err(Rule::RevokedGrant.into());
    }
    let asked = asked.unwrap_or(original);
    let scope = asked.intersection(may);
    if scope.is_empty() && !asked.is_empty() { Err(Rule::UngrantedScope.into()) } else { Ok(scope) }
}
