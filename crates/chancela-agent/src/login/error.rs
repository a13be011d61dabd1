//! Why a login or logout failed. Every sentence ends with what to do.

use crate::agent::AgentError;
use crate::provider::{ProviderError, UNBOUND, Unredeemed};
use crate::transport::TransportError;
use chancela_core::entropy::EntropyError;
use chancela_core::message::authorization_request::LoginError as BeginError;
use chancela_core::message::authorization_response::AuthorizationAnswerError;
use chancela_core::message::token_refusal::TokenRefusal;
use chancela_core::scope::ScopeError;
use std::io;

/// Why a login or logout failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "`provider` is its name in the configuration, everywhere")]
pub enum LoginError {
    /// The agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Nobody logs in there.
    #[error("{provider}: its tokens need no login; ask for one, or set grant = \"authorization_code\"")]
    NoLogin { provider: String },
    /// Nobody says where the answer goes.
    #[error(
        "{provider}: login.redirect is missing; give the redirect URI that the provider registered, as http://127.0.0.1:8976/callback"
    )]
    NoRedirect { provider: String },
    /// No browser.
    #[error("{provider}: its grant is device_code; log in with `chancela agent login --device {provider}`")]
    DeviceOnly { provider: String },
    /// No device authorization endpoint.
    #[error(
        "{provider}: its dialect has no device authorization endpoint; log in with a browser, or name the endpoint there with [device_authorization] path"
    )]
    NoDevice { provider: String },
    /// The codes cannot be asked for.
    #[error("{provider}: {error}; nothing was begun, so try again")]
    Unreached { provider: String, error: TransportError },
    /// The provider gives no codes.
    #[error("{provider}: no device login could be begun: {refusal}")]
    NoCodes { provider: String, refusal: Box<TokenRefusal> },
    /// Nobody entered the code.
    #[error("{provider}: nobody has entered the code in time; begin the login anew")]
    CodeExpired { provider: String },
    /// The person said no.
    #[error("{provider}: the login was refused at the other device; begin it anew if that was a mistake")]
    Denied { provider: String },
    /// The provider does not take the device's code.
    #[error("{provider}: {refusal}; begin the login anew")]
    DeviceRefused { provider: String, refusal: Box<TokenRefusal> },
    /// It would end with the program.
    #[error(
        "{provider}: the login would be forgotten when this program ends; give the configuration a [cache] with a key"
    )]
    NotKept { provider: String },
    /// The request.
    #[error("{provider}: {error}")]
    Begin { provider: String, error: BeginError },
    /// The scope.
    #[error("{provider}: {error}; correct `scope`")]
    Scope { provider: String, error: ScopeError },
    /// The redirect URI's port.
    #[error(
        "{address} cannot be listened on ({error}); end the program that does, or register another port and set login.redirect to it (port 0 takes any free one)"
    )]
    Listen { address: String, error: io::Error },
    /// No answer comes here by itself.
    #[error(
        "the provider's answer does not come here by itself; paste the address that the browser shows at the end"
    )]
    PasteOnly,
    /// Nobody logged in.
    #[error("nobody has logged in in time; begin the login anew")]
    TimedOut,
    /// Something else was pasted.
    #[error(
        "that is not the answer; paste the whole address that the browser shows at the end: it begins with {redirect}"
    )]
    Pasted { redirect: String },
    /// The answer.
    #[error(transparent)]
    Answer(#[from] AuthorizationAnswerError),
    /// Whether the code arrived is not known.
    #[error("{provider}: {error}; a code is sent once, so begin the login anew")]
    Transport { provider: String, error: TransportError },
    /// The provider does not take the code.
    #[error("{provider}: {refusal}; a code is sent once, so begin the login anew")]
    Refused { provider: String, refusal: Box<TokenRefusal> },
    /// The tokens are not bound.
    #[error("{provider}: {UNBOUND}; then begin the login anew")]
    Unbound { provider: String },
    /// The provider has not ended a session.
    #[error("{provider}: {why}; the session may go on there, so end it on the provider's own pages")]
    NotRevoked { provider: String, why: String },
    /// The ID token is another login's.
    #[error(
        "{provider}: the tokens belong to another login than the one begun here; they were dropped; begin the login anew"
    )]
    Nonce { provider: String },
    /// The cache.
    #[error("{0}")]
    Cache(#[from] io::Error),
    /// No random numbers.
    #[error("{0}; try again")]
    Entropy(#[from] EntropyError),
}

impl LoginError {
    /// Of the exchange of a code.
    pub(super) fn of_code(error: Unredeemed, provider: &str) -> Self {
        let provider = provider.to_owned();
        match error {
            Unredeemed::Provider(error) => Self::Provider(error),
            Unredeemed::Transport(error) => Self::Transport { provider, error },
            Unredeemed::Refused(refusal) => Self::Refused { provider, refusal },
            Unredeemed::Unbound => Self::Unbound { provider },
        }
    }
}
