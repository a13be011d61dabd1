//! A person's login at another device (RFC 8628): codes that are shown, and token requests until the person has entered one,
//! has refused, or has taken too long. Nothing is kept before the provider has given tokens.

use super::{LoggedIn, LoginError, LoginRequest, keep, loginable, token_request};
use crate::agent::Agent;
use crate::engine::Class;
use crate::provider::{Provider, Unredeemed};
use chancela_core::message::device_authorization::DeviceAuthorization;
use chancela_core::message::token_refusal::{RefusalClass, TokenRefusal, WireError};
use chancela_core::message::token_request::GrantRequest;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// By how much a provider that says so slows the requests down, for good (RFC 8628 section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Longest pause after requests that found nobody.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A login that was begun at a provider. When it is dropped, nobody asks for its tokens any more.
pub struct DeviceLogin {
    provider: Provider,
    scope: Option<String>,
    resource: Option<String>,
    authorization: DeviceAuthorization,
    began: Instant,
}

/// How long to wait before the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    interval: Duration,
    failures: u32,
}

impl Pace {
    fn slow_down(&mut self) {
        self.interval = self.interval.saturating_add(SLOWER);
    }

    /// Twice as long after each request in a row that brought no answer.
    fn pause(&self, asked: Duration) -> Duration {
        let longest = self.interval.max(LONGEST_PAUSE);
        let doubled = self.interval.saturating_mul(2_u32.saturating_pow(self.failures));
        doubled.min(longest).max(asked)
    }
}

impl DeviceLogin {
    /// Asks a provider of the agent for the codes.
    ///
    /// # Errors
    /// [`LoginError`]: nothing was begun.
    pub async fn begin(agent: &Agent, name: &str, request: &LoginRequest<'_>) -> Result<Self, LoginError> {
        let provider = loginable(agent, name, request.memory)?;
        let wanted = token_request(request.scope, request.resource);
        // What cannot be read could not be replaced, and the person would have logged in for nothing.
        let key = provider.key(wanted).await?;
        provider.tokens().record(key).await?;
        let began = Instant::now();
        let authorization = provider.device_authorization(wanted).await?;
        let (scope, resource) = (request.scope.map(str::to_owned), request.resource.map(str::to_owned));
        Ok(Self { provider, scope, resource, authorization, began })
    }

    /// What the person enters.
    pub fn user_code(&self) -> &str {
        &self.authorization.user_code
    }

    /// Where the person enters it.
    pub fn verification_uri(&self) -> &str {
        &self.authorization.verification_uri
    }

    /// The same address with the code in it, where the provider has one.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.authorization.verification_uri_complete.as_deref()
    }

    /// How long the person has.
    pub fn time_left(&self) -> Duration {
        self.life().saturating_sub(self.began.elapsed())
    }

    /// Asks until the person has logged in, and keeps what that gave. It then is served by [`Provider::token`] to whoever
    /// asks for this scope.
    ///
    /// # Errors
    /// [`LoginError`]. Nothing is kept then, and what was kept before stays.
    pub async fn finish(self, patience: Duration) -> Result<LoggedIn, LoginError> {
        let interval = Duration::from_secs(u64::try_from(self.authorization.interval).unwrap_or(1));
        let mut pace = Pace { interval, failures: 0 };
        let mut asked = Duration::ZERO;
        let given_up = Instant::now() + patience;
        loop {
            let pause = pace.pause(asked);
            if pause >= self.time_left() {
                sleep(self.time_left().min(given_up.saturating_duration_since(Instant::now()))).await;
                return Err(LoginError::CodeExpired { provider: self.name() });
            }
            if Instant::now() + pause > given_up {
                sleep(given_up.saturating_duration_since(Instant::now())).await;
                return Err(LoginError::TimedOut);
            }
            sleep(pause).await;
            let grant = GrantRequest::DeviceCode { device_code: self.authorization.device_code.clone() };
            let request = token_request(self.scope.as_deref(), self.resource.as_deref());
            asked = match self.provider.redeem(request, grant).await {
                Ok(redeemed) => return keep(&self.provider, redeemed).await,
                Err(error) => self.go_on(error, &mut pace)?,
            };
        }
    }

    /// What a request without tokens means: how long to wait at least, if it is worth going on.
    fn go_on(&self, error: Unredeemed, pace: &mut Pace) -> Result<Duration, LoginError> {
        let refusal = match error {
            Unredeemed::Refused(refusal) => refusal,
            Unredeemed::Transport(error) if !matches!(error.class(), Class::Unsent | Class::Lost) => {
                return Err(LoginError::Unreached { provider: self.name(), error });
            }
            Unredeemed::Transport(_) => {
                pace.failures = pace.failures.saturating_add(1);
                return Ok(Duration::ZERO);
            }
            other => return Err(LoginError::of_code(other, &self.name())),
        };
        match refusal.error.as_ref().map_or("", WireError::as_str) {
            "authorization_pending" => pace.failures = 0,
            "slow_down" => {
                pace.failures = 0;
                pace.slow_down();
            }
            "expired_token" => return Err(LoginError::CodeExpired { provider: self.name() }),
            "access_denied" => return Err(LoginError::Denied { provider: self.name() }),
            _ if passes(&refusal) => pace.failures = pace.failures.saturating_add(1),
            _ => return Err(LoginError::DeviceRefused { provider: self.name(), refusal }),
        }
        Ok(Duration::from_secs(refusal.retry_after.unwrap_or(0).into()))
    }

    fn life(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.authorization.expires_in).unwrap_or(0))
    }

    fn name(&self) -> String {
        self.provider.name().to_owned()
    }
}

/// Whether time helps. An answer that cannot be read may have been the tokens; the next one tells.
fn passes(refusal: &TokenRefusal) -> bool {
    matches!(refusal.class, RefusalClass::Busy | RefusalClass::Garbled)
}

impl fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceLogin({})", self.provider.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(pace: Pace) -> u64 {
        pace.pause(Duration::ZERO).as_secs()
    }

    /// RFC 8628 section 3.5.
    #[test]
    fn the_pace_slows_down_for_good_and_backs_off_while_nobody_answers() {
        let mut pace = Pace { interval: Duration::from_secs(5), failures: 0 };
        assert_eq!(seconds(pace), 5);
        pace.slow_down();
        pace.slow_down();
        assert_eq!(seconds(pace), 15);
        let failing = |failures| seconds(Pace { failures, ..pace });
        assert_eq!([1, 2, 3, 40].map(failing), [30, 60, 60, 60]);
        assert_eq!(
            pace.pause(Duration::from_secs(90)).as_secs(),
            90,
            "what the provider asks for is kept to"
        );
        let slow = Pace { interval: Duration::from_secs(300), failures: 3 };
        assert_eq!(seconds(slow), 300, "never faster than the provider wants");
    }

    proptest! {
        #[test]
        fn no_pause_is_shorter_than_the_interval(interval in 1_u64..400, failures: u32, slower in 0..4, asked in 0_u64..1000) {
            let mut pace = Pace { interval: Duration::from_secs(interval), failures };
            (0..slower).for_each(|_| pace.slow_down());
            let pause = pace.pause(Duration::from_secs(asked));
            prop_assert!(pause >= pace.interval && pause >= Duration::from_secs(asked));
        }
    }
}
