//! `client_secret_post`: id and secret as parameters of the body (RFC 6749 §2.3.1), under the dialect's names.

use super::Method;
use super::credentials::{Credentials, Text};
use crate::dialect::TrailingNewline;
use crate::rejection::{Rejection, Rule};
use std::borrow::Cow;

/// Takes the two parameters.
pub(super) fn parse<'a>(
    id: &Cow<'a, str>,
    secret: &Cow<'a, str>,
    newline: TrailingNewline,
) -> Result<Credentials<'a>, Rejection> {
    let trimmed = secret.trim_end_matches(['\r', '\n']);
    let secret = if trimmed.len() == secret.len() {
        secret.clone()
    } else {
        match newline {
            TrailingNewline::Trim => Cow::Owned(trimmed.to_owned()),
            TrailingNewline::Reject => return Err(Rule::SecretEndsInNewline.into()),
        }
    };
    Ok(Credentials {
        method: Method::ClientSecretPost,
        text: Text::Parameters(id.clone(), Some(secret)),
        certificate: None,
    })
}
