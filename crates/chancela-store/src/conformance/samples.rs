//! Records for tests, and a small seeded generator (SplitMix64), so that a failure can be repeated.

use chancela_core::effect::Effect;
use chancela_core::grant::GrantType;
use chancela_core::id::{AccessTokenKey, CertificateSerial, ClientKey, CodeId, GrantId, SessionId, TokenId};
use chancela_core::jose::JwsAlgorithm;
use chancela_core::record::{
    AccessToken, ApplicationType, Authentication, AuthorizationCode, CertificateStatus, CertificateSubject,
    Client, ClientCertificate, ClientSecret, Consent, Crl, Grant, GrantDetails, IssuedCertificate,
    KeyPurpose, KeyRecord, Passkey, REPLAY_MEMORY, RefreshTokenPolicy, Registration, Revocation, Revoked,
    ScopeRecord, Session, Spent, SubjectType, Totp, User,
};
use chancela_core::scope::Scope;
use chancela_core::secret::SecretDigest;
use serde_json::Map;

/// The suite's idea of now, in seconds since the epoch.
pub const NOW: i64 = 1_800_000_000;

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Of `0..bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.word() % bound
    }

    pub fn tag(&mut self) -> [u8; 16] {
        let mut tag = [0; 16];
        tag[..8].copy_from_slice(&self.word().to_le_bytes());
        tag[8..].copy_from_slice(&self.word().to_le_bytes());
        tag
    }
}

/// A tag that is `n`.
pub fn tag(n: u64) -> [u8; 16] {
    Random(n).tag()
}

/// A token issued at `issued_at` that lives `lifetime` seconds.
pub fn token(n: u64, issued_at: i64, lifetime: i64) -> AccessToken {
    let expires_at = issued_at + lifetime;
    AccessToken {
        key: AccessTokenKey { tick: expires_at * 64, tag: tag(n) },
        client: ClientKey(n),
        issued_at,
        expires_at,
        scope: "GI_006 payments:write".into(),
        subject: None,
        certificate: None,
        grant: None,
    }
}

/// A token with every optional field.
pub fn full_token(n: u64, issued_at: i64, lifetime: i64) -> AccessToken {
    AccessToken {
        subject: Some("maria".into()),
        certificate: Some([7; 32]),
        grant: Some(grant_id(n)),
        ..token(n, issued_at, lifetime)
    }
}

pub fn insert(token: &AccessToken) -> Effect {
    Effect::InsertAccessToken(token.clone())
}

/// Of a grant that expires a day after [`NOW`].
pub fn grant_id(n: u64) -> GrantId {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&n.to_be_bytes());
    GrantId::new(NOW + 86_400, random)
}

pub fn grant(n: u64) -> Grant {
    Grant {
        id: grant_id(n),
        client: ClientKey(5),
        subject: "maria".into(),
        scope: "openid offline".into(),
        generation: 0,
        issued_at: NOW,
        rotated_at: NOW,
        refresh_expires_at: NOW + 3600,
        expires_at: NOW + 86_400,
        revoked: false,
        details: GrantDetails {
            tenant: Some("acme".into()),
            authentication: Some(authentication()),
            ..GrantDetails::default()
        },
    }
}

/// From `generation` to the next.
pub fn rotate(id: GrantId, generation: u32) -> Effect {
    let (rotated_at, refresh_expires_at) = (NOW + 60, NOW + 7200);
    Effect::RotateGrant { id, expected_generation: generation, rotated_at, refresh_expires_at }
}

/// Of one token.
pub fn revoked(n: u64, expires_at: i64) -> Revocation {
    Revocation { what: Revoked::Token(TokenId(tag(n))), expires_at }
}

pub fn revoke(n: u64, expires_at: i64) -> Effect {
    Effect::Revoke(revoked(n, expires_at))
}

pub fn authentication() -> Authentication {
    Authentication {
        auth_time: NOW - 30,
        acr: "urn:chancela:acr:2fa".into(),
        amr: vec!["pwd".into(), "otp".into()],
        sid: Some("s-1".into()),
    }
}

/// A client of realm `bank` named `client_id`, version 1.
pub fn client(key: u64, client_id: &str) -> Client {
    Client {
        key: ClientKey(key),
        realm: "bank".into(),
        client_id: client_id.into(),
        client_name: Some("Padaria São João".into()),
        secrets: vec![ClientSecret {
            digest: SecretDigest::from_bytes([9; 32]),
            created_at: NOW,
            expires_at: Some(NOW + 9),
        }],
        token_endpoint_auth_method: None,
        grant_types: vec![GrantType::ClientCredentials, GrantType::RefreshToken],
        scope: Scope::parse("pix:read pix:write").unwrap(),
        redirect_uris: vec!["https://partner.example/cb".into()],
        application_type: ApplicationType::Native,
        require_pkce: Some(true),
        require_consent: false,
        authorization_code_lifetime: Some(60),
        refresh_token_policy: Some(RefreshTokenPolicy::Rotate),
        subject_type: SubjectType::Pairwise,
        sector_identifier: Some("partner.example".into()),
        id_token_signed_response_alg: Some(JwsAlgorithm::Es256),
        userinfo_signed_response_alg: None,
        default_max_age: Some(900),
        require_auth_time: true,
        post_logout_redirect_uris: vec!["https://partner.example/bye".into()],
        backchannel_logout_uri: Some("https://partner.example/logout".into()),
        backchannel_logout_session_required: true,
        frontchannel_logout_uri: None,
        frontchannel_logout_session_required: false,
        token_endpoint: None,
        chained_to: Some("other".into()),
        tenant: Some("acme".into()),
        access_token_lifetime: Some(300),
        refresh_token_lifetime: None,
        tls_client_auth: Some(CertificateSubject::Dn("CN=partner,O=Padaria".into())),
        tls_client_auth_issuer: Some("0a".repeat(32).into()),
        tls_client_certificate_bound_access_tokens: true,
        organization: Some("padaria".into()),
        registration: Some(Registration {
            owner: ClientKey(1),
            access_token: SecretDigest::from_bytes([8; 32]),
        }),
        certificate: None,
        jwks: Some(serde_json::json!({"keys": [{"kty": "OKP", "n": null}]})),
        may_introspect_any: true,
        partner: false,
        enabled: true,
        tokens_not_before: 0,
        created_at: NOW,
        version: 1,
    }
}

/// Adds a client, or replaces the one of `expected_version`.
pub fn put(client: &Client, expected_version: Option<u64>) -> Effect {
    Effect::PutClient { client: client.clone(), expected_version }
}

/// A user of realm `bank`, version 1.
pub fn user(tenant: &str, username: &str) -> User {
    User {
        realm: "bank".into(),
        tenant: tenant.into(),
        username: username.into(),
        subject: format!("sub-{tenant}-{username}").into(),
        password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into()),
        claims: Map::from_iter([("name".to_owned(), "Maria São João".into())]),
        totp: Some(Totp { sealed: "c2VhbGVk".into(), last_step: 7, created_at: NOW }),
        passkeys: vec![Passkey {
            id: "aWQ".into(),
            name: "telefone".into(),
            public_key: "a2V5".into(),
            sign_count: u32::MAX,
            created_at: NOW,
            last_used_at: None,
        }],
        recovery_codes: vec![SecretDigest::from_bytes([9; 32])],
        enabled: true,
        tokens_not_before: 0,
        created_at: NOW,
        version: 1,
    }
}

/// Adds a user, or replaces the one of `expected_version`.
pub fn put_user(user: &User, expected_version: Option<u64>) -> Effect {
    Effect::PutUser { user: user.clone(), expected_version }
}

/// Of a code whose record may be dropped [`REPLAY_MEMORY`] after the code dies.
pub fn code_id(n: u64) -> CodeId {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&n.to_be_bytes());
    CodeId::new(NOW + 60 + REPLAY_MEMORY, random)
}

/// A code that lives a minute from [`NOW`].
pub fn code(n: u64) -> AuthorizationCode {
    AuthorizationCode {
        id: code_id(n),
        client: ClientKey(5),
        redirect_uri: "https://partner.example/cb?a=1&b=\u{e7}".into(),
        redirect_uri_given: true,
        code_challenge: Some([0xa5; 32]),
        nonce: Some("n-0S6_WzA2Mj".into()),
        subject: "maria".into(),
        scope: "openid offline".into(),
        details: grant(n).details,
        issued_at: NOW,
        expires_at: NOW + 60,
        spent: None,
    }
}

pub fn session_id(n: u64) -> SessionId {
    SessionId(tag(n))
}

/// A session of realm `bank`, version 1, begun `n` seconds after [`NOW`]; it ends an hour later.
pub fn session(n: u64, subject: &str) -> Session {
    let created_at = NOW + n.cast_signed();
    Session {
        id: session_id(n),
        realm: "bank".into(),
        subject: subject.into(),
        authentication: authentication(),
        device: "Firefox · Linux".into(),
        created_at,
        last_seen_at: created_at,
        expires_at: created_at + 3600,
        clients: vec![ClientKey(5), ClientKey(6)],
        version: 1,
    }
}

/// Adds a session, or replaces the one of `expected_version`.
pub fn put_session(session: &Session, expected_version: Option<u64>) -> Effect {
    Effect::PutSession { session: session.clone(), expected_version }
}

/// Spends the code of number `n`.
pub fn spend(n: u64, spent: Spent) -> Effect {
    Effect::SpendAuthorizationCode { id: code_id(n), spent }
}

/// A consent of realm `bank`.
pub fn consent(subject: &str, client: u64, scope: &str) -> Consent {
    Consent {
        realm: "bank".into(),
        subject: subject.into(),
        client: ClientKey(client),
        scope: scope.into(),
        granted_at: NOW,
    }
}

pub fn put_consent(subject: &str, client: u64, scope: &str) -> Effect {
    Effect::PutConsent(consent(subject, client, scope))
}

pub fn scope(name: &str, description: &str) -> ScopeRecord {
    ScopeRecord { realm: "bank".into(), name: name.into(), description: description.into() }
}

pub fn key(kid: &str) -> KeyRecord {
    KeyRecord {
        realm: "bank".into(),
        kid: kid.into(),
        purpose: KeyPurpose::AccessTokenSigning,
        algorithm: "ES256".into(),
        sealed: vec![0, 1, 254, 255],
        chain: Vec::new(),
        created_at: NOW,
        not_before: NOW + 1,
        not_after: NOW + 2,
        expires_at: NOW + 3,
    }
}

/// A certificate of realm `bank` that was issued, version 1; its serial number rises with `n`.
pub fn certificate(n: u64) -> ClientCertificate {
    let mut serial = [0x40; 16];
    serial[8..].copy_from_slice(&n.to_be_bytes());
    ClientCertificate {
        realm: "bank".into(),
        serial: CertificateSerial(serial),
        client: ClientKey(5),
        client_id: "padaria são joão".into(),
        status: CertificateStatus::Issued(issued(n)),
        created_at: NOW,
        expires_at: NOW + 86_400,
        renews: None,
        warned_days: Some(30),
        version: 1,
    }
}

/// What was signed; the bytes are no certificate.
pub fn issued(n: u64) -> IssuedCertificate {
    IssuedCertificate {
        der: n.to_be_bytes().to_vec(),
        sha256: [0x51; 32],
        key_identity: [0x52; 32],
        issuer: "k".into(),
        subject: "CN=Padaria São João,C=BR".into(),
        not_before: NOW,
        not_after: NOW + 3600,
    }
}

/// Adds a certificate, or replaces the one of `expected_version`.
pub fn put_certificate(certificate: &ClientCertificate, expected_version: Option<u64>) -> Effect {
    Effect::PutCertificate { certificate: certificate.clone(), expected_version }
}

/// A revocation list of realm `bank`; the bytes are none.
pub fn crl(issuer: &str, number: u64) -> Crl {
    Crl {
        realm: "bank".into(),
        issuer: issuer.into(),
        number,
        der: number.to_le_bytes().to_vec(),
        this_update: NOW,
        next_update: NOW + 3600,
    }
}
