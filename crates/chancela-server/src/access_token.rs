//! What an access token of a realm is, whatever its format: for introspection, revocation, the realm's own resources and
//! operators. The one place that believes access tokens.

use crate::realm::Realm;
use crate::revoked::Presented;
use crate::server::{Server, store_rejection};
use chancela_core::dialect::TokenFormat;
use chancela_core::jose::MAX_TOKEN_BYTES;
use chancela_core::rejection::Rejection;
use chancela_core::secret::sha256;
use chancela_core::time::Timestamp;
use chancela_core::token::jwt::{self, VerifiedJwt};
use chancela_core::token::sealed::SealedToken;
use chancela_core::token::{ActiveToken, TokenPlace, reference};
use chancela_store::Store;
use std::sync::Arc;

/// The token that `text` is, if it is good now: made here, alive, its client enabled, and not revoked by itself, with its
/// grant, with its user or with the certificate that it is bound to.
pub(crate) async fn active<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    text: &str,
    now: Timestamp,
) -> Result<Option<ActiveToken>, Rejection> {
    let token = match self_contained(realm, text, now) {
        Some(token) => Some(token),
        None => of_row(server, realm, text, now).await?,
    };
    Ok(token.filter(|token| !is_revoked(server, token)))
}

fn is_revoked<S>(server: &Server<S>, token: &ActiveToken) -> bool {
    let id = match token.place {
        TokenPlace::SelfContained(id) => Some(id),
        TokenPlace::Row(_) => None,
    };
    server.revoked.covers(&Presented {
        token: id,
        grant: token.grant,
        subject: token.subject.as_deref(),
        client: token.client.key,
        issued_at: token.issued_at,
        certificate: token.certificate,
    })
}

fn self_contained(realm: &Realm, text: &str, now: Timestamp) -> Option<ActiveToken> {
    if let Some(jwt) = verify_jwt(realm, text, now) {
        let client = realm.directory.client(&jwt.client_id)?;
        return ActiveToken::of_jwt(&jwt, client, &realm.pepper, now);
    }
    if !realm.has_format(TokenFormat::Sealed) {
        return None;
    }
    let sealed = SealedToken::open(text, &realm.issuer, &realm.pepper, now)?;
    let client = realm.directory.client_of(sealed.1.client)?;
    ActiveToken::of_sealed(sealed, client, &realm.audience, now)
}

async fn of_row<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    text: &str,
    now: Timestamp,
) -> Result<Option<ActiveToken>, Rejection> {
    for format in [TokenFormat::Uuid, TokenFormat::Hex, TokenFormat::Opaque] {
        if !realm.has_format(format) {
            continue;
        }
        let Some(key) = reference::locate(format, &realm.pepper, now, text) else { continue };
        if let Some(row) = server.store.access_token(key).await.map_err(store_rejection)? {
            let client = realm.directory.client_of(row.client);
            return Ok(client.and_then(|client| ActiveToken::of_row(row, client, now)));
        }
    }
    Ok(None)
}

/// The signature check, cached by the token's digest.
fn verify_jwt(realm: &Realm, text: &str, now: Timestamp) -> Option<Arc<VerifiedJwt>> {
    if !text.starts_with("eyJ") || text.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let digest = sha256(text.as_bytes());
    let keys = realm.keys.load();
    if let Some(found) = keys.verified.get(&digest) {
        return Some(found).filter(|jwt| now.seconds() < jwt.expires_at);
    }
    let forms = realm.endpoints.iter().filter(|endpoint| endpoint.dialect.token.format == TokenFormat::Jwt);
    let verified = forms
        .filter_map(|endpoint| {
            jwt::verify(text, &endpoint.dialect.token.jwt, &keys.verifying, &realm.issuer, now)
        })
        .next()?;
    let verified = Arc::new(verified);
    keys.verified.put(digest, Arc::clone(&verified));
    Some(verified)
}
