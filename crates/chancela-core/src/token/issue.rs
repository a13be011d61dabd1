//! The one function that makes access tokens.

use super::{jwt, reference, sealed};
use crate::dialect::{TokenEndpoint, TokenFormat};
use crate::effect::Effect;
use crate::entropy::{Entropy, EntropyError};
use crate::grant::Approval;
use crate::jose::{JwsError, Signer};
use crate::pepper::Pepper;
use crate::record::{AccessToken, Client};
use crate::time::Timestamp;

/// What a realm brings to issuing.
#[derive(Clone, Copy)]
pub struct Issuer<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`.
    pub audience: &'a str,
    /// The token endpoint whose format and claims are used.
    pub endpoint: &'a TokenEndpoint,
    /// The signing key in use; needed where the format is signed.
    pub signer: Option<&'a Signer>,
    /// The realm's digest keys.
    pub pepper: &'a Pepper,
    /// Now.
    pub now: Timestamp,
    /// Random numbers.
    pub entropy: &'a dyn Entropy,
}

impl Issuer<'_> {
    /// When a token of `client` that is made now was issued: never before the times that its client's and its
    /// user's tokens must not be older than, which lies in whole seconds and may end a moment from now.
    pub(super) fn issued_at(&self, client: &Client, approval: &Approval) -> i64 {
        self.now.seconds().max(client.tokens_not_before).max(approval.not_before)
    }
}

/// A new access token and what the store must hold before it may be sent.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub text: String,
    /// When it dies, seconds since the epoch.
    pub expires_at: i64,
    /// Its row; none where the token carries its meaning itself.
    pub effect: Option<Effect>,
}

/// Why no token could be made. None of it is the client's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// No random numbers.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The signature failed.
    #[error(transparent)]
    Signature(#[from] JwsError),
    /// The realm has no key for a signed format.
    #[error("the realm has no signing key in use")]
    NoKey,
}

/// Makes a token for `client` that lives `lifetime` seconds, or as long as the certificate that it is bound to
/// (requirement I-16).
///
/// # Errors
/// [`IssueError`].
pub fn issue(
    issuer: &Issuer<'_>,
    client: &Client,
    approval: &Approval,
    lifetime: u32,
) -> Result<Issued, IssueError> {
    let left = approval.certificate.map_or(i64::MAX, |own| own.not_after - issuer.now.seconds());
    let lifetime = u32::try_from(left.max(1)).map_or(lifetime, |left| lifetime.min(left));
    let expires_at = issuer.now.seconds() + i64::from(lifetime);
    let format = issuer.endpoint.token.format;
    let self_contained = match format {
        TokenFormat::Jwt => Some(jwt::issue(issuer, client, approval, expires_at)?),
        TokenFormat::Sealed => Some(sealed::issue(issuer, client, approval, expires_at)?),
        TokenFormat::Uuid | TokenFormat::Hex | TokenFormat::Opaque => None,
    };
    if let Some(text) = self_contained {
        return Ok(Issued { text, expires_at, effect: None });
    }
    let (text, key) = reference::issue(format, issuer.pepper, issuer.now, lifetime, issuer.entropy)?;
    let effect = Some(Effect::InsertAccessToken(AccessToken {
        key,
        client: client.key,
        issued_at: issuer.issued_at(client, approval),
        expires_at,
        scope: approval.scope.shared(),
        subject: approval.subject.clone(),
        certificate: approval.certificate.map(|own| own.sha256),
        grant: approval.grant,
    }));
    Ok(Issued { text, expires_at, effect })
}
