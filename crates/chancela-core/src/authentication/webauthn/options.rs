//! What a browser is asked (WebAuthn Level 3 §5.4, §5.5), as `PublicKeyCredential.parseCreationOptionsFromJSON` and
//! `parseRequestOptionsFromJSON` read it.

use super::cose::ALGORITHMS;
use super::{CEREMONY_SECONDS, RelyingParty, UserVerification};
use crate::record::{Passkey, User};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};

/// For `navigator.credentials.create`: a passkey that `user` does not have yet. The user handle is the subject, by
/// which a login without a name finds the user.
pub fn creation(
    party: &RelyingParty,
    user: &User,
    challenge: &[u8],
    verification: UserVerification,
) -> Value {
    let display = user.claims.get("name").and_then(Value::as_str).unwrap_or(&user.username);
    let algorithms = ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
    let resident = verification == UserVerification::Required;
    json!({
        "rp": { "id": party.id, "name": party.name },
        "user": { "id": BASE64URL.encode(&*user.subject), "name": user.username, "displayName": display },
        "challenge": BASE64URL.encode(challenge),
        "pubKeyCredParams": algorithms,
        "timeout": CEREMONY_SECONDS * 1000,
        "excludeCredentials": descriptors(&user.passkeys),
        "authenticatorSelection": {
            "residentKey": if resident { "required" } else { "preferred" },
            "requireResidentKey": resident,
            "userVerification": verification.as_str(),
        },
        "attestation": "none",
    })
}

/// For `navigator.credentials.get`: one of `passkeys`, or any that the authenticator offers for this relying party if
/// there is none. Ask only for the passkeys of a user whose password was right: ids say whether a name exists.
pub fn request(
    party: &RelyingParty,
    challenge: &[u8],
    passkeys: &[Passkey],
    verification: UserVerification,
) -> Value {
    json!({
        "rpId": party.id,
        "challenge": BASE64URL.encode(challenge),
        "timeout": CEREMONY_SECONDS * 1000,
        "allowCredentials": descriptors(passkeys),
        "userVerification": verification.as_str(),
    })
}

fn descriptors(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys.iter().map(|passkey| json!({ "type": "public-key", "id": passkey.id })).collect()
}
