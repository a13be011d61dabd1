//! Sealed tokens: this server's own opaque text whose meaning stands inside, encrypted for the server itself
//! (AES-256-GCM-SIV under the realm's pepper, with the issuer as context). The store keeps no row; a token is revoked by
//! the digest of its sealed bytes, by its grant or by its user.
//!
//! Nobody else can make, read or alter one, so the payload is trusted once it opens; its reader is total all the same.

use super::checksum;
use super::issue::{IssueError, Issuer};
use super::reference::OPAQUE_PREFIX;
use crate::grant::Approval;
use crate::id::{ClientKey, GrantId, TokenId};
use crate::jose::MAX_TOKEN_BYTES;
use crate::pepper::{Pepper, SealPurpose};
use crate::record::Client;
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use std::sync::Arc;

/// Version of the payload's form.
const VERSION: u8 = 1;

const GRANT: u8 = 1;
const SUBJECT: u8 = 1 << 1;
const TENANT: u8 = 1 << 2;
const AUDIENCE: u8 = 1 << 3;
const CERTIFICATE: u8 = 1 << 4;

/// What a sealed token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedToken {
    /// Who asked for it.
    pub client: ClientKey,
    /// When it was issued, seconds since the epoch.
    pub issued_at: i64,
    /// When it dies, seconds since the epoch.
    pub expires_at: i64,
    /// The grant that it belongs to.
    pub grant: Option<GrantId>,
    /// The resource owner.
    pub subject: Option<Box<str>>,
    /// Tenant.
    pub tenant: Option<Box<str>>,
    /// The resource server that it is for; the realm's audience if `None`.
    pub audience: Option<Box<str>>,
    /// SHA-256 of the certificate that it is bound to.
    pub certificate: Option<[u8; 32]>,
    /// Granted scope.
    pub scope: Arc<str>,
}

/// Makes a token.
pub(super) fn issue(
    issuer: &Issuer<'_>,
    client: &Client,
    approval: &Approval,
    expires_at: i64,
) -> Result<String, IssueError> {
    let mut nonce = [0; 12];
    issuer.entropy.fill(&mut nonce)?;
    let token = SealedToken {
        client: client.key,
        issued_at: issuer.issued_at(client, approval),
        expires_at,
        grant: approval.grant,
        subject: approval.subject.clone(),
        tenant: approval.tenant.clone(),
        audience: approval.audience.clone(),
        certificate: approval.certificate.map(|own| own.sha256),
        scope: approval.scope.shared(),
    };
    Ok(token.seal(issuer.issuer, issuer.pepper, nonce))
}

impl SealedToken {
    /// Its text, for the realm of `issuer`. The nonce must be random.
    pub fn seal(&self, issuer: &str, pepper: &Pepper, nonce: [u8; 12]) -> String {
        let sealed = pepper.seal(SealPurpose::AccessToken, nonce, issuer.as_bytes(), &self.encode());
        let mut text = String::with_capacity(OPAQUE_PREFIX.len() + sealed.len() * 4 / 3 + 8);
        text.push_str(OPAQUE_PREFIX);
        BASE64URL.encode_string(sealed, &mut text);
        checksum::append(&mut text);
        text
    }

    /// Reads a token and the id by which it can be revoked; `None` unless it was made here, in the realm of `issuer`,
    /// and has not expired.
    pub fn open(text: &str, issuer: &str, pepper: &Pepper, now: Timestamp) -> Option<(TokenId, Self)> {
        if text.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let body = checksum::strip(text)?.strip_prefix(OPAQUE_PREFIX)?;
        let sealed = BASE64URL.decode(body).ok()?;
        let plain = pepper.open(SealPurpose::AccessToken, issuer.as_bytes(), &sealed)?;
        let token = Self::decode(&plain)?;
        (now.seconds() < token.expires_at).then(|| (TokenId::of(&sealed), token))
    }

    /// The payload that is sealed.
    pub fn encode(&self) -> Vec<u8> {
        let Self { client, issued_at, expires_at, grant, subject, tenant, audience, certificate, scope } =
            self;
        let flag = |there: bool, bit: u8| if there { bit } else { 0 };
        let mut out = Vec::with_capacity(96 + scope.len());
        out.push(VERSION);
        out.extend_from_slice(&client.0.to_be_bytes());
        out.extend_from_slice(&issued_at.to_be_bytes());
        out.extend_from_slice(&expires_at.to_be_bytes());
        out.push(
            flag(grant.is_some(), GRANT)
                | flag(subject.is_some(), SUBJECT)
                | flag(tenant.is_some(), TENANT)
                | flag(audience.is_some(), AUDIENCE)
                | flag(certificate.is_some(), CERTIFICATE),
        );
        out.extend(grant.iter().flat_map(|grant| grant.0));
        out.extend(certificate.iter().flatten());
        for text in [subject, tenant, audience].into_iter().flatten() {
            put_text(&mut out, text);
        }
        put_text(&mut out, scope);
        out
    }

    /// What a payload says; `None` unless the whole of it is one of this version.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut rest = payload;
        let [version] = take(&mut rest)?;
        let client = ClientKey(u64::from_be_bytes(take(&mut rest)?));
        let (issued_at, expires_at) =
            (i64::from_be_bytes(take(&mut rest)?), i64::from_be_bytes(take(&mut rest)?));
        let [flags] = take(&mut rest)?;
        if version != VERSION || flags & !(GRANT | SUBJECT | TENANT | AUDIENCE | CERTIFICATE) != 0 {
            return None;
        }
        let has = |bit: u8| flags & bit != 0;
        let grant = if has(GRANT) { Some(GrantId(take(&mut rest)?)) } else { None };
        let certificate = if has(CERTIFICATE) { Some(take(&mut rest)?) } else { None };
        let mut text = |there: bool| if there { take_text(&mut rest).map(Some) } else { Some(None) };
        let (subject, tenant, audience) = (text(has(SUBJECT))?, text(has(TENANT))?, text(has(AUDIENCE))?);
        let scope = text(true)??;
        let token = Self {
            client,
            issued_at,
            expires_at,
            grant,
            subject: subject.map(Into::into),
            tenant: tenant.map(Into::into),
            audience: audience.map(Into::into),
            certificate,
            scope: scope.into(),
        };
        rest.is_empty().then_some(token)
    }
}

/// Appends a text of at most 65,535 bytes behind its length; a longer one is cut off, and its token opens nowhere.
fn put_text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::from(u16::from_be_bytes(take(rest)?));
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::TokenFormat;
    use crate::token::reference;
    use proptest::prelude::*;

    const ISSUER: &str = "https://id.example";

    fn pepper() -> Pepper {
        Pepper::from_root(&[3; 32])
    }

    fn token() -> SealedToken {
        SealedToken {
            client: ClientKey(7),
            issued_at: 1_800_000_000,
            expires_at: 1_800_000_300,
            grant: Some(GrantId([9; 16])),
            subject: Some("user-0123".into()),
            tenant: None,
            audience: None,
            certificate: None,
            scope: "openid read".into(),
        }
    }

    fn open(text: &str) -> Option<(TokenId, SealedToken)> {
        SealedToken::open(text, ISSUER, &pepper(), Timestamp::from_seconds(1_800_000_000))
    }

    proptest! {
        #[test]
        fn a_token_reads_back_as_it_was(
            client: u64, issued_at: i64, expires_at in 1_800_000_001_i64.., grant: Option<[u8; 16]>,
            texts in proptest::collection::vec(proptest::option::of(".{0,40}"), 3), certificate: Option<[u8; 32]>,
            scope in "[a-z ]{0,80}", nonce: [u8; 12],
        ) {
            let text = |at: usize| texts[at].as_deref().map(Into::into);
            let token = SealedToken {
                client: ClientKey(client), issued_at, expires_at, grant: grant.map(GrantId), subject: text(0),
                tenant: text(1), audience: text(2), certificate, scope: scope.into(),
            };
            let sealed = token.seal(ISSUER, &pepper(), nonce);
            prop_assert_eq!(open(&sealed).unwrap().1, token);
        }

        #[test]
        fn no_text_and_no_payload_make_the_readers_fail(text in ".{0,120}", payload in proptest::collection::vec(any::<u8>(), 0..120)) {
            prop_assert_eq!(open(&text), None);
            if let Some(token) = SealedToken::decode(&payload) {
                prop_assert_eq!(token.encode(), payload, "one payload for each meaning");
            }
        }
    }

    #[test]
    fn another_realm_another_root_and_another_time_open_nothing() {
        let text = token().seal(ISSUER, &pepper(), [1; 12]);
        let now = Timestamp::from_seconds(1_800_000_000);
        assert!(open(&text).is_some());
        assert_eq!(SealedToken::open(&text, "https://other.example", &pepper(), now), None);
        assert_eq!(SealedToken::open(&text, ISSUER, &Pepper::from_root(&[4; 32]), now), None);
        assert_eq!(SealedToken::open(&text, ISSUER, &pepper(), now.plus_seconds(300)), None);
        assert!(SealedToken::open(&text, ISSUER, &pepper(), now.plus_seconds(299)).is_some());
    }

    /// N-04: a token that could be spelled twice could be revoked in one spelling and live on in the other.
    #[test]
    fn a_token_has_one_spelling() {
        let text = token().seal(ISSUER, &pepper(), [1; 12]);
        let body = checksum::strip(&text).unwrap();
        let with_sum = |body: String| {
            let mut text = body;
            checksum::append(&mut text);
            text
        };
        for at in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(open(std::str::from_utf8(&other).unwrap()), None, "{at}");
        }
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for last in ALPHABET.chars() {
            let other = format!("{}{last}", &body[..body.len() - 1]);
            assert_eq!(open(&with_sum(other.clone())).is_some(), other == body, "{last}");
        }
        for other in [format!("{body}="), format!("{body}\n"), format!("{body}A"), body.replace('-', "+")] {
            if other != body {
                assert_eq!(open(&with_sum(other)), None);
            }
        }
        assert_eq!(open(&"chancela_at_".repeat(2000)), None);
    }

    #[test]
    fn it_is_never_taken_for_a_reference_token_nor_one_for_it() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let sealed = token().seal(ISSUER, &pepper(), [1; 12]);
        assert_eq!(reference::locate(TokenFormat::Opaque, &pepper(), now, &sealed), None);
        let entropy = crate::entropy::Seeded::new(1);
        let (text, _) = reference::issue(TokenFormat::Opaque, &pepper(), now, 300, &entropy).unwrap();
        assert_eq!(open(&text), None);
    }
}
