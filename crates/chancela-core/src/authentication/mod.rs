//! How users prove who they are. Owns one-time passwords, recovery codes, passkeys, the canonical form of names, and the
//! decision of what a login still needs. Does not own passwords' hashes, throttling or pages: those are the server's.

pub mod device;
pub mod factor;
pub mod recovery_code;
pub mod totp;
pub mod username;
pub mod webauthn;

#[cfg(test)]
pub(crate) mod tests {
    use crate::pepper::Pepper;
    use crate::record::User;
    use serde_json::Map;

    pub(crate) fn pepper() -> Pepper {
        Pepper::from_root(&[1; 32])
    }

    pub(crate) fn user() -> User {
        User {
            realm: "main".into(),
            tenant: "".into(),
            username: "ana".into(),
            subject: "user-00112233445566778899aabbccddeeff".into(),
            password_hash: Some("$argon2id$".into()),
            claims: Map::new(),
            totp: None,
            passkeys: Vec::new(),
            recovery_codes: Vec::new(),
            enabled: true,
            tokens_not_before: 0,
            created_at: 0,
            version: 4,
        }
    }
}
