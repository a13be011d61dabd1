//! What a JWT access token must be (RFC 9068 §4, RFC 8725 §3). Pure: no clock, no connection, nothing remembered.

use crate::claims::{Claims, Source};
use crate::{KeySet, Refusal, Settings, SettingsError, Typ, VerifiedToken};
use chancela_core::jose::{JwsAlgorithm, MAX_TOKEN_BYTES, UnverifiedJwt};
use chancela_core::time::Timestamp;

/// Claims that other kinds of JWT have: ID tokens and logout tokens.
const OF_OTHERS: [&str; 4] = ["nonce", "auth_time", "at_hash", "events"];

/// Verifies JWTs of one issuer for one resource server.
#[derive(Debug, Clone)]
pub struct Verifier {
    settings: Settings,
    keys: KeySet,
}

impl Verifier {
    /// With the issuer's keys of now.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn new(settings: Settings, keys: KeySet) -> Result<Self, SettingsError> {
        Ok(Self { settings: settings.checked()?, keys })
    }

    /// The same with other keys.
    #[must_use]
    pub fn with_keys(&self, keys: KeySet) -> Self {
        Self { settings: self.settings.clone(), keys }
    }

    /// Verifies a token. `presented` is the DER of the client certificate of the connection on which the token came;
    /// whoever passes it has verified the certificate's chain and that the client has its key (TLS did).
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn verify(
        &self,
        token: &str,
        presented: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<VerifiedToken, Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::TooLong);
        }
        let jwt = UnverifiedJwt::parse(token).ok_or(Refusal::Malformed)?;
        if !self.settings.typ.accepts(jwt.typ()) {
            return Err(Refusal::Kind);
        }
        let allowed =
            JwsAlgorithm::parse(jwt.alg()).is_some_and(|alg| self.settings.algorithms.contains(&alg));
        if !allowed {
            return Err(Refusal::Algorithm);
        }
        let signed = jwt.verify(self.keys.candidates(&jwt)?).ok_or(Refusal::Signature)?;
        let doubtful = self.settings.typ != Typ::AccessToken;
        if doubtful && OF_OTHERS.iter().any(|name| signed.payload.contains_key(*name)) {
            return Err(Refusal::Kind);
        }
        Claims::read(signed.payload)?.verify(Source::Jwt, &self.settings, presented, now)
    }
}
