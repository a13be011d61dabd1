//! DPoP (RFC 9449) as a client speaks it: proofs that whoever sends a request holds the key that its token is bound to, and
//! what servers say of proofs. Checking proofs is a server's half and not here yet; which key, clock and nonce a proof has
//! is the caller's.

use crate::dialect::JsonLayout;
use crate::dialect::json::Writer;
use crate::jose::{JwsError, Signer, SigningKey};
use crate::secret::{Secret, sha256};
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use std::sync::Arc;

/// The header of a proof.
pub const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The header in which a server gives its nonce (RFC 9449 §8.2).
pub const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// `token_type`, and the word before the token in `Authorization`.
pub const TOKEN_TYPE: &str = "DPoP";
/// The error of a server that wants its nonce in the proof.
pub const USE_NONCE: &str = "use_dpop_nonce";

/// Longest nonce in bytes that is kept.
const MAX_NONCE_BYTES: usize = 1024;

/// A key that makes proofs.
#[derive(Debug, Clone)]
pub struct ProofKey {
    signer: Signer,
    thumbprint: Box<str>,
}

/// What one proof is for. It is for one request: its id is spent with it.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    /// `htm`.
    pub method: &'a Method,
    /// The whole address of the request; `htu` is this without query and fragment.
    pub uri: &'a Uri,
    /// The access token that the request carries; its digest is `ath`.
    pub token: Option<&'a Secret>,
    /// The server's nonce, if it gave one.
    pub nonce: Option<&'a str>,
    /// `iat`, by the server's clock as far as it is known.
    pub issued_at: Timestamp,
    /// `jti`: random, new for each proof.
    pub id: &'a [u8; 16],
}

/// Why there is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The address is not whole.
    #[error(
        "a DPoP proof is for one address; give the request's whole address, as https://HOST/PATH, without a user name"
    )]
    Address,
    /// The primitive failed.
    #[error(transparent)]
    Signing(#[from] JwsError),
}

impl ProofKey {
    /// Proofs by this key.
    pub fn new(key: Arc<SigningKey>) -> Self {
        let (algorithm, jwk) = (key.algorithm().as_str(), key.jwk().required_members());
        let thumbprint = key.jwk().thumbprint().into();
        // Nothing in it needs an escape: names of algorithms, and base64url.
        let header = format!("{{\"typ\":\"dpop+jwt\",\"alg\":\"{algorithm}\",\"jwk\":{jwk}}}");
        Self { signer: Signer::with_header(key, header.as_bytes()), thumbprint }
    }

    /// `jkt`: the thumbprint of the key (RFC 7638), by which tokens are bound to it.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// A proof (RFC 9449 §4.2).
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn prove(&self, proof: &Proof<'_>) -> Result<String, ProofError> {
        let address = target_uri(proof.uri).ok_or(ProofError::Address)?;
        let mut writer = Writer::over(Vec::with_capacity(384), JsonLayout::COMPACT);
        writer.begin_object();
        let mut text = |name: &str, text: &str| {
            writer.key(name);
            writer.string(text);
        };
        text("jti", &BASE64URL.encode(proof.id));
        text("htm", proof.method.as_str());
        text("htu", &address);
        if let Some(token) = proof.token {
            text("ath", &BASE64URL.encode(sha256(token.expose().as_bytes())));
        }
        if let Some(nonce) = proof.nonce {
            text("nonce", nonce);
        }
        writer.key("iat");
        writer.number(proof.issued_at.seconds());
        writer.end_object();
        Ok(self.signer.sign(&writer.into_bytes())?)
    }
}

/// An address as `htu` has it (RFC 9449 §4.2): without query and fragment, and in the one spelling that RFC 3986 §6.2.2 and
/// §6.2.3 make of scheme, host and port. `None` if it is not whole, or has a user name.
pub fn target_uri(uri: &Uri) -> Option<String> {
    let (scheme, authority) = (uri.scheme_str()?.to_ascii_lowercase(), uri.authority()?);
    let usual = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let port = authority.port_u16().filter(|port| *port != usual);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = if uri.path().is_empty() { "/" } else { uri.path() };
    Some([&scheme, "://", &host, &port, path].concat())
}

/// The nonce that an answer gives for the requests after it; `None` if it gives none, several, or one that is no nonce
/// (RFC 9449 §8.1).
pub fn nonce(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(&NONCE).iter();
    let (Some(nonce), None) = (all.next(), all.next()) else { return None };
    let is_allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let nonce = nonce.to_str().ok()?;
    let good = (1..=MAX_NONCE_BYTES).contains(&nonce.len()) && nonce.bytes().all(is_allowed);
    good.then_some(nonce)
}

/// Whether a resource server refuses a call because its proof has not the server's nonce (RFC 9449 §9).
pub fn demands_nonce(status: StatusCode, headers: &HeaderMap) -> bool {
    let says = |value: &http::HeaderValue| value.to_str().is_ok_and(|text| text.contains(USE_NONCE));
    status == StatusCode::UNAUTHORIZED && headers.get_all(WWW_AUTHENTICATE).iter().any(says)
}

#[cfg(test)]
mod tests;
