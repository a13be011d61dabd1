//! When to renew, in the words of the file.

use crate::engine::{Budget, Policy, SECOND};
use serde::{Deserialize, Deserializer, de::Error};

/// A span of time: a number of seconds, or a text as `30s`, `5m`, `2h`, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(i64);

/// A share of a token's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u8);

/// When to renew; the engine's defaults where it says nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Renew {
    /// How much of a token's life before its end it is renewed.
    pub ahead: Option<Percent>,
    /// At least.
    pub ahead_min: Option<Span>,
    /// At most.
    pub ahead_max: Option<Span>,
    /// A token with less left is not handed out.
    pub hard_margin: Option<Span>,
    /// By how much of a token's life instances differ.
    pub jitter: Option<Percent>,
    /// How long after a lost answer the provider takes the same refresh token again.
    pub replay_window: Option<Span>,
    /// How long a session lasts from the login.
    pub absolute_life: Option<Span>,
    /// Whether it is renewed although nobody asks.
    pub keep: bool,
}

/// How often a token endpoint may be called.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetConfig {
    /// Calls.
    pub calls: usize,
    /// In this time.
    pub per: Span,
    /// Those of them that are kept for tokens that an API has refused.
    #[serde(default)]
    pub reserve: usize,
}

impl Span {
    /// A number of seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * SECOND)
    }

    /// In milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &text[digits.len()..] {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        let number: u32 = digits.trim().parse().ok()?;
        i64::from(number).checked_mul(unit * SECOND).map(Self)
    }
}

impl Renew {
    /// The engine's policy.
    pub fn policy(&self) -> Policy {
        let usual = Policy::default();
        let span = |own: Option<Span>, usual: i64| own.map_or(usual, Span::millis);
        Policy {
            ahead_percent: self.ahead.map_or(usual.ahead_percent, |share| share.0),
            ahead_min: span(self.ahead_min, usual.ahead_min),
            ahead_max: span(self.ahead_max, usual.ahead_max),
            hard: span(self.hard_margin, usual.hard),
            jitter_percent: self.jitter.map_or(usual.jitter_percent, |share| share.0),
            replay_window: self.replay_window.map(Span::millis),
            absolute_life: self.absolute_life.map(Span::millis),
            ..usual
        }
    }
}

impl From<BudgetConfig> for Budget {
    fn from(own: BudgetConfig) -> Self {
        Self { calls: own.calls, window: own.per.millis(), reserve: own.reserve }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u32),
    Text(String),
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom("a time is a number of seconds or a text as 30s, 5m, 2h or 30d");
        match NumberOrText::deserialize(input).map_err(|_| wrong())? {
            NumberOrText::Number(seconds) => Ok(Self::seconds(i64::from(seconds))),
            NumberOrText::Text(text) => Self::parse(&text).ok_or_else(wrong),
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let share = text.strip_suffix('%').and_then(|digits| digits.parse().ok()).filter(|share| *share <= 50);
        share.map(Self).ok_or_else(|| D::Error::custom("a share of a token's life is a text from 0% to 50%"))
    }
}
