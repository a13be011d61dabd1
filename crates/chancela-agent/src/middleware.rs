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
use http::{Extensions, StatusCode, Uri};
use reqwest::{Request, Response, Url};
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
        let is_safe = self.replay.allows(request.method(), request.headers());
        let authorized = self.source.authorize().await.map_err(Error::middleware)?;
        // Whatever its method: an API that refuses a proof has not acted.
        let may_prove_again = authorized.needs_proof() && self.replay != Replay::Never;
        let spare = if is_safe || may_prove_again { request.try_clone() } else { None };
        let uri = carry(&mut request, &authorized)?;
        let answer = next.clone().run(request, extensions).await?;
        let challenged = authorized.is_challenged(&uri, answer.status(), answer.headers());
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        if challenged {
            let Some(mut request) = spare else { return Ok(answer) };
            let uri = carry(&mut request, &authorized)?;
            let answer = next.run(request, extensions).await?;
            let challenged = authorized.is_challenged(&uri, answer.status(), answer.headers());
            if answer.status() == StatusCode::UNAUTHORIZED && !challenged {
                self.source.rejected(&authorized).await;
            }
            return Ok(answer);
        }
        // Always told, so that the next call has another token; a second 401 is the answer.
        let another = self.source.rejected(&authorized).await;
        let Some(mut request) = spare.filter(|_| another && is_safe) else { return Ok(answer) };
        let Ok(renewed) = self.source.authorize().await else { return Ok(answer) };
        if renewed.served.token.fingerprint == authorized.served.token.fingerprint {
            return Ok(answer);
        }
        let uri = carry(&mut request, &renewed)?;
        let answer = next.run(request, extensions).await?;
        renewed.is_challenged(&uri, answer.status(), answer.headers());
        Ok(answer)
    }
}

/// Puts on a request what the provider wants, whatever it brought under those names. Returns its address.
fn carry(request: &mut Request, authorized: &Authorized) -> Result<Uri> {
    let uri: Uri = request.url().as_str().parse().map_err(Error::middleware)?;
    let uri = authorized.address_for(&uri).map_err(Error::middleware)?;
    *request.url_mut() = Url::parse(&uri.to_string()).map_err(Error::middleware)?;
    for (name, value) in authorized.headers_for(request.method(), &uri).map_err(Error::middleware)? {
        request.headers_mut().insert(name, value);
    }
    Ok(uri)
}
