//! The end of a session: the provider hears of it (RFC 7009), and nothing of it is kept here.

use super::error::LoginError;
use super::token_request;
use crate::agent::Agent;
use crate::engine::Record;
use crate::provider::Provider;
use chancela_core::secret::Secret;

/// What a logout ended.
#[derive(Debug)]
pub struct LoggedOut {
    /// Whether anything was kept.
    pub was_logged_in: bool,
    /// What became of it at the provider.
    pub revocation: Revocation,
}

/// What became of a session at the provider.
#[derive(Debug)]
pub enum Revocation {
    /// There was nothing to revoke.
    Nothing,
    /// The provider says that it is over.
    Done,
    /// It may go on there, until it ends by itself; why.
    Failed(LoginError),
}

/// Ends the session that a login with this scope and resource began, waiting for a renewal that is under way. The access
/// token ends with it where the provider has it so, and else by itself.
///
/// # Errors
/// [`LoginError`]: what was kept is kept still.
pub async fn logout(
    agent: &Agent,
    name: &str,
    scope: Option<&str>,
    resource: Option<&str>,
) -> Result<LoggedOut, LoginError> {
    let provider = agent.provider(name)?;
    if !provider.needs_login() {
        return Err(LoginError::NoLogin { provider: name.to_owned() });
    }
    let key = provider.key(token_request(scope, resource)).await?;
    // The lock is kept until the record is gone: a renewal in between would save a session that nobody wants.
    let held = provider.tokens().hold(key).await?;
    let record = held.record().clone();
    let revocation = revoke(&provider, &record).await;
    let was_logged_in = record.session.is_some() || record.token.is_some();
    held.replace(Record::of_logout(record.generation)).await?;
    Ok(LoggedOut { was_logged_in, revocation })
}

/// The refresh token's end is that of its session (RFC 7009 §2.1); without one, the access token's own.
async fn revoke(provider: &Provider, record: &Record) -> Revocation {
    let refresh = record.session.as_ref().map(|session| &session.refresh_token);
    let access = || record.token.as_ref().map(|token| &token.access_token);
    let token: Option<&Secret> = refresh.or_else(access);
    match token {
        None => Revocation::Nothing,
        Some(token) => match provider.revoke(token).await {
            Ok(()) => Revocation::Done,
            Err(error) => Revocation::Failed(error),
        },
    }
}
