//! Administration: one closed list of commands, carried out in the process that owns the store. The command line either
//! opens the store itself (no server runs) or hands the command to the running server over a Unix socket in the data
//! folder, which only the server's user can open. Both ways end here.

mod certificate;
mod client;
mod client_metadata;
mod credentials;
mod key;
mod login_metadata;
mod scope;
pub mod socket;
mod tls_metadata;
mod token;
mod user;
mod user_import;
mod user_metadata;

pub use client_metadata::{NewClient, build as build_client};
pub use credentials::{client_id, client_secret, own_secret};
pub use user_import::ImportedUser;
pub use user_metadata::NewUser;

use crate::key_ring::KeyRingError;
use crate::password::PasswordError;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::record::RevocationReason;
use chancela_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// One thing to do in one realm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The realm's name.
    pub realm: String,
    /// What to do.
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Registers a client with a generated id and secret.
    ClientCreate(Box<NewClient>),
    /// Registers clients from RFC 7591 metadata (an object or an array of them), keeping a given id, secret and keys.
    ClientImport(Value),
    /// All clients.
    ClientList,
    /// One client.
    ClientShow {
        /// Its id.
        client_id: String,
    },
    /// Gives a client a new secret; the old one goes on working for a while.
    ClientRotateSecret {
        /// Its id.
        client_id: String,
        /// Seconds for which the old secret still works.
        overlap: u32,
    },
    /// Enables or disables a client.
    ClientSetEnabled {
        /// Its id.
        client_id: String,
        /// Whether it may get tokens.
        enabled: bool,
    },
    /// Removes a client; its tokens are dead.
    ClientDelete {
        /// Its id.
        client_id: String,
    },
    /// Certificates of the realm's authority, all or one client's.
    CertificateList {
        /// The client's id.
        client_id: Option<String>,
    },
    /// One certificate.
    CertificateShow {
        /// Its serial number in hexadecimal.
        serial: String,
    },
    /// Issues a certificate to a client.
    CertificateIssue {
        /// The client's id.
        client_id: String,
        /// The certificate request in PEM.
        csr: String,
        /// Lifetime in days; the longest if absent.
        days: Option<u16>,
    },
    /// Signs a request that waits.
    CertificateApprove {
        /// Its serial number in hexadecimal.
        serial: String,
    },
    /// Refuses a request that waits.
    CertificateRefuse {
        /// Its serial number in hexadecimal.
        serial: String,
    },
    /// Revokes a certificate, with every token that is bound to it.
    CertificateRevoke {
        /// Its serial number in hexadecimal.
        serial: String,
        /// Why.
        reason: RevocationReason,
    },
    /// The authority's own certificates, and where it publishes.
    AuthorityShow,
    /// The request for the authority's certificate, for a root outside.
    AuthorityRequest,
    /// Takes the chain that a root outside signed.
    AuthorityInstall {
        /// PEM, own certificate first.
        chain: String,
    },
    /// Adds a scope to the catalogue.
    ScopeCreate {
        /// The scope-token.
        name: String,
        /// Its meaning for people.
        description: String,
    },
    /// All scopes.
    ScopeList,
    /// Removes a scope that was added.
    ScopeDelete {
        /// The scope-token.
        name: String,
    },
    /// All keys, without their material.
    KeyList,
    /// Replaces the signing keys.
    KeyRotate {
        /// How urgent it is.
        urgency: KeyUrgency,
    },
    /// Adds a user.
    UserCreate(Box<NewUser>),
    /// Adds users, all or none.
    UserImport {
        /// The users.
        users: Vec<ImportedUser>,
        /// Whether users that exist are replaced.
        replace: bool,
    },
    /// A page of users, and after whom the next begins.
    UserList {
        /// Name and tenant of the last user of the page before.
        after: Option<(String, String)>,
    },
    /// One user.
    UserShow {
        /// The name.
        username: String,
        /// The tenant, where the name stands in several.
        tenant: Option<String>,
    },
    /// Enables a user; or disables one, which ends sessions and tokens.
    UserSetEnabled {
        /// The name.
        username: String,
        /// The tenant, where the name stands in several.
        tenant: Option<String>,
        /// Whether the user may log in.
        enabled: bool,
    },
    /// Gives a user a new password, which ends sessions and tokens.
    UserSetPassword {
        /// The name.
        username: String,
        /// The tenant, where the name stands in several.
        tenant: Option<String>,
        /// The new password.
        password: String,
    },
    /// Removes a user's second factors, which ends sessions and tokens.
    UserResetFactors {
        /// The name.
        username: String,
        /// The tenant, where the name stands in several.
        tenant: Option<String>,
    },
    /// Removes a user with everything.
    UserDelete {
        /// The name.
        username: String,
        /// The tenant, where the name stands in several.
        tenant: Option<String>,
    },
    /// Says what a token is.
    TokenInspect {
        /// The token.
        token: String,
    },
    /// Ends a token; a refresh token with its whole grant.
    TokenRevoke {
        /// The token.
        token: String,
    },
    /// Ends a grant with all its tokens.
    TokenRevokeGrant {
        /// Its id in hexadecimal.
        grant: String,
    },
    /// Ends all tokens of a client, of a user, or of a user at a client.
    TokenRevokeAll {
        /// The client's id.
        client_id: Option<String>,
        /// The user's name or subject.
        user: Option<String>,
        /// The user's tenant, where the name stands in several.
        tenant: Option<String>,
    },
}

/// How urgent a key rotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUrgency {
    /// Publish first, use a day later.
    Planned,
    /// Use at once; what the old key signed stays good.
    Now,
    /// Destroy the old keys; what they signed is dead.
    Compromised,
}

/// Why a command was not carried out. The text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ControlError {
    /// What was named does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The command makes no sense or is not allowed.
    #[error("{0}")]
    Invalid(String),
    /// Something of that name exists, or it changed meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// The server failed.
    #[error("{0}")]
    Failed(String),
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<KeyRingError> for ControlError {
    fn from(error: KeyRingError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<PasswordError> for ControlError {
    fn from(error: PasswordError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<chancela_core::entropy::EntropyError> for ControlError {
    fn from(error: chancela_core::entropy::EntropyError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Carries a command out and answers what to show. A generated secret stands in the answer and nowhere else.
///
/// # Errors
/// [`ControlError`].
pub async fn execute<S: Store>(server: &Server<S>, request: Request) -> Result<Value, ControlError> {
    let realm = server.realm(&request.realm).ok_or_else(|| {
        let known: Vec<&str> = server.realms.iter().map(|realm| realm.name.as_str()).collect();
        ControlError::NotFound(format!(
            "there is no realm {:?}; the realms are {}",
            request.realm,
            known.join(", ")
        ))
    })?;
    let realm: &Arc<Realm> = realm;
    match request.command {
        Command::ClientCreate(new) => client::create(server, realm, *new).await,
        Command::ClientImport(metadata) => client::import(server, realm, metadata).await,
        Command::ClientList => Ok(client::list(realm)),
        Command::ClientShow { client_id } => client::show(realm, &client_id),
        Command::ClientRotateSecret { client_id, overlap } => {
            client::rotate_secret(server, realm, &client_id, overlap).await
        }
        Command::ClientSetEnabled { client_id, enabled } => {
            client::set_enabled(server, realm, &client_id, enabled).await
        }
        Command::ClientDelete { client_id } => client::delete(server, realm, &client_id).await,
        Command::CertificateList { client_id } => certificate::list(server, realm, client_id.as_deref()),
        Command::CertificateShow { serial } => certificate::show(realm, &serial),
        Command::CertificateIssue { client_id, csr, days } => {
            certificate::issue(server, realm, &client_id, (&csr, days)).await
        }
        Command::CertificateApprove { serial } => certificate::approve(server, realm, &serial).await,
        Command::CertificateRefuse { serial } => certificate::refuse(server, realm, &serial).await,
        Command::CertificateRevoke { serial, reason } => {
            certificate::revoke(server, realm, &serial, reason).await
        }
        Command::AuthorityShow => certificate::authority(realm),
        Command::AuthorityRequest => certificate::authority_request(server, realm).await,
        Command::AuthorityInstall { chain } => certificate::authority_install(server, realm, &chain).await,
        Command::ScopeCreate { name, description } => scope::create(server, realm, &name, &description).await,
        Command::ScopeList => Ok(scope::list(realm)),
        Command::ScopeDelete { name } => scope::delete(server, realm, &name).await,
        Command::KeyList => key::list(server, realm).await,
        Command::KeyRotate { urgency } => key::rotate(server, realm, urgency).await,
        Command::UserCreate(new) => user::create(server, realm, *new).await,
        Command::UserImport { users, replace } => user_import::import(server, realm, users, replace).await,
        Command::UserList { after } => user::list(server, realm, after).await,
        Command::UserShow { username, tenant } => {
            user::show(server, realm, (&username, tenant.as_deref())).await
        }
        Command::UserSetEnabled { username, tenant, enabled } => {
            user::set_enabled(server, realm, (&username, tenant.as_deref()), enabled).await
        }
        Command::UserSetPassword { username, tenant, password } => {
            user::set_password(server, realm, (&username, tenant.as_deref()), password).await
        }
        Command::UserResetFactors { username, tenant } => {
            user::reset_factors(server, realm, (&username, tenant.as_deref())).await
        }
        Command::UserDelete { username, tenant } => {
            user::delete(server, realm, (&username, tenant.as_deref())).await
        }
        Command::TokenInspect { token } => token::inspect(server, realm, &token).await,
        Command::TokenRevoke { token } => token::revoke(server, realm, &token).await,
        Command::TokenRevokeGrant { grant } => token::revoke_grant(server, realm, &grant).await,
        Command::TokenRevokeAll { client_id, user, tenant } => {
            let user = user.as_deref().map(|name| (name, tenant.as_deref()));
            token::revoke_all(server, realm, client_id.as_deref(), user).await
        }
    }
}
