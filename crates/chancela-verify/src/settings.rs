//! What a token must be here. Every default is what the RFCs say; what weakens it has `danger` in its name.

use chancela_core::jose::JwsAlgorithm;

/// Most seconds of difference between clocks that can be allowed for.
pub const MAX_SKEW: u32 = 60;

/// What a token must be. Made with [`Settings::new`], then changed by its fields.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `iss`, compared exactly (RFC 9068 §4).
    pub issuer: Box<str>,
    /// This resource server as tokens name it in `aud`.
    pub audience: Box<str>,
    /// Takes tokens for any audience, and those without one. Only for a dialect whose tokens have none: a token that
    /// another resource server received is then good here.
    pub danger_any_audience: bool,
    /// Signature algorithms that are allowed; all of [`JwsAlgorithm::ALL`] by default, none of which is symmetric.
    pub algorithms: Vec<JwsAlgorithm>,
    /// `typ` of a JWT.
    pub typ: Typ,
    /// Refuses tokens that are bound to no certificate.
    pub require_bound: bool,
    /// Takes `cnf.x5t#S256` as base64url of hexadecimal text too (86 characters), which some issuers write.
    pub danger_hex_thumbprint: bool,
    /// Seconds that `iat` and `nbf` may lie in the future; 30 by default, at most [`MAX_SKEW`].
    pub clock_skew: u32,
    /// Seconds that a token is good beyond its `exp`; 0 by default, at most [`MAX_SKEW`].
    pub expiry_leeway: u32,
}

/// `typ` in the header of a JWT access token (RFC 9068 §2.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Typ {
    /// `at+jwt` or `application/at+jwt`.
    #[default]
    AccessToken,
    /// This text, of a dialect that knows no `at+jwt`. Other kinds of JWT may have it too: those with `nonce`,
    /// `auth_time`, `at_hash` or `events` are refused.
    DangerOther(Box<str>),
    /// No `typ`; otherwise like [`Typ::DangerOther`].
    DangerAbsent,
}

/// Why settings are no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No issuer.
    #[error("settings.issuer is empty; set it to the issuer of the authorization server's metadata")]
    Issuer,
    /// No audience.
    #[error("settings.audience is empty; set it to the `aud` that tokens for this API have")]
    Audience,
    /// No algorithm.
    #[error("settings.algorithms is empty; name the algorithm that the authorization server signs with")]
    Algorithms,
    /// Above [`MAX_SKEW`].
    #[error("clock_skew and expiry_leeway are at most 60 seconds; synchronize the clocks instead")]
    Skew,
}

impl Settings {
    /// The strict settings.
    pub fn new(issuer: impl Into<Box<str>>, audience: impl Into<Box<str>>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            danger_any_audience: false,
            algorithms: JwsAlgorithm::ALL.to_vec(),
            typ: Typ::AccessToken,
            require_bound: false,
            danger_hex_thumbprint: false,
            clock_skew: 30,
            expiry_leeway: 0,
        }
    }

    /// Refuses what can only be a mistake.
    pub(crate) fn checked(self) -> Result<Self, SettingsError> {
        if self.issuer.is_empty() {
            return Err(SettingsError::Issuer);
        }
        if self.audience.is_empty() && !self.danger_any_audience {
            return Err(SettingsError::Audience);
        }
        if self.algorithms.is_empty() {
            return Err(SettingsError::Algorithms);
        }
        if self.clock_skew > MAX_SKEW || self.expiry_leeway > MAX_SKEW {
            return Err(SettingsError::Skew);
        }
        Ok(self)
    }
}

impl Typ {
    /// Whether the header's `typ` is this one. Media types have no case (RFC 7515 §4.1.9); a dialect's text is exact.
    pub(crate) fn accepts(&self, typ: Option<&str>) -> bool {
        match (self, typ) {
            (Self::AccessToken, Some(typ)) => {
                ["at+jwt", "application/at+jwt"].iter().any(|own| typ.eq_ignore_ascii_case(own))
            }
            (Self::DangerOther(own), Some(typ)) => **own == *typ,
            (Self::DangerAbsent, None) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_can_only_be_a_mistake_are_refused() {
        let with = |change: fn(&mut Settings)| {
            let mut settings = Settings::new("https://id.example", "api");
            change(&mut settings);
            settings.checked().err()
        };
        assert_eq!(with(|_| ()), None);
        assert_eq!(with(|s| s.issuer = "".into()), Some(SettingsError::Issuer));
        assert_eq!(with(|s| s.audience = "".into()), Some(SettingsError::Audience));
        assert_eq!(with(|s| (s.audience, s.danger_any_audience) = ("".into(), true)), None);
        assert_eq!(with(|s| s.algorithms.clear()), Some(SettingsError::Algorithms));
        assert_eq!(with(|s| s.clock_skew = 61), Some(SettingsError::Skew));
        assert_eq!(with(|s| s.expiry_leeway = 61), Some(SettingsError::Skew));
    }
}
