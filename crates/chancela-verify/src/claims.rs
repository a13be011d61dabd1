//! The claims that a JWT (RFC 9068 §2.2) and an introspection response (RFC 7662 §2.2) share, and their checks.

use crate::confirmation::{self, Confirmation};
use crate::{Refusal, Settings, VerifiedToken};
use chancela_core::scope::Scope;
use chancela_core::time::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Most scope-tokens of a token.
const MAX_SCOPES: usize = 1024;

/// Claims whose types are right. Nothing else was checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claims {
    issuer: Option<Box<str>>,
    audience: Option<Vec<Box<str>>>,
    subject: Option<Box<str>>,
    client_id: Option<Box<str>>,
    token_id: Option<Box<str>>,
    scope: Scope,
    issued_at: Option<i64>,
    not_before: Option<i64>,
    expires_at: Option<i64>,
    confirmation: Option<Confirmation>,
    all: Arc<Map<String, Value>>,
}

/// Which claims must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// `iss`, `aud` and `exp` (RFC 9068 §4).
    Jwt,
    /// `aud`: who answered is known, but not that it knew for whom the token is. With the `aud` of the verified JWT that
    /// was asked about, none (RFC 7662 §2.2 leaves all of them to the server).
    Introspection(Option<&'a [Box<str>]>),
}

impl Claims {
    pub(crate) fn read(all: Map<String, Value>) -> Result<Self, Refusal> {
        Ok(Self {
            issuer: text(&all, "iss")?,
            audience: audience(&all)?,
            subject: text(&all, "sub")?,
            client_id: text(&all, "client_id")?,
            token_id: text(&all, "jti")?,
            scope: scope(&all)?,
            issued_at: number(&all, "iat")?,
            not_before: number(&all, "nbf")?,
            expires_at: number(&all, "exp")?,
            confirmation: Confirmation::read(&all),
            all: Arc::new(all),
        })
    }

    /// `exp`.
    pub(crate) const fn expires_at(&self) -> Option<i64> {
        self.expires_at
    }

    /// Whether `token_type` of an introspection response allows the scheme `Bearer`; a refresh token or one for another
    /// scheme may be active too (RFC 7662 §2.2).
    pub(crate) fn is_bearer(&self) -> bool {
        let own = |kind: &Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
        self.all.get("token_type").is_none_or(own)
    }

    /// The one place that makes a [`VerifiedToken`].
    pub(crate) fn verify(
        &self,
        source: Source<'_>,
        settings: &Settings,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<VerifiedToken, Refusal> {
        self.check_parties(source, settings)?;
        self.check_times(source, settings, now.seconds())?;
        let certificate = confirmation::check(self.confirmation, settings, presented)?;
        Ok(VerifiedToken {
            subject: self.subject.clone(),
            client_id: self.client_id.clone(),
            token_id: self.token_id.clone(),
            audience: self.audience.clone().unwrap_or_default(),
            scope: self.scope.clone(),
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            certificate,
            claims: Arc::clone(&self.all),
        })
    }

    fn check_parties(&self, source: Source<'_>, settings: &Settings) -> Result<(), Refusal> {
        match &self.issuer {
            Some(issuer) if *issuer != settings.issuer => return Err(Refusal::Issuer),
            None if source == Source::Jwt => return Err(Refusal::Claim("iss")),
            _ => {}
        }
        let known = if let Source::Introspection(of_jwt) = source { of_jwt } else { None };
        let audience = self.audience.as_deref().or(known).unwrap_or_default();
        let named = audience.contains(&settings.audience);
        if named || settings.danger_any_audience { Ok(()) } else { Err(Refusal::Audience) }
    }

    fn check_times(&self, source: Source<'_>, settings: &Settings, now: i64) -> Result<(), Refusal> {
        match self.expires_at {
            Some(at) if now >= at.saturating_add(i64::from(settings.expiry_leeway)) => {
                return Err(Refusal::Expired);
            }
            None if source == Source::Jwt => return Err(Refusal::Claim("exp")),
            _ => {}
        }
        let latest = now.saturating_add(i64::from(settings.clock_skew));
        let early = [self.not_before, self.issued_at].into_iter().flatten().any(|at| at > latest);
        if early { Err(Refusal::NotYetValid) } else { Ok(()) }
    }
}

fn text(all: &Map<String, Value>, name: &'static str) -> Result<Option<Box<str>>, Refusal> {
    match all.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str().into())),
        Some(_) => Err(Refusal::Claim(name)),
    }
}

fn number(all: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, Refusal> {
    match all.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(Refusal::Claim(name)),
    }
}

/// A text or an array of texts (RFC 7519 §4.1.3).
fn audience(all: &Map<String, Value>) -> Result<Option<Vec<Box<str>>>, Refusal> {
    let Some(value) = all.get("aud") else { return Ok(None) };
    let texts: Option<Vec<Box<str>>> = match value {
        Value::String(text) => Some(vec![text.as_str().into()]),
        Value::Array(texts) => texts.iter().map(|text| text.as_str().map(Into::into)).collect(),
        _ => None,
    };
    texts.map(Some).ok_or(Refusal::Claim("aud"))
}

/// Texts separated by spaces (RFC 8693 §4.2), or, in some dialects, an array of them.
fn scope(all: &Map<String, Value>) -> Result<Scope, Refusal> {
    let malformed = Refusal::Claim("scope");
    let tokens: Vec<&str> = match all.get("scope") {
        None => Vec::new(),
        Some(Value::String(text)) => text.split(' ').filter(|token| !token.is_empty()).collect(),
        Some(Value::Array(texts)) => {
            let texts: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
            texts.ok_or_else(|| malformed.clone())?
        }
        Some(_) => return Err(malformed),
    };
    let legal = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let well_formed = |token: &&str| !token.is_empty() && token.bytes().all(legal);
    if tokens.len() > MAX_SCOPES || !tokens.iter().all(well_formed) {
        return Err(malformed);
    }
    Ok(tokens.into_iter().collect())
}
