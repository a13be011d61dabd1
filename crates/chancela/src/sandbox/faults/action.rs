//! A fault that was checked: what it does, ready to be done.

use super::definition::{Definition, Kind};
use chancela_core::dialect::RateLimit;
use chancela_core::rate_limit::Window;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::time::Timestamp;
use chancela_server::control::KeyUrgency;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};
use std::time::Duration;

/// Longest wait of one answer, in seconds.
pub(super) const MAX_WAIT: u32 = 300;
/// Most that a clock is advanced by one fault, in seconds: ten years.
const MAX_ADVANCE: u32 = 10 * 366 * 86_400;
/// Seconds that a refused client is told to wait, unless the fault says otherwise.
const RETRY: u32 = 30;
/// What a gateway says when it has nothing to say to a program.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Error</title></head>\n<body><h1>Something went wrong</h1></body></html>\n";

/// What a fault does.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Refuse(Rejection, HeaderMap),
    /// An answer instead of the endpoint's.
    Status(Page),
    Hang(Duration),
    Close,
    LoseAnswer,
    Delay(Duration),
    SlowBody(Duration),
    Truncate(Option<usize>),
    /// Other content in the endpoint's answer, whose status stays unless the page has one.
    Replace(Page),
    Edit(Edit),
    RotateKeys(KeyUrgency),
    AdvanceClock(i64),
    ExpiredCertificate,
}

/// An answer that no endpoint gives.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) status: Option<StatusCode>,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// Other members of a JSON object.
#[derive(Debug, Clone, Default)]
pub(super) struct Edit {
    pub(super) set: Map<String, Value>,
    pub(super) remove: Vec<String>,
    pub(super) as_text: Vec<String>,
}

/// So many calls in a time, and what follows the next one.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    limit: RateLimit,
    lock_out: u32,
    counted: Window,
    locked_until: Timestamp,
}

impl Budget {
    /// Counts a call at `now`; the seconds to wait if it is one too many.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<u32> {
        let left = self.locked_until.millis() - now.millis();
        if left > 0 {
            return Some(u32::try_from((left + 999) / 1000).unwrap_or(self.lock_out));
        }
        let wait = self.counted.take(self.limit, now).err()?;
        if self.lock_out == 0 {
            return Some(wait);
        }
        (self.counted, self.locked_until) = (Window::default(), now.plus_seconds(self.lock_out.into()));
        Some(self.lock_out)
    }
}

impl Definition {
    /// The budget of a fault of that kind.
    pub(super) fn budget(&self) -> Result<Option<Budget>, String> {
        if self.kind != Kind::Budget {
            return Ok(None);
        }
        let (Some(requests @ 1..), Some(period @ 1..)) = (self.calls, self.window) else {
            return Err("`budget` needs `calls` and `window` (seconds), both 1 or more".into());
        };
        Ok(Some(Budget {
            limit: RateLimit { requests, period },
            lock_out: self.lock_out.unwrap_or(0),
            counted: Window::default(),
            locked_until: Timestamp::from_seconds(0),
        }))
    }

    /// What it does; a budget's is what follows one call too many.
    pub(super) fn action(&self) -> Result<Action, String> {
        Ok(match self.kind {
            Kind::Refuse => self.refusal()?,
            Kind::Budget => Action::Refuse(Rejection::with(Rule::RateLimited, RETRY), HeaderMap::new()),
            Kind::Status => {
                let page = self.page()?;
                page.status.ok_or("`status` needs `status`, a number from 200 to 599")?;
                Action::Status(page)
            }
            Kind::Hang => Action::Hang(self.wait(60)?),
            Kind::Close => Action::Close,
            Kind::LoseAnswer => Action::LoseAnswer,
            Kind::Delay => Action::Delay(self.wait(10)?),
            Kind::SlowBody => Action::SlowBody(self.wait(10)?),
            Kind::Truncate => Action::Truncate(self.bytes.and_then(|bytes| usize::try_from(bytes).ok())),
            Kind::Replace => Action::Replace(self.page()?),
            Kind::Edit => self.edit()?,
            Kind::RotateKeys => Action::RotateKeys(self.urgency.unwrap_or(KeyUrgency::Now)),
            Kind::AdvanceClock => match self.seconds {
                Some(seconds @ 1..=MAX_ADVANCE) => Action::AdvanceClock(seconds.into()),
                _ => return Err("`advance_clock` needs `seconds`, from 1 to ten years".into()),
            },
            Kind::ExpiredCertificate => Action::ExpiredCertificate,
        })
    }

    fn refusal(&self) -> Result<Action, String> {
        let name = self.rule.as_deref().ok_or(
            "`refuse` needs `rule`: rate_limited, overloaded, store_failed, wrong_secret, invalid_access_token, \
             missing_client_certificate, certificate_outside_validity or another name that the log gives to refusals",
        )?;
        let rule = Rule::ALL.iter().copied().find(|rule| rule.name() == name).ok_or_else(|| {
            format!(
                "there is no rule {name:?}; rules are named as in the log (`rule=`), rate_limited for example"
            )
        })?;
        let mut headers = HeaderMap::new();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        Ok(Action::Refuse(Rejection::with(rule, self.retry_after.unwrap_or(RETRY)), headers))
    }

    fn page(&self) -> Result<Page, String> {
        let wrong = || "`status` is a number from 200 to 599".to_owned();
        let status = match self.status {
            None => None,
            Some(status @ 200..=599) => Some(StatusCode::from_u16(status).map_err(|_| wrong())?),
            Some(_) => return Err(wrong()),
        };
        let mut headers = HeaderMap::new();
        let mut add = |name: &str, value: &str| {
            let wrong =
                || format!("`{name}: {value}` is no header field; names have no spaces, values one line");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            // The length and the connection are the transport's to tell.
            if matches!(name.as_str(), "content-length" | "transfer-encoding" | "connection") {
                return Err(format!("`{name}` is set by the server; `truncate` and `close` break those"));
            }
            headers.insert(name, HeaderValue::from_str(value).map_err(|_| wrong())?);
            Ok(())
        };
        match (&self.content_type, self.body.as_deref()) {
            (Some(own), _) => add(CONTENT_TYPE.as_str(), own)?,
            // An empty body in place of another says of what type it is not.
            (None, Some("")) => {}
            (None, _) => add(CONTENT_TYPE.as_str(), "text/html; charset=utf-8")?,
        }
        for (name, value) in self.headers.iter().flatten() {
            add(name, value)?;
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        let body = self.body.clone().unwrap_or_else(|| PAGE.to_owned());
        Ok(Page { status, headers, body })
    }

    fn edit(&self) -> Result<Action, String> {
        let edit = Edit {
            set: self.set.clone().unwrap_or_default(),
            remove: self.remove.clone().unwrap_or_default(),
            as_text: self.as_text.clone().unwrap_or_default(),
        };
        if edit.set.is_empty() && edit.remove.is_empty() && edit.as_text.is_empty() {
            return Err("`edit` needs `set`, `remove` or `as_text`".into());
        }
        Ok(Action::Edit(edit))
    }

    fn wait(&self, usual: u32) -> Result<Duration, String> {
        match self.seconds.unwrap_or(usual) {
            seconds @ 1..=MAX_WAIT => Ok(Duration::from_secs(seconds.into())),
            _ => Err(format!("`seconds` is from 1 to {MAX_WAIT}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(lock_out: u32) -> Budget {
        let limit = RateLimit { requests: 2, period: 60 };
        let locked_until = Timestamp::from_seconds(0);
        Budget { limit, lock_out, counted: Window::default(), locked_until }
    }

    #[test]
    fn one_call_too_many_locks_out_for_the_time_and_no_longer() {
        let mut budget = budget(300);
        let takes: Vec<_> = [1000, 1001, 1002, 1003, 1301, 1302, 1303, 1304]
            .map(|at| budget.take(Timestamp::from_seconds(at)))
            .into();
        assert_eq!(takes, [None, None, Some(300), Some(299), Some(1), None, None, Some(300)]);
    }

    #[test]
    fn without_a_lock_out_the_window_alone_decides() {
        let mut budget = budget(0);
        let takes: Vec<_> =
            [1000, 1001, 1002, 1060, 1060].map(|at| budget.take(Timestamp::from_seconds(at))).into();
        assert_eq!(takes, [None, None, Some(58), None, Some(1)]);
    }
}
