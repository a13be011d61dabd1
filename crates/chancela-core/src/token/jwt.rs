//! JWT access tokens (RFC 9068, or a dialect's form): issuing, and verifying our own.
//!
//! A token is known by the SHA-256 of what is signed, not by its `jti` (some dialects have none) nor by the whole text
//! (an ECDSA signature can be altered and stay good): that is what a revocation remembers.

use super::issue::{IssueError, Issuer};
use crate::dialect::json::Writer;
use crate::dialect::{Claim, ClaimValue, JsonLayout, Jwt, Thumbprint};
use crate::entropy::{Entropy, EntropyError};
use crate::grant::Approval;
use crate::id::{GrantId, TokenId};
use crate::jose::{JwtKind, SignedJwt, VerifyingKey, read_signed};
use crate::openid::subject;
use crate::record::Client;
use crate::secret::hex;
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Makes a signed token.
pub(super) fn issue(
    issuer: &Issuer<'_>,
    client: &Client,
    approval: &Approval,
    expires_at: i64,
) -> Result<String, IssueError> {
    let signer = issuer.signer.ok_or(IssueError::NoKey)?;
    let token_id = TokenIdText::new(approval.grant, issuer.entropy)?;
    let mut writer = Writer::over(Vec::with_capacity(512), JsonLayout::COMPACT);
    writer.begin_object();
    for claim in &issuer.endpoint.token.jwt.claims {
        write_claim(&mut writer, claim, issuer, client, approval, (expires_at, &token_id));
    }
    writer.end_object();
    Ok(signer.sign(&writer.into_bytes())?)
}

/// `jti`: random, and behind the grant's id where there is a grant, so that a token without a row can be revoked with
/// its grant.
struct TokenIdText(String);

/// Random bytes of a `jti` without a grant, and behind one (80 more stand in the grant's id).
const RANDOM: usize = 16;
const RANDOM_OF_GRANT: usize = 8;
const GRANT: usize = 16;

impl TokenIdText {
    fn new(grant: Option<GrantId>, entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = [0; GRANT + RANDOM_OF_GRANT];
        let Some(GrantId(id)) = grant else {
            entropy.fill(&mut bytes[..RANDOM])?;
            return Ok(Self(BASE64URL.encode(&bytes[..RANDOM])));
        };
        bytes[..GRANT].copy_from_slice(&id);
        entropy.fill(&mut bytes[GRANT..])?;
        Ok(Self(BASE64URL.encode(bytes)))
    }

    /// The grant in a `jti`; `None` if the text is none of ours.
    fn grant(text: &str) -> Option<Option<GrantId>> {
        let bytes = BASE64URL.decode(text).ok()?;
        match bytes.len() {
            RANDOM => Some(None),
            length if length == GRANT + RANDOM_OF_GRANT => {
                Some(Some(GrantId(bytes.get(..GRANT)?.try_into().ok()?)))
            }
            _ => None,
        }
    }
}

fn write_claim(
    writer: &mut Writer<'_>,
    claim: &Claim,
    issuer: &Issuer<'_>,
    client: &Client,
    approval: &Approval,
    (expires_at, token_id): (i64, &TokenIdText),
) {
    let Some(value) = claim.value else {
        writer.key(&claim.name);
        writer.string(claim.literal.as_deref().unwrap_or_default());
        return;
    };
    let absent = match value {
        ClaimValue::Scope | ClaimValue::ScopeArray | ClaimValue::ScopeArrayUpper => approval.scope.is_empty(),
        ClaimValue::Confirmation => approval.certificate.is_none(),
        ClaimValue::Tenant => approval.tenant.is_none(),
        _ => false,
    };
    if absent {
        return;
    }
    writer.key(&claim.name);
    match value {
        ClaimValue::Issuer => writer.string(issuer.issuer),
        ClaimValue::Subject => match &approval.subject {
            Some(user) => writer.string(&subject::for_client(client, user, issuer.pepper)),
            None => writer.string(&client.client_id),
        },
        ClaimValue::Audience => writer.string(approval.audience.as_deref().unwrap_or(issuer.audience)),
        ClaimValue::ClientId => writer.string(&client.client_id),
        ClaimValue::ExpiresAt => writer.number(expires_at),
        ClaimValue::IssuedAt => writer.number(issuer.issued_at(client, approval)),
        ClaimValue::NotBefore => writer.number(issuer.now.seconds()),
        ClaimValue::TokenId => writer.string(&token_id.0),
        ClaimValue::Scope => writer.string(approval.scope.as_str()),
        ClaimValue::ScopeArray => writer.strings(approval.scope.iter()),
        ClaimValue::ScopeArrayUpper => writer.strings(approval.scope.as_str().to_uppercase().split(' ')),
        ClaimValue::Confirmation => {
            writer.begin_object();
            writer.key("x5t#S256");
            writer.string(&thumbprint(
                issuer.endpoint.token.jwt.thumbprint,
                &approval.certificate.map(|own| own.sha256).unwrap_or_default(),
            ));
            writer.end_object();
        }
        ClaimValue::Tenant => writer.string(approval.tenant.as_deref().unwrap_or_default()),
    }
}

fn thumbprint(form: Thumbprint, digest: &[u8; 32]) -> String {
    match form {
        Thumbprint::Raw => BASE64URL.encode(digest),
        Thumbprint::DangerHex => BASE64URL.encode(hex(digest)),
    }
}

/// What a verified token of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedJwt {
    /// By which it can be revoked.
    pub id: TokenId,
    /// `client_id` of who asked for it.
    pub client_id: Box<str>,
    /// The resource owner as the client knows them, where it is not the client.
    pub subject: Option<Box<str>>,
    /// Tenant, where the token names one.
    pub tenant: Option<Box<str>>,
    /// The grant that it belongs to.
    pub grant: Option<GrantId>,
    /// `jti`, where the form has one.
    pub token_id: Option<Box<str>>,
    /// Audience.
    pub audience: Option<Box<str>>,
    /// Scope as in the token, separated by spaces.
    pub scope: Arc<str>,
    /// `iat`.
    pub issued_at: i64,
    /// `exp`.
    pub expires_at: i64,
    /// SHA-256 of the certificate that it is bound to.
    pub certificate: Option<[u8; 32]>,
}

/// Verifies that `token` was signed by one of `keys` in the form `jwt`, has not expired, and is for `issuer`.
pub fn verify(
    token: &str,
    jwt: &Jwt,
    keys: &[VerifyingKey],
    issuer: &str,
    now: Timestamp,
) -> Option<VerifiedJwt> {
    let kind = JwtKind { typ: Some(&jwt.typ), kid: jwt.kid };
    let SignedJwt { signed, payload } = read_signed(token, kind, keys)?;
    let claims = Claims { payload: &payload, claims: &jwt.claims };
    if claims.is_of_another_kind() {
        return None;
    }
    if claims.has(ClaimValue::Issuer) && claims.text(ClaimValue::Issuer) != Some(issuer) {
        return None;
    }
    let expires_at = claims.number(ClaimValue::ExpiresAt)?;
    if now.seconds() >= expires_at {
        return None;
    }
    let client = if claims.has(ClaimValue::ClientId) { ClaimValue::ClientId } else { ClaimValue::Subject };
    let client_id = claims.text(client)?;
    let token_id = claims.text(ClaimValue::TokenId);
    let grant = if claims.has(ClaimValue::TokenId) { TokenIdText::grant(token_id?)? } else { None };
    Some(VerifiedJwt {
        id: TokenId::of(signed.as_bytes()),
        grant,
        token_id: token_id.map(Into::into),
        tenant: claims.text(ClaimValue::Tenant).map(Into::into),
        subject: claims.text(ClaimValue::Subject).filter(|subject| *subject != client_id).map(Into::into),
        audience: claims.text(ClaimValue::Audience).map(Into::into),
        scope: claims.scope(),
        issued_at: claims.number(ClaimValue::IssuedAt)?,
        expires_at,
        certificate: claims.certificate(jwt.thumbprint),
        client_id: client_id.into(),
    })
}

/// Finds values in a payload by what they mean in the dialect's form.
struct Claims<'a> {
    payload: &'a Map<String, Value>,
    claims: &'a [Claim],
}

impl<'a> Claims<'a> {
    fn get(&self, value: ClaimValue) -> Option<&'a Value> {
        let claim = self.claims.iter().find(|claim| claim.value == Some(value))?;
        self.payload.get(&claim.name)
    }

    /// Whether tokens of this form say it.
    fn has(&self, value: ClaimValue) -> bool {
        self.claims.iter().any(|claim| claim.value == Some(value))
    }

    /// Whether it is an ID token or a logout token, where a dialect's form has their `typ`: an access token says
    /// nothing of a login (requirement F-10).
    fn is_of_another_kind(&self) -> bool {
        let own = |name: &str| self.claims.iter().any(|claim| claim.name == name);
        ["auth_time", "events", "nonce"].iter().any(|name| self.payload.contains_key(*name) && !own(name))
    }

    fn text(&self, value: ClaimValue) -> Option<&'a str> {
        self.get(value)?.as_str()
    }

    fn number(&self, value: ClaimValue) -> Option<i64> {
        self.get(value)?.as_i64()
    }

    fn scope(&self) -> Arc<str> {
        if let Some(text) = self.text(ClaimValue::Scope) {
            return Arc::from(text);
        }
        let list = self.get(ClaimValue::ScopeArray).or_else(|| self.get(ClaimValue::ScopeArrayUpper));
        let texts = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        Arc::from(texts.collect::<Vec<_>>().join(" "))
    }

    fn certificate(&self, form: Thumbprint) -> Option<[u8; 32]> {
        let text = self.get(ClaimValue::Confirmation)?.get("x5t#S256")?.as_str()?;
        let bytes = BASE64URL.decode(text).ok()?;
        match form {
            Thumbprint::Raw => bytes.try_into().ok(),
            Thumbprint::DangerHex => crate::secret::from_hex(std::str::from_utf8(&bytes).ok()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Library, TokenEndpoint};
    use crate::entropy::Seeded;
    use crate::jose::tests::key;
    use crate::jose::{JwsAlgorithm, Signer};
    use crate::openid::{id_token, tests::client};
    use crate::pepper::Pepper;
    use crate::record::SubjectType;
    use crate::scope::Scope;
    use std::sync::Arc;

    const ISSUER: &str = "https://id.example";
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    struct Scene {
        endpoint: TokenEndpoint,
        signer: Signer,
        keys: [VerifyingKey; 1],
        pepper: Pepper,
    }

    impl Scene {
        fn new(change: impl FnOnce(&mut Jwt)) -> Self {
            let mut endpoint = Library::builtin().load("standard").unwrap().token_endpoints[0].clone();
            change(&mut endpoint.token.jwt);
            let form = &endpoint.token.jwt;
            let key = Arc::new(key(JwsAlgorithm::Es256));
            let keys = [key.verifying_key()];
            let signer = Signer::new(key, JwtKind { typ: Some(&form.typ), kid: form.kid });
            Self { endpoint, signer, keys, pepper: Pepper::from_root(&[1; 32]) }
        }

        fn issue(&self, client: &Client, grant: Option<GrantId>, subject: Option<&str>) -> String {
            let issuer = Issuer {
                issuer: ISSUER,
                audience: ISSUER,
                endpoint: &self.endpoint,
                signer: Some(&self.signer),
                pepper: &self.pepper,
                now: NOW,
                entropy: &Seeded::new(1),
            };
            let approval = Approval {
                scope: Scope::parse("openid").unwrap(),
                subject: subject.map(Into::into),
                tenant: None,
                certificate: None,
                grant,
                audience: None,
                not_before: 0,
            };
            issue(&issuer, client, &approval, NOW.seconds() + 300).unwrap()
        }

        fn verify(&self, token: &str) -> Option<VerifiedJwt> {
            verify(token, &self.endpoint.token.jwt, &self.keys, ISSUER, NOW)
        }
    }

    /// N-03, N-04.
    #[test]
    fn a_token_of_a_grant_carries_its_grant_in_its_id() {
        let scene = Scene::new(|_| ());
        let grant = GrantId::new(1_800_001_000, [7; 10]);
        for grant in [Some(grant), None] {
            let verified = scene.verify(&scene.issue(&client(), grant, Some("user-1"))).unwrap();
            assert_eq!((verified.grant, verified.subject.as_deref()), (grant, Some("user-1")));
            let length = BASE64URL.decode(verified.token_id.as_deref().unwrap()).unwrap().len();
            assert_eq!(length, if grant.is_some() { 24 } else { 16 });
        }
    }

    #[test]
    fn an_id_that_was_not_made_here_is_no_tokens() {
        let scene = Scene::new(|_| ());
        let sign = |jti: Value| {
            let payload = serde_json::json!({
                "iss": ISSUER, "sub": "app", "aud": ISSUER, "client_id": "app", "iat": 1, "exp": 1_800_000_300, "jti": jti,
            });
            scene.signer.sign(payload.to_string().as_bytes()).unwrap()
        };
        assert!(scene.verify(&sign(BASE64URL.encode([1; 24]).into())).is_some());
        for wrong in [
            Value::Null,
            "".into(),
            "x".into(),
            1.into(),
            BASE64URL.encode([1; 15]).into(),
            BASE64URL.encode([1; 23]).into(),
            BASE64URL.encode([1; 25]).into(),
            format!("{}=", BASE64URL.encode([1; 16])).into(),
        ] {
            assert_eq!(scene.verify(&sign(wrong.clone())), None, "{wrong}");
        }
    }

    #[test]
    fn a_pairwise_client_gets_its_own_name_of_the_user() {
        let scene = Scene::new(|_| ());
        let client = Client { subject_type: SubjectType::Pairwise, ..client() };
        let user = "user-000102030405060708090a0b0c0d0e0f";
        let sub = scene.verify(&scene.issue(&client, None, Some(user))).unwrap().subject.unwrap();
        assert_ne!(&*sub, user);
        assert_eq!(subject::user_of(&client, &sub, &scene.pepper).as_deref(), Some(user));
        let own = scene.verify(&scene.issue(&client, None, None)).unwrap();
        assert_eq!((own.subject, &*own.client_id), (None, "app"), "a client's own name is never hidden");
    }

    /// F-10: also where a dialect gives its access tokens the `typ` of others, and no claim of their own.
    #[test]
    fn an_id_token_is_no_access_token_whatever_the_dialects_form() {
        for slim in [true, false] {
            let scene = Scene::new(|form| {
                form.typ = "JWT".into();
                if slim {
                    let names = ["sub", "exp", "iat"];
                    form.claims.retain(|claim| names.contains(&claim.name.as_str()));
                }
            });
            assert!(scene.verify(&scene.issue(&client(), None, None)).is_some());
            let key = Arc::new(key(JwsAlgorithm::Es256));
            let token = id_token::tests::issued(&client(), &key);
            let keys = [key.verifying_key()];
            assert_eq!(verify(&token, &scene.endpoint.token.jwt, &keys, ISSUER, NOW), None);
        }
    }
}
