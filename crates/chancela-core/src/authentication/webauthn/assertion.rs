//! A login with a passkey (WebAuthn Level 3 §7.2).

use super::authenticator_data::AuthenticatorData;
use super::client_data::{self, Ceremony};
use super::cose::PublicKey;
use super::{MAX_RESPONSE_BYTES, Refused, RelyingParty, UserVerification};
use crate::authentication::factor::PasskeyProof;
use crate::record::User;
use crate::secret::sha256;
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::Deserialize;

/// What `PublicKeyCredential.toJSON()` gives; other members are not needed.
#[derive(Deserialize)]
struct Json {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    response: Assertion,
}

#[derive(Deserialize)]
struct Assertion {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
    signature: String,
    #[serde(default, rename = "userHandle")]
    user_handle: Option<String>,
}

/// A browser's answer to [`super::options::request`], not verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    id: String,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    subject: Option<String>,
}

/// A good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// What it proves.
    pub proof: PasskeyProof,
    id: String,
    sign_count: u32,
}

impl Asserted {
    /// The record of `user` with the passkey's new counter and time; guarded by the version before.
    pub fn spend(&self, user: &User, now: Timestamp) -> User {
        let mut changed = User { version: user.version + 1, ..user.clone() };
        if let Some(passkey) = changed.passkeys.iter_mut().find(|known| *known.id == *self.id) {
            passkey.sign_count = self.sign_count;
            passkey.last_used_at = Some(now.seconds());
        }
        changed
    }
}

impl Response {
    /// Reads the JSON of `PublicKeyCredential.toJSON()`.
    ///
    /// # Errors
    /// [`Refused::Malformed`].
    pub fn parse(json: &str) -> Result<Self, Refused> {
        if json.len() > MAX_RESPONSE_BYTES {
            return Err(Refused::Malformed);
        }
        let json: Json = serde_json::from_str(json).map_err(|_| Refused::Malformed)?;
        let decode = |text: &str| BASE64URL.decode(text).map_err(|_| Refused::Malformed);
        if json.kind != "public-key" {
            return Err(Refused::Malformed);
        }
        let handle = json.response.user_handle.as_deref().filter(|handle| !handle.is_empty());
        let subject = handle.map(|handle| String::from_utf8(decode(handle)?).map_err(|_| Refused::Malformed));
        Ok(Self {
            // As it is kept: one spelling for one id.
            id: BASE64URL.encode(decode(&json.id)?),
            client_data: decode(&json.response.client_data)?,
            authenticator_data: decode(&json.response.authenticator_data)?,
            signature: decode(&json.response.signature)?,
            subject: subject.transpose()?,
        })
    }

    /// The user that the passkey names (its user handle); unproven until [`Response::verify`]. Only a discoverable
    /// credential names one.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Verifies that `user` answered `challenge`.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn verify(
        &self,
        party: &RelyingParty,
        user: &User,
        challenge: &[u8],
        verification: UserVerification,
    ) -> Result<Asserted, Refused> {
        if self.subject.as_deref().is_some_and(|subject| subject != &*user.subject) {
            return Err(Refused::Passkey);
        }
        let passkey = user.passkeys.iter().find(|known| *known.id == *self.id).ok_or(Refused::Passkey)?;
        client_data::check(&self.client_data, Ceremony::Assertion, challenge, party)?;
        let data = AuthenticatorData::read(&self.authenticator_data, &party.id)?;
        verification.check(data.user_verified)?;
        let key = BASE64URL.decode(&*passkey.public_key).map_err(|_| Refused::UnsupportedKey)?;
        let (key, _) = PublicKey::read(&key).ok_or(Refused::UnsupportedKey)?;
        let signed = [&self.authenticator_data[..], &sha256(&self.client_data)].concat();
        if !key.verify(&signed, &self.signature) {
            return Err(Refused::Signature);
        }
        // Level 3 §6.1.1: zero on both sides means that there is no counter.
        let counts = data.sign_count != 0 || passkey.sign_count != 0;
        if counts && data.sign_count <= passkey.sign_count {
            return Err(Refused::Counter);
        }
        let proof = if data.user_verified { PasskeyProof::Verified } else { PasskeyProof::Present };
        Ok(Asserted { proof, id: self.id.clone(), sign_count: data.sign_count })
    }
}
