//! A person's login with a browser (RFC 6749 §4.1 with RFC 7636, as RFC 8252 has it for programs), and its end.
//!
//! [`Pending`] is a login that was begun: its port is open, its URL is to be shown, and the answer comes by the port or is
//! pasted. [`Pending::finish`] redeems the code and keeps what it gave under the key's lock, where the engine finds it.
//! Owns neither the words on a terminal, nor the wire ([`crate::provider`]), nor renewal ([`crate::engine`]).

mod browser;
mod device;
mod error;
mod listener;
mod logout;
mod page;
mod paste;
mod proof;

pub use device::DeviceLogin;
pub use error::LoginError;
pub use logout::{LoggedOut, Revocation, logout};
pub(crate) use proof::Proof;

use crate::agent::Agent;
use crate::config::{LoginConfig, Redirect};
use crate::engine::Record;
use crate::provider::{Opening, Provider, Redeemed, Request};
use chancela_core::message::authorization_request::LoginError as BeginError;
use chancela_core::message::token_request::GrantRequest;
use chancela_core::secret::Secret;
use listener::Listener;
use std::fmt;
use std::time::Duration;

/// How the answer comes (OAuth 2.0 Multiple Response Types §2.1): in the query, which alone is read here.
const RESPONSE_MODE: &str = "response_mode";

/// What is to be logged in for.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoginRequest<'a> {
    /// Another scope than the configured one. A token is asked for with the same one later.
    pub scope: Option<&'a str>,
    /// Another resource server than the configured one (RFC 8707).
    pub resource: Option<&'a str>,
    /// Another `prompt` than the configured one.
    pub prompt: Option<&'a str>,
    /// Another `login_hint` than the configured one.
    pub login_hint: Option<&'a str>,
    /// Whether the login may end with the process.
    pub memory: bool,
}

/// A login that was begun. When it is dropped, its port is closed and its answer is worth nothing.
pub struct Pending {
    provider: Provider,
    scope: Option<String>,
    resource: Option<String>,
    redirect_uri: String,
    proof: Proof,
    listener: Option<Listener>,
    url: String,
}

/// The provider's answer to a login: a code, to be redeemed once.
#[derive(Debug)]
pub struct Answer(Secret);

/// What a login gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// The granted scope, where the provider says it.
    pub scope: Option<String>,
    /// Scope that was asked for and not granted.
    pub withheld: Vec<String>,
    /// Whether the session can be renewed without the person: there is a refresh token.
    pub renewable: bool,
    /// When the person has to log in again whatever is renewed, where that is known: seconds since the epoch.
    pub session_ends_at: Option<i64>,
    /// Milliseconds that the first access token is good for.
    pub token_left: i64,
}

impl Answer {
    pub(crate) fn into_code(self) -> Secret {
        self.0
    }
}

impl Pending {
    /// Begins a login at a provider of the agent: opens the port of its redirect URI, if that is one of this machine. To be
    /// called within a tokio runtime.
    ///
    /// # Errors
    /// [`LoginError`]: nothing was asked of the provider.
    pub async fn begin(agent: &Agent, name: &str, request: &LoginRequest<'_>) -> Result<Self, LoginError> {
        let provider = loginable(agent, name, request.memory)?;
        let of = || name.to_owned();
        if provider.needs_device() {
            return Err(LoginError::DeviceOnly { provider: of() });
        }
        let Some(config) = provider.login_config() else {
            return Err(LoginError::NoRedirect { provider: of() });
        };
        if config.parameters.contains_key(RESPONSE_MODE) {
            let error = BeginError::Parameter(RESPONSE_MODE.into());
            return Err(LoginError::Begin { provider: of(), error });
        }
        // What cannot be read could not be replaced, and the person would have logged in for nothing.
        let key = provider.key(token_request(request.scope, request.resource)).await?;
        provider.tokens().record(key).await?;
        let proof = Proof::new(provider.entropy())?;
        let (redirect_uri, listener) = match &config.redirect {
            Redirect::Elsewhere(uri) => (uri.clone(), None),
            Redirect::Loopback(own) => {
                let listener = Listener::open(own, proof.state.clone()).await;
                let listener = listener
                    .map_err(|error| LoginError::Listen { address: own.authority(own.port), error })?;
                (own.uri(listener.address().port()), Some(listener))
            }
        };
        let opening = Opening { redirect_uri: &redirect_uri, proof: &proof, more: more(config, request) };
        let url = provider.login_url(token_request(request.scope, request.resource), &opening).await?;
        let (scope, resource) = (request.scope.map(str::to_owned), request.resource.map(str::to_owned));
        Ok(Self { provider, scope, resource, redirect_uri, proof, listener, url })
    }

    /// The address that the person opens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the answer goes.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The port of this machine on which the answer is waited for; without one, it is pasted.
    pub fn port(&self) -> Option<u16> {
        self.listener.as_ref().map(|listener| listener.address().port())
    }

    /// Whether the person seems to sit at another machine, where [`tunnel`](Self::tunnel) or pasting helps.
    pub fn is_remote(&self) -> bool {
        browser::is_remote(self.provider.around())
    }

    /// The command that leads a browser elsewhere to this port, `host` being this machine's name there.
    pub fn tunnel(&self, host: &str) -> Option<String> {
        self.listener.as_ref().map(|listener| browser::tunnel(listener.address(), host))
    }

    /// Opens the address in the person's browser, if there is one here. Returns whether that was tried; the address is to
    /// be shown either way.
    pub fn open_browser(&self) -> bool {
        browser::has_screen(self.provider.around()) && browser::open(&self.url).is_ok()
    }

    /// Waits until the browser brings the answer. May be given up and called again.
    ///
    /// # Errors
    /// The provider refused, time is over, or the answer comes only by [`paste`](Self::paste).
    pub async fn answer(&mut self, patience: Duration) -> Result<Answer, LoginError> {
        let listener = self.listener.as_mut().ok_or(LoginError::PasteOnly)?;
        match tokio::time::timeout(patience, listener.brought()).await {
            Ok(Some(brought)) => Ok(Answer(brought?.code)),
            Ok(None) | Err(_) => Err(LoginError::TimedOut),
        }
    }

    /// Reads an answer that the person pasted: the address that the browser shows at the end, or the code alone.
    ///
    /// # Errors
    /// It is none, or not to this login; the person may try again.
    pub fn paste(&self, text: &str) -> Result<Answer, LoginError> {
        paste::read(text, &self.redirect_uri, &self.proof.state).map(Answer)
    }

    /// Redeems the code and keeps what it gave. It then is served by [`Provider::token`] to whoever asks for this scope.
    ///
    /// # Errors
    /// [`LoginError`]. Nothing is kept then, and what was kept before stays.
    pub async fn finish(self, answer: Answer) -> Result<LoggedIn, LoginError> {
        let request = token_request(self.scope.as_deref(), self.resource.as_deref());
        let grant = GrantRequest::AuthorizationCode {
            code: answer.into_code().expose().to_owned().into(),
            redirect_uri: Some(self.redirect_uri.clone().into()),
            code_verifier: Some(self.proof.verifier.expose().to_owned().into()),
        };
        let redeemed = self.provider.redeem(request, grant).await;
        let redeemed = redeemed.map_err(|error| LoginError::of_code(error, self.provider.name()))?;
        if redeemed.id_token.as_ref().is_some_and(|token| self.proof.is_contradicted_by(token)) {
            drop_session(&self.provider, redeemed.granted.refresh_token.as_ref()).await;
            return Err(LoginError::Nonce { provider: self.provider.name().to_owned() });
        }
        keep(&self.provider, redeemed).await
    }
}

/// The provider, if a person logs in there and the login can be kept.
fn loginable(agent: &Agent, name: &str, memory: bool) -> Result<Provider, LoginError> {
    let provider = agent.provider(name)?;
    let of = || name.to_owned();
    match (provider.needs_login(), agent.keeps() || memory) {
        (false, _) => Err(LoginError::NoLogin { provider: of() }),
        (true, false) => Err(LoginError::NotKept { provider: of() }),
        (true, true) => Ok(provider),
    }
}

/// Keeps what a login gave, in the place of what was kept before.
async fn keep(provider: &Provider, redeemed: Redeemed) -> Result<LoggedIn, LoginError> {
    let kept = async {
        let held = provider.tokens().hold(redeemed.key).await?;
        let before = held.record().generation;
        let record = Record::of_login(before, &redeemed.granted, &redeemed.policy, redeemed.sent);
        held.replace(record.clone()).await.map(|()| record)
    };
    let record = match kept.await {
        Ok(record) => record,
        Err(error) => {
            drop_session(provider, redeemed.granted.refresh_token.as_ref()).await;
            return Err(error.into());
        }
    };
    let session = record.session.as_ref();
    Ok(LoggedIn {
        scope: redeemed.granted.scope.clone(),
        withheld: redeemed.withheld,
        renewable: session.is_some(),
        session_ends_at: session.and_then(|session| session.ends_at(&redeemed.policy)),
        token_left: record.token.as_ref().map_or(0, |token| token.life.left(redeemed.sent)),
    })
}

/// Ends a session that nobody will know of. The login has failed for another reason, which is what the person hears.
async fn drop_session(provider: &Provider, refresh_token: Option<&Secret>) {
    if let Some(token) = refresh_token {
        let _ = provider.revoke(token).await;
    }
}

fn token_request<'a>(scope: Option<&'a str>, resource: Option<&'a str>) -> Request<'a> {
    Request { scope, resource, min_ttl: Duration::ZERO }
}

fn more<'a>(config: &'a LoginConfig, request: &LoginRequest<'a>) -> Vec<(&'a str, &'a str)> {
    let own = [
        ("prompt", request.prompt.or(config.prompt.as_deref())),
        ("login_hint", request.login_hint.or(config.login_hint.as_deref())),
    ];
    let own = own.into_iter().filter_map(|(name, value)| Some((name, value?)));
    own.chain(config.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect()
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pending({})", self.provider.name())
    }
}
