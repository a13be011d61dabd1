//! What a user may be: a user as it comes and the one validator that every user passes, however it comes; and a user as
//! it is shown.

use super::ControlError;
use crate::password::MAX_PASSWORD_BYTES;
use crate::password::stored::Stored;
use crate::realm::Realm;
use chancela_core::authentication::username;
use chancela_core::record::User;
use chancela_core::text::is_plain;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Most bytes of all claims of one user, as JSON.
const MAX_CLAIMS_BYTES: usize = 16 * 1024;
/// Claims that tokens and answers have of their own: no user brings them.
const RESERVED: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "nonce",
    "acr",
    "amr",
    "azp",
    "auth_time",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "cnf",
    "act",
    "client_id",
    "scope",
    "events",
];

/// A user as it is created or imported.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewUser {
    /// Name that the user types; its canonical form is kept.
    pub username: String,
    /// The tenant, where the realm has tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// A hash of the password that another system made; replaced at the next login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Claims (OpenID Connect Core §5.1).
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// Whether the user may log in; yes if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A user that may be created.
#[derive(Debug)]
pub(super) struct CheckedUser {
    pub(super) username: Box<str>,
    pub(super) tenant: String,
    pub(super) password: Option<String>,
    pub(super) password_hash: Option<String>,
    pub(super) claims: Map<String, Value>,
    pub(super) enabled: bool,
}

/// The one validator.
pub(super) fn check(realm: &Realm, new: NewUser) -> Result<CheckedUser, ControlError> {
    let NewUser { username, tenant, password, password_hash, claims, enabled } = new;
    let invalid = |text: String| Err(ControlError::Invalid(text));
    let Some(username) = username::canonical(&username) else {
        return invalid("username: must be 1 to 255 bytes that people can see".into());
    };
    let tenant = tenant.unwrap_or_default();
    check_tenant(realm, &tenant)?;
    if password.is_some() && password_hash.is_some() {
        return invalid("password, password_hash: give one of them".into());
    }
    if let Some(password) = &password {
        check_password(password)?;
    }
    if let Some(Err(problem)) = password_hash.as_deref().map(Stored::parse) {
        return invalid(format!("password_hash: {problem}"));
    }
    check_claims(&claims)?;
    Ok(CheckedUser { username, tenant, password, password_hash, claims, enabled: enabled.unwrap_or(true) })
}

/// Whether a tenant is one of the realm's, or none where it has none.
pub(super) fn check_tenant(realm: &Realm, tenant: &str) -> Result<(), ControlError> {
    let good = if realm.tenants.is_empty() { tenant.is_empty() } else { realm.has_tenant(tenant) };
    if good {
        return Ok(());
    }
    Err(ControlError::Invalid(match realm.tenants.is_empty() {
        true => "tenant: the realm has no tenants; leave it out".into(),
        false => format!("tenant: must be one of {}", realm.tenants.join(", ")),
    }))
}

/// Requirement O-02.
pub(super) fn check_password(password: &str) -> Result<(), ControlError> {
    if (1..=MAX_PASSWORD_BYTES).contains(&password.len()) {
        return Ok(());
    }
    Err(ControlError::Invalid(format!("password: must be 1 to {MAX_PASSWORD_BYTES} bytes")))
}

fn check_claims(claims: &Map<String, Value>) -> Result<(), ControlError> {
    let invalid = |text: String| Err(ControlError::Invalid(text));
    if serde_json::to_vec(claims).map_or(usize::MAX, |text| text.len()) > MAX_CLAIMS_BYTES {
        return invalid(format!("claims: have more than {MAX_CLAIMS_BYTES} bytes"));
    }
    for (name, value) in claims {
        if RESERVED.contains(&name.as_str()) {
            return invalid(format!("claims: {name:?} is the server's own; leave it out"));
        }
        if name.is_empty() || name.len() > 100 || !is_plain(name) {
            return invalid("claims: a name has 1 to 100 bytes that people can see".into());
        }
        if let Some(wanted) = wrong_type(name, value) {
            return invalid(format!("claims: {name}: must be {wanted}"));
        }
    }
    Ok(())
}

/// What the claim should be, if it is not (OpenID Connect Core §5.1).
fn wrong_type(name: &str, value: &Value) -> Option<&'static str> {
    match (name, value) {
        ("email_verified" | "phone_number_verified", Value::Bool(_))
        | ("updated_at", Value::Number(_))
        | ("address", Value::Object(_)) => None,
        ("email_verified" | "phone_number_verified", _) => Some("true or false"),
        ("updated_at", _) => Some("a number of seconds"),
        ("address", _) => Some("an object"),
        ("email", Value::String(text)) => {
            let at = text.split('@').count() == 2 && !text.starts_with('@') && !text.ends_with('@');
            (!at || !is_plain(text) || text.contains(' ')).then_some("an e-mail address")
        }
        (
            "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "preferred_username"
            | "email" | "profile" | "picture" | "website" | "gender" | "birthdate" | "zoneinfo" | "locale"
            | "phone_number",
            value,
        ) => {
            let good = value.as_str().is_some_and(is_plain);
            (!good).then_some("a text that people can see")
        }
        _ => None,
    }
}

/// A user as it is shown: no hash, secret or digest.
pub(super) fn describe(user: &User) -> Value {
    let passkeys: Vec<Value> = user
        .passkeys
        .iter()
        .map(
            |key| json!({ "name": key.name, "created_at": key.created_at, "last_used_at": key.last_used_at }),
        )
        .collect();
    let mut shown = json!({
        "username": user.username,
        "tenant": user.tenant,
        "sub": user.subject,
        "enabled": user.enabled,
        "claims": user.claims,
        "password": user.password_hash.is_some(),
        "totp": user.totp.is_some(),
        "passkeys": passkeys,
        "recovery_codes": user.recovery_codes.len(),
        "created_at": user.created_at,
    });
    if let Some(members) = shown.as_object_mut() {
        let empty = |value: &Value| {
            *value == json!("") || *value == json!({}) || *value == json!([]) || *value == json!(0)
        };
        members.retain(|_, value| !empty(value));
    }
    shown
}
