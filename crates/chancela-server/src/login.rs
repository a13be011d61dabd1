//! A name and a password: throttled, looked up, hashed, whoever asks (the login page, the dialects' password grant).
//! An unknown name costs what a known one costs (requirements O-04, EN-01).
//!
//! Does not own second factors, sessions or what a person is told.

use crate::realm::Realm;
use crate::server::{Server, store_rejection};
use crate::source::Source;
use crate::throttle::{Visitor, Wait};
use chancela_core::authentication::device::DeviceCookie;
use chancela_core::authentication::{factor, username};
use chancela_core::entropy::{Entropy, EntropyError};
use chancela_core::record::User;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::secret::Secret;
use chancela_core::time::Timestamp;
use chancela_store::{CommitOutcome, Store, StoreError};
use std::net::IpAddr;

/// Somebody who gives a name and a password.
#[derive(Debug)]
pub struct PasswordAttempt<'a> {
    /// The tenant, where the request names one.
    pub tenant: Option<&'a str>,
    /// The name as it was typed.
    pub username: &'a str,
    /// The password.
    pub password: Secret,
    /// Where from.
    pub source: IpAddr,
    /// The value of the browser's device cookie, believed only if it is good for this name.
    pub device: Option<&'a str>,
    /// Whether an application that authenticated hands the password on: its address is that of all its users.
    pub handed_on: bool,
}

/// What became of it.
#[derive(Debug)]
pub enum LoginOutcome {
    /// The user, who may log in. Whether a second factor is needed is `factor::decide`'s.
    Known(Box<User>),
    /// No: the rule is for logs, people hear one sentence for all of them.
    Wrong(Rule),
    /// The name stands in several tenants, and the request does not say which.
    AmbiguousTenant,
    /// Too many failures: seconds to wait.
    Wait(u32),
    /// Too many passwords are being checked.
    Busy,
}

/// Checks a name and a password.
///
/// # Errors
/// If the server fails; nothing is said of the password then, and nothing counted.
pub async fn password_login<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    attempt: PasswordAttempt<'_>,
    now: Timestamp,
) -> Result<LoginOutcome, Rejection> {
    let PasswordAttempt { tenant, username, password, source, device, handed_on } = attempt;
    let account = username::canonical(username);
    // What can be nobody's name is counted and hashed like a name.
    let name = account.as_deref().unwrap_or("");
    let visitor = Visitor { shared: handed_on, ..visitor(realm, name, source, device) };
    let tried = match server.throttle.password(&visitor, now) {
        Ok(tried) => tried,
        Err(Wait(seconds)) => return Ok(LoginOutcome::Wait(seconds)),
    };
    match check(server, realm, (tenant, username), password).await {
        Ok(Ok(Proof { user, rehash })) => {
            tried.succeeded();
            let user = match rehash {
                Some(hash) => renew(server, user, &hash).await,
                None => user,
            };
            Ok(LoginOutcome::Known(Box::new(user)))
        }
        Ok(Err(LoginOutcome::Busy)) => {
            tried.abandoned();
            Ok(LoginOutcome::Busy)
        }
        Ok(Err(refused)) => Ok(refused),
        Err(rejection) => {
            tried.abandoned();
            Err(rejection)
        }
    }
}

/// A user whose password was right.
struct Proof {
    user: User,
    rehash: Option<String>,
}

/// The inner `Err` is why not.
async fn check<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    (tenant, typed): (Option<&str>, &str),
    password: Secret,
) -> Result<Result<Proof, LoginOutcome>, Rejection> {
    let mut found = named(server, realm, tenant, typed).await.map_err(store_rejection)?;
    let ambiguous = found.len() > 1;
    let user = found.pop().filter(|_| !ambiguous);
    let mut salt = [0; 16];
    server.entropy.fill(&mut salt).map_err(|_| Rejection::from(Rule::StoreFailed))?;
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let Ok(checked) = server.passwords.check(stored, password, salt).await else {
        return Ok(Err(LoginOutcome::Busy));
    };
    Ok(match user {
        _ if ambiguous => Err(LoginOutcome::AmbiguousTenant),
        None => Err(LoginOutcome::Wrong(Rule::UnknownUser)),
        Some(_) if !checked.matches => Err(LoginOutcome::Wrong(Rule::WrongPassword)),
        Some(user) if !user.enabled => Err(LoginOutcome::Wrong(Rule::DisabledUser)),
        Some(user) => Ok(Proof { user, rehash: checked.rehash }),
    })
}

fn visitor<'a>(realm: &'a Realm, name: &'a str, source: IpAddr, device: Option<&str>) -> Visitor<'a> {
    let device = device.and_then(DeviceCookie::parse).and_then(|cookie| cookie.knows(&realm.pepper, name));
    Visitor { realm: &realm.name, account: name, source: Source::of(source), device, shared: false }
}

/// Users of the name that was typed: of its canonical form, or as it stands, for users who were added before names had
/// one.
pub(crate) async fn named<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    tenant: Option<&str>,
    typed: &str,
) -> Result<Vec<User>, StoreError> {
    let canonical = username::canonical(typed).unwrap_or_default();
    let mut found = Vec::new();
    for name in [&*canonical, typed] {
        if found.is_empty() {
            found = match tenant {
                Some(tenant) => server.store.user(&realm.name, tenant, name).await?.into_iter().collect(),
                None => server.store.users_named(&realm.name, name).await?,
            };
        }
    }
    Ok(found)
}

/// Keeps the better hash. A login does not fail over it: whoever changed the user meanwhile was right too.
async fn renew<S: Store>(server: &Server<S>, user: User, hash: &str) -> User {
    let better = factor::rehashed(&user, hash);
    match server.commit(vec![factor::put(&user, better.clone())]).await {
        Ok(CommitOutcome::Committed) => better,
        Ok(CommitOutcome::Conflict) => user,
        Err(rejection) => {
            tracing::warn!(realm = &*user.realm, rule = rejection.rule.name(), "a hash could not be renewed");
            user
        }
    }
}

/// Somebody who gives a second factor.
#[derive(Debug, Clone, Copy)]
pub struct FactorAttempt<'a> {
    /// Where from.
    pub source: IpAddr,
    /// The value of the browser's device cookie.
    pub device: Option<&'a str>,
    /// The login that the password began: bytes that are the same at every try of it and of no other.
    pub login: &'a [u8],
}

/// Lets a try at a second factor in (one-time password, recovery code, passkey); it counts whatever becomes of it.
///
/// # Errors
/// Seconds to wait; the login is over then, and begins again with the password (requirement O-06).
pub fn second_factor<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    user: &User,
    attempt: FactorAttempt<'_>,
    now: Timestamp,
) -> Result<(), u32> {
    let visitor = visitor(realm, &user.username, attempt.source, attempt.device);
    server.throttle.second_factor(&visitor, attempt.login, now).map_err(|Wait(seconds)| seconds)
}

/// The device cookie after a login of `user`, from the one that the browser had.
///
/// # Errors
/// [`EntropyError`] if there are no random numbers for a new one.
pub fn device_cookie(
    realm: &Realm,
    user: &User,
    before: Option<&str>,
    entropy: &dyn Entropy,
) -> Result<String, EntropyError> {
    let cookie = match before.and_then(DeviceCookie::parse) {
        Some(cookie) => cookie,
        None => {
            let mut id = [0; 16];
            entropy.fill(&mut id)?;
            DeviceCookie::new(id)
        }
    };
    Ok(cookie.with(&realm.pepper, &user.username).encode())
}
