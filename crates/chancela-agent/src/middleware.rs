//! Tokens for a reqwest client: each request gets its token, and a 401 renews it. The rules are those of [`crate::layer`].
//!
//! ```no_run
//! # use chancela_agent::{agent::Agent, layer::Replay, middleware::AuthorizeMiddleware};
//! # async fn example(agent: Agent) -> Result<(), Box<dyn std::error::Error>> {
//! let bank = AuthorizeMiddleware::new(agent.provider("bank")?).replay(Replay::SafeOrIdempotencyKey);
//! let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
//! let client = reqwest_middleware::ClientBuilder::new(client).with(bank).build();
//! let charge = client.get("https://api.example/cob/7").send().await?;
//! # Ok(()) }
//! ```
//!
//! Give the client no redirects, as above: reqwest takes `Authorization` off what it sends to another host, and knows
//! nothing of the other headers that some providers want.

use crate::layer::{Replay, TokenSource};
use crate::provider::Authorized;
use async_trait::async_trait;
use http::{Extensions, StatusCode};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

/// Puts a source's tokens on requests.
#[derive(Debug, Clone)]
pub struct AuthorizeMiddleware<T> {
    source: T,
    replay: Replay,
}

impl<T> AuthorizeMiddleware<T> {
    /// With tokens of `source`, and safe requests sent again after a 401.
    pub fn new(source: T) -> Self {
        Self { source, replay: Replay::default() }
    }

    /// Chooses what is sent again after a 401. A body that is a stream never is.
    #[must_use]
    pub fn replay(self, replay: Replay) -> Self {
        Self { replay, ..self }
    }
}

#[async_trait]
impl<T: TokenSource> Middleware for AuthorizeMiddleware<T> {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let may = self.replay.allows(request.method(), request.headers());
        let spare = if may { request.try_clone() } else { None };
        let authorized = self.source.authorize().await.map_err(Error::middleware)?;
        carry(&mut request, &authorized);
        let answer = next.clone().run(request, extensions).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        // Always told, so that the next call has another token; a second 401 is the answer.
        let another = self.source.rejected(&authorized).await;
        let Some(mut request) = spare.filter(|_| another) else { return Ok(answer) };
        let Ok(renewed) = self.source.authorize().await else { return Ok(answer) };
        if renewed.served.token.fingerprint == authorized.served.token.fingerprint {
            return Ok(answer);
        }
        carry(&mut request, &renewed);
        next.run(request, extensions).await
    }
}

/// Puts the token's headers on a request, whatever it brought under their names.
fn carry(request: &mut Request, authorized: &Authorized) {
    for (name, value) in &authorized.headers {
        request.headers_mut().insert(name, value.clone());
    }
}
