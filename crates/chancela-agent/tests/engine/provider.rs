//! A provider of the simulated world: it knows what is right, and counts what is wrong.

use chancela_agent::engine::{Attempt, Class, Failure, Granted, How, TokenKey};
use chancela_core::secret::Secret;
use std::collections::BTreeMap;

/// The provider. Times are milliseconds of true time.
#[derive(Debug)]
pub(crate) struct Provider {
    /// Life of access tokens.
    pub(crate) life: i64,
    /// How long the token that was spent last may be spent again, for the same successor.
    pub(crate) replay_window: Option<i64>,
    /// Each access token's end.
    ends: BTreeMap<String, i64>,
    /// The refresh token that is good.
    current: Option<String>,
    /// The one before it, its successor's access token, and when it was spent.
    before: Option<(String, String, i64)>,
    made: u64,
    /// Calls that arrived.
    pub(crate) calls: Vec<i64>,
    /// Refresh tokens that were spent twice: here the session ends.
    pub(crate) double_spends: u32,
    /// Answers with this failure, instead of acting, until then.
    pub(crate) refuses: Option<(Class, i64)>,
    /// The pause that it asks for with it.
    pub(crate) retry_after: Option<i64>,
    /// Whether it answers with the same token until that ends.
    pub(crate) repeats: bool,
    /// Tokens of this key are for one call.
    pub(crate) once: Option<TokenKey>,
    last: Option<String>,
    /// Requests for this key are malformed.
    pub(crate) broken: Option<TokenKey>,
    /// Requests for this key need a good token of an earlier step.
    pub(crate) second_step: Option<TokenKey>,
    /// Before then a refresh is punished: milliseconds after the token was made.
    pub(crate) not_before: Option<i64>,
    /// Whether answers say how long a token lives.
    pub(crate) tells_life: bool,
    born: i64,
}

impl Provider {
    pub(crate) fn new(life: i64, replay_window: Option<i64>) -> Self {
        Self {
            life,
            replay_window,
            ends: BTreeMap::new(),
            current: None,
            before: None,
            made: 0,
            calls: Vec::new(),
            double_spends: 0,
            refuses: None,
            retry_after: None,
            repeats: false,
            once: None,
            last: None,
            broken: None,
            second_step: None,
            not_before: None,
            tells_life: true,
            born: 0,
        }
    }

    fn name(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}{}", self.made)
    }

    /// A login: the first refresh token.
    pub(crate) fn log_in(&mut self) -> String {
        let token = self.name("r");
        self.current = Some(token.clone());
        token
    }

    /// Whether a token is good.
    pub(crate) fn accepts(&self, token: &str, now: i64) -> bool {
        self.ends.get(token).is_some_and(|end| now < *end)
    }

    /// Ends a token before its time.
    pub(crate) fn revoke(&mut self, token: &str) {
        self.ends.insert(token.to_owned(), 0);
    }

    /// What it does with a request, and answers.
    pub(crate) fn serve(&mut self, now: i64, key: TokenKey, attempt: &Attempt) -> Result<Granted, Failure> {
        self.calls.push(now);
        if let Some((class, _)) = self.refuses.filter(|(_, until)| now < *until) {
            return Err(Failure { class, retry_after: self.retry_after, said: None });
        }
        if self.broken == Some(key) {
            return Err(Failure { class: Class::Request, retry_after: None, said: None });
        }
        let chained = attempt.chain.last().is_some_and(|step| self.accepts(step.access_token.expose(), now));
        if self.second_step == Some(key) && !chained {
            return Err(Failure { class: Class::Credentials, retry_after: None, said: Some("step".into()) });
        }
        let gone = Failure { class: Class::Grant, retry_after: None, said: Some("gone".into()) };
        if self.not_before.is_some_and(|early| now < self.born + early)
            && matches!(attempt.how, How::Refresh(_))
        {
            self.double_spends += 1;
        }
        match &attempt.how {
            How::Again if self.once == Some(key) => {
                let mut granted = self.grant(now, None);
                granted.expires_in = Some(0);
                Ok(granted)
            }
            How::Again => Ok(self.grant(now, None)),
            How::Refresh(spent) if self.current.as_deref() == Some(spent.expose()) => {
                let successor = self.name("r");
                let granted = self.grant(now, Some(successor.clone()));
                self.before =
                    Some((spent.expose().to_owned(), granted.access_token.expose().to_owned(), now));
                self.current = Some(successor);
                Ok(granted)
            }
            How::Refresh(spent) => match &self.before {
                Some((before, _, at))
                    if before == spent.expose()
                        && self.replay_window.is_some_and(|window| now - at < window) =>
                {
                    let successor = self.current.clone().ok_or(gone)?;
                    Ok(self.grant(now, Some(successor)))
                }
                _ => {
                    self.double_spends += 1;
                    self.current = None;
                    for end in self.ends.values_mut() {
                        *end = 0;
                    }
                    Err(gone)
                }
            },
        }
    }

    fn grant(&mut self, now: i64, refresh_token: Option<String>) -> Granted {
        let again = self.last.clone().filter(|last| self.repeats && self.accepts(last, now));
        let token = again.unwrap_or_else(|| {
            let token = self.name("a");
            self.ends.insert(token.clone(), now + self.life);
            token
        });
        self.born = now;
        let life = self.ends.get(&token).map_or(0, |end| end - now);
        self.last = Some(token.clone());
        Granted {
            access_token: Secret::new(token),
            token_type: Some("Bearer".into()),
            expires_in: self.tells_life.then_some(life / 1000),
            expires_at: None,
            scope: None,
            refresh_token: refresh_token.map(Secret::new),
            refresh_expires_in: None,
            refresh_not_before: self.not_before.map(|early| (now + early) / 1000),
        }
    }
}
