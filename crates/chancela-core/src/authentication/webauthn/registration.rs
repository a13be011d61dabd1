//! A new passkey (WebAuthn Level 3 §7.1).

use super::authenticator_data::AuthenticatorData;
use super::cbor::{self, Value};
use super::client_data::{self, Ceremony};
use super::{MAX_PASSKEYS, MAX_RESPONSE_BYTES, Refused, RelyingParty, UserVerification};
use crate::record::{Passkey, User};
use crate::text::is_plain;
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::Deserialize;

/// Longest name of a passkey in bytes.
pub const MAX_NAME_BYTES: usize = 100;

/// What `PublicKeyCredential.toJSON()` gives; other members are not needed.
#[derive(Deserialize)]
struct Json {
    #[serde(rename = "type")]
    kind: String,
    response: Attestation,
}

#[derive(Deserialize)]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    attestation_object: String,
}

/// A credential whose registration is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Credential id.
    pub id: Vec<u8>,
    /// The public key as COSE_Key.
    pub public_key: Vec<u8>,
    /// First signature counter.
    pub sign_count: u32,
    /// Whether the authenticator verified the user.
    pub user_verified: bool,
    /// Whether the credential is backed up somewhere.
    pub backed_up: bool,
}

/// Verifies the browser's answer to [`super::options::creation`].
///
/// # Errors
/// [`Refused`].
pub fn verify(
    json: &str,
    party: &RelyingParty,
    challenge: &[u8],
    verification: UserVerification,
) -> Result<Registered, Refused> {
    if json.len() > MAX_RESPONSE_BYTES {
        return Err(Refused::Malformed);
    }
    let json: Json = serde_json::from_str(json).map_err(|_| Refused::Malformed)?;
    if json.kind != "public-key" {
        return Err(Refused::Malformed);
    }
    let decode = |text: &str| BASE64URL.decode(text).map_err(|_| Refused::Malformed);
    let client_data = decode(&json.response.client_data)?;
    client_data::check(&client_data, Ceremony::Registration, challenge, party)?;
    let object = decode(&json.response.attestation_object)?;
    let (object, rest) = cbor::read(&object).ok_or(Refused::Malformed)?;
    let statement = object.member("attStmt");
    let well_formed = matches!(object.member("fmt"), Some(Value::Text(_)))
        && matches!(statement, Some(Value::Map(_)))
        && rest.is_empty();
    let data = object.member("authData").and_then(Value::bytes).filter(|_| well_formed);
    let data = AuthenticatorData::read(data.ok_or(Refused::Malformed)?, &party.id)?;
    verification.check(data.user_verified)?;
    let credential = data.credential.ok_or(Refused::Malformed)?;
    Ok(Registered {
        id: credential.id.to_vec(),
        public_key: credential.public_key.to_vec(),
        sign_count: data.sign_count,
        user_verified: data.user_verified,
        backed_up: data.backed_up,
    })
}

impl Registered {
    /// The record of `user` with this passkey, called `name`.
    ///
    /// # Errors
    /// [`Refused::Passkey`] if the user has it already or has too many, or the name cannot be shown.
    pub fn add_to(&self, user: &User, name: &str, now: Timestamp) -> Result<User, Refused> {
        let (id, name) = (BASE64URL.encode(&self.id), name.trim());
        let nameable = !name.is_empty() && name.len() <= MAX_NAME_BYTES && is_plain(name);
        if !nameable
            || user.passkeys.len() >= MAX_PASSKEYS
            || user.passkeys.iter().any(|known| *known.id == *id)
        {
            return Err(Refused::Passkey);
        }
        let mut changed = User { version: user.version + 1, ..user.clone() };
        changed.passkeys.push(Passkey {
            id: id.into(),
            name: name.into(),
            public_key: BASE64URL.encode(&self.public_key).into(),
            sign_count: self.sign_count,
            created_at: now.seconds(),
            last_used_at: None,
        });
        Ok(changed)
    }
}
