//! `authorization_code` (RFC 6749 §4.1.3): a code becomes tokens, once.
//!
//! Another client's attempt changes nothing, so nobody can burn a code that is not theirs. A wrong verifier or redirect
//! URI burns it: the next guess finds nothing. A replay of a redeemed code revokes what the first use issued, whoever of
//! the two was the thief (RFC 9700 §2.1.1, §4.2.4). Which of two racing redemptions is the first, the guard of
//! [`Effect::SpendAuthorizationCode`] says; the loser decides again and is the replay.

use super::refresh_token::{self, Terms};
use super::{Approval, GrantType, Refused, binding, registered, requested_scope, revocation};
use crate::client_auth::AuthenticatedClient;
use crate::dialect::Authorization;
use crate::effect::Effect;
use crate::entropy::{Entropy, EntropyError};
use crate::id::GrantId;
use crate::pkce;
use crate::record::{AuthorizationCode, Client, Grant, GrantDetails, Spent, User};
use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::token::refresh::RefreshTokenRef;
use crate::x509::Confirmation;

/// What the token request shows beside the code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Presented<'a> {
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub code_verifier: Option<&'a str>,
    /// `scope`, which no RFC has here.
    pub scope: Option<&'a str>,
    /// The certificate that the tokens are to be bound to.
    pub certificate: Option<Confirmation>,
}

/// By which rules codes are redeemed.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The dialect's for codes.
    pub authorization: &'a Authorization,
    /// Those of the refresh tokens that may come of it, with lifetimes and the time.
    pub terms: Terms<'a>,
    /// Those of tokens that are bound to a certificate.
    pub binding: binding::Rules<'a>,
}

/// What is known of a code (its MAC was checked when it was read).
#[derive(Debug)]
pub struct Facts<'a> {
    /// Its record.
    pub code: Option<AuthorizationCode>,
    /// The user who allowed it.
    pub user: Option<&'a User>,
    /// Whether the user's consent or tokens were revoked since it was made.
    pub revoked: bool,
}

/// What a good redemption leads to.
#[derive(Debug)]
pub struct Redeemed {
    /// Permission for the access token.
    pub approval: Approval,
    /// The first refresh token of a new family and when it dies, seconds since the epoch.
    pub refresh: Option<(RefreshTokenRef, i64)>,
    /// `nonce` for the ID token.
    pub nonce: Option<Box<str>>,
    /// What the tokens say of the login.
    pub details: GrantDetails,
    /// The spent code, guarded, and the grant's row where one is needed.
    pub effects: Vec<Effect>,
}

/// Decides on a redemption.
///
/// # Errors
/// [`Refused`], with what it changes.
pub fn decide(
    client: &AuthenticatedClient,
    presented: &Presented<'_>,
    facts: Facts<'_>,
    rules: &Rules<'_>,
    entropy: &dyn Entropy,
) -> Result<Redeemed, Refused> {
    registered(client.client(), GrantType::AuthorizationCode)?;
    let own = |code: &AuthorizationCode| code.client == client.client().key;
    let code = match facts.code {
        None => return Err(Rule::UnknownCode.into()),
        Some(code) if !own(&code) => return Err(Rule::ForeignCode.into()),
        Some(code) => code,
    };
    match code.spent {
        Some(Spent::Redeemed(grant)) => {
            return Err(Refused { rejection: Rule::SpentCode.into(), effects: revocation(grant) });
        }
        Some(Spent::Burnt) => return Err(Rule::SpentCode.into()),
        None => {}
    }
    if rules.terms.now.seconds() >= code.expires_at {
        return Err(Rule::ExpiredCode.into());
    }
    if let Err(rule) = redirect_uri(&code, presented).and_then(|()| verifier(&code, presented)) {
        let burnt = Effect::SpendAuthorizationCode { id: code.id, spent: Spent::Burnt };
        return Err(Refused { rejection: rule.into(), effects: vec![burnt] });
    }
    let user = still_good(&code, client.client(), facts.user, facts.revoked)?;
    let scope = scope(&code, client.client(), presented.scope, rules.authorization)?;
    let certificate = binding::for_scope(client, presented.certificate, &scope, &rules.binding)?;
    let approval = Approval {
        scope,
        subject: Some(code.subject.clone()),
        tenant: code.details.tenant.clone(),
        certificate,
        grant: None,
        audience: code.details.resource.clone(),
        // A code that was allowed in the second in which others were taken back is of the next.
        not_before: user.tokens_not_before.max(code.issued_at),
    };
    Ok(redeem(client, code, approval, &rules.terms, entropy)?)
}

/// The redirect URI is the one that the code was sent to. Where it was named and is not repeated, only PKCE may stand in
/// for it (OAuth 2.1 §10.2).
fn redirect_uri(code: &AuthorizationCode, presented: &Presented<'_>) -> Result<(), Rule> {
    let good = match presented.redirect_uri {
        Some(sent) => *sent == *code.redirect_uri,
        None => !code.redirect_uri_given || code.code_challenge.is_some(),
    };
    if good { Ok(()) } else { Err(Rule::RedirectUriMismatch) }
}

/// Challenge and verifier are both there and fit, or neither is (requirements D-04, D-05).
fn verifier(code: &AuthorizationCode, presented: &Presented<'_>) -> Result<(), Rule> {
    match (&code.code_challenge, presented.code_verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Rule::UnexpectedCodeVerifier),
        (Some(_), None) => Err(Rule::MissingCodeVerifier),
        (Some(challenge), Some(verifier)) if pkce::verify(challenge, verifier) => Ok(()),
        (Some(_), Some(_)) => Err(Rule::WrongCodeVerifier),
    }
}

/// Neither client nor user nor consent ended since the code was made (CD-06).
fn still_good<'a>(
    code: &AuthorizationCode,
    client: &Client,
    user: Option<&'a User>,
    revoked: bool,
) -> Result<&'a User, Rejection> {
    if revoked || code.issued_at < client.tokens_not_before {
        return Err(Rule::RevokedCode.into());
    }
    let good = |user: &&User| {
        user.enabled && user.subject == code.subject && code.issued_at >= user.tokens_not_before
    };
    user.filter(good).ok_or(Rule::UserGone.into())
}

/// What was allowed, as far as the client may still have it, and what the dialect lets a client ask for only now.
fn scope(
    code: &AuthorizationCode,
    client: &Client,
    requested: Option<&str>,
    rules: &Authorization,
) -> Result<Scope, Rejection> {
    let allowed = requested_scope::parse(&code.scope)?;
    let optional = rules.scope_optional.as_deref().unwrap_or_default().split(' ');
    let asked = requested.map(requested_scope::parse).transpose()?.unwrap_or_else(Scope::empty);
    let late = optional.filter(|token| asked.contains(token));
    let scope: Scope = allowed.iter().chain(late).filter(|token| client.scope.contains(token)).collect();
    if scope.is_empty() && !allowed.is_empty() {
        return Err(Rule::UngrantedScope.into());
    }
    Ok(scope)
}

/// Spends the code. Every redemption has a grant, so that a replay can end it; it has a row only where something must be
/// looked up later: a refresh token's generation, or the claims that UserInfo was asked for.
fn redeem(
    client: &AuthenticatedClient,
    code: AuthorizationCode,
    mut approval: Approval,
    terms: &Terms<'_>,
    entropy: &dyn Entropy,
) -> Result<Redeemed, EntropyError> {
    let AuthorizationCode { id, details, nonce, .. } = code;
    let family = refresh_token::begin(client, &approval, details.clone(), terms, entropy)?;
    let refresh = family.as_ref().map(|family| {
        (RefreshTokenRef { grant: family.id, generation: family.generation }, family.refresh_expires_at)
    });
    let row = match family {
        None if details.claims.contains_key("userinfo") => {
            Some(without_refresh(client, &approval, &details, terms, entropy)?)
        }
        family => family,
    };
    let grant = match &row {
        Some(row) => row.id,
        None => new_id(terms.now.seconds(), terms, entropy)?,
    };
    approval.grant = Some(grant);
    let mut effects = vec![Effect::SpendAuthorizationCode { id, spent: Spent::Redeemed(grant) }];
    effects.extend(row.map(Effect::InsertGrant));
    Ok(Redeemed { approval, refresh, nonce, details, effects })
}

/// A grant that nobody has a refresh token of.
fn without_refresh(
    client: &AuthenticatedClient,
    approval: &Approval,
    details: &GrantDetails,
    terms: &Terms<'_>,
    entropy: &dyn Entropy,
) -> Result<Grant, EntropyError> {
    let now = terms.now.seconds();
    Ok(Grant {
        id: new_id(now, terms, entropy)?,
        client: client.client().key,
        subject: approval.subject.clone().unwrap_or_default(),
        scope: approval.scope.shared(),
        generation: 0,
        issued_at: now.max(client.client().tokens_not_before).max(approval.not_before),
        rotated_at: now,
        refresh_expires_at: now,
        expires_at: now + i64::from(terms.lifetimes.access_token),
        revoked: false,
        details: details.clone(),
    })
}

fn new_id(ends_at: i64, terms: &Terms<'_>, entropy: &dyn Entropy) -> Result<GrantId, EntropyError> {
    let mut random = [0; 10];
    entropy.fill(&mut random)?;
    Ok(GrantId::new(ends_at + i64::from(terms.lifetimes.access_token), random))
}
