//! What is sealed: a record as JSON, in structs of its own, so that the engine's may change without the files.
//!
//! A moment of the boot clock means something only with the start of the machine that it belongs to, so a life is kept
//! with the name of that start.

use super::error::Unreadable;
use crate::engine::{self, Fingerprint, Moment, Record};
use chancela_core::secret::{Secret, from_hex, hex};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Names one start of the machine: on Linux the text of `/proc/sys/kernel/random/boot_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootId(String);

impl BootId {
    /// From its text, without white space around it; `None` if nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What of a record may be kept on disk: some providers forbid it for access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Persist {
    /// Everything.
    #[default]
    Both,
    /// The session with its journal alone.
    RefreshToken,
    /// The access token alone.
    AccessToken,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload<'a> {
    generation: u64,
    #[serde(borrow)]
    token: Option<Token<'a>>,
    #[serde(borrow)]
    session: Option<Session<'a>>,
    journal: Option<Journal>,
    #[serde(borrow)]
    trouble: Option<Trouble<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token<'a> {
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    token_type: Option<Cow<'a, str>>,
    scope: Option<Cow<'a, str>>,
    #[serde(borrow)]
    life: Life<'a>,
}

/// Milliseconds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Life<'a> {
    began_wall: i64,
    began_boot: i64,
    length: i64,
    /// The start of the machine that `began_boot` counts from, if it is known.
    boot: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Session<'a> {
    #[serde(borrow)]
    refresh_token: Cow<'a, str>,
    login_at: i64,
    refreshed_at: i64,
    not_before: Option<i64>,
    expires_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    spent: String,
    at: i64,
    tries: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trouble<'a> {
    failures: u32,
    reason: Cow<'a, str>,
    said: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pause: Life<'a>,
    stamp: u64,
}

/// The JSON of what may be kept of a record. `None` if it cannot be written as JSON.
pub(super) fn encode(record: &Record, persist: Persist, boot: Option<&BootId>) -> Option<Zeroizing<Vec<u8>>> {
    let Record { generation, token, session, journal, trouble } = record;
    let token = token.as_deref().filter(|_| persist != Persist::RefreshToken);
    let session = session.as_ref().filter(|_| persist != Persist::AccessToken);
    let journal = journal.as_ref().filter(|_| persist != Persist::AccessToken);
    let payload = Payload {
        generation: *generation,
        token: token.map(|token| Token::of(token, boot)),
        session: session.map(Session::of),
        journal: journal.map(Journal::of),
        trouble: trouble.as_ref().map(|trouble| Trouble::of(trouble, boot)),
    };
    // Never grows, so that no part of a token is left behind: a character has at most six bytes in JSON.
    let longest = |text: Option<&str>| text.map_or(0, |text| 6 * text.len());
    let mut room = 1024 + longest(boot.map(|boot| boot.0.as_str()));
    room += longest(session.map(|session| session.refresh_token.expose()));
    room += longest(trouble.as_ref().and_then(|trouble| trouble.said.as_deref()));
    room += token.map_or(0, |token| {
        let texts = [Some(token.access_token.expose()), token.token_type.as_deref(), token.scope.as_deref()];
        texts.map(longest).iter().sum()
    });
    let mut json = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *json, &payload).ok()?;
    Some(json)
}

/// The record in an opened file. `boot` is this start of the machine.
pub(super) fn decode(json: &[u8], boot: Option<&BootId>) -> Result<Record, Unreadable> {
    let payload: Payload<'_> = serde_json::from_slice(json).map_err(|_| Unreadable::OtherContents)?;
    let Payload { generation, token, session, journal, trouble } = payload;
    Ok(Record {
        generation,
        token: token.map(|token| Arc::new(token.read(boot))),
        session: session.map(Session::read),
        journal: journal.map(Journal::read).transpose()?,
        trouble: trouble.map(|trouble| trouble.read(boot)).transpose()?,
    })
}

impl<'a> Token<'a> {
    fn of(token: &'a engine::Issued, boot: Option<&'a BootId>) -> Self {
        // The fingerprint follows from the token.
        let engine::Issued { access_token, fingerprint: _, token_type, life, scope } = token;
        Self {
            access_token: access_token.expose().into(),
            token_type: token_type.as_deref().map(Cow::from),
            scope: scope.as_deref().map(Cow::from),
            life: Life::of(*life, boot),
        }
    }

    fn read(self, boot: Option<&BootId>) -> engine::Issued {
        engine::Issued {
            fingerprint: Fingerprint::of(&self.access_token),
            access_token: Secret::new(self.access_token),
            token_type: self.token_type.map(Cow::into_owned),
            scope: self.scope.map(Cow::into_owned),
            life: self.life.read(boot),
        }
    }
}

impl<'a> Life<'a> {
    fn of(life: engine::Life, boot: Option<&'a BootId>) -> Self {
        let engine::Life { began, length, same_boot } = life;
        let boot = boot.filter(|_| same_boot).map(|boot| Cow::from(boot.0.as_str()));
        Self { began_wall: began.wall, began_boot: began.boot, length, boot }
    }

    fn read(self, boot: Option<&BootId>) -> engine::Life {
        let same_boot = boot.is_some_and(|boot| self.boot.as_deref() == Some(boot.0.as_str()));
        let began = Moment { wall: self.began_wall, boot: self.began_boot };
        engine::Life { began, length: self.length, same_boot }
    }
}

impl<'a> Session<'a> {
    fn of(session: &'a engine::Session) -> Self {
        let engine::Session { refresh_token, login_at, refreshed_at, not_before, expires_at } = session;
        Self {
            refresh_token: refresh_token.expose().into(),
            login_at: *login_at,
            refreshed_at: *refreshed_at,
            not_before: *not_before,
            expires_at: *expires_at,
        }
    }

    fn read(self) -> engine::Session {
        let Self { refresh_token, login_at, refreshed_at, not_before, expires_at } = self;
        let refresh_token = Secret::new(refresh_token);
        engine::Session { refresh_token, login_at, refreshed_at, not_before, expires_at }
    }
}

impl Journal {
    fn of(journal: &engine::Journal) -> Self {
        let engine::Journal { spent, at, tries } = journal;
        Self { spent: hex(spent.as_bytes()), at: *at, tries: *tries }
    }

    fn read(self) -> Result<engine::Journal, Unreadable> {
        let spent = from_hex(&self.spent).map(Fingerprint::from_bytes).ok_or(Unreadable::OtherContents)?;
        Ok(engine::Journal { spent, at: self.at, tries: self.tries })
    }
}

impl<'a> Trouble<'a> {
    fn of(trouble: &'a engine::Trouble, boot: Option<&'a BootId>) -> Self {
        let engine::Trouble { failures, reason, said, pause, stamp } = trouble;
        Self {
            failures: *failures,
            reason: reason.as_str().into(),
            said: said.as_deref().map(Cow::from),
            pause: Life::of(*pause, boot),
            stamp: *stamp,
        }
    }

    fn read(self, boot: Option<&BootId>) -> Result<engine::Trouble, Unreadable> {
        let Self { failures, reason, said, pause, stamp } = self;
        let reason = engine::Reason::named(&reason).ok_or(Unreadable::OtherContents)?;
        let said = said.map(|said| said.into());
        Ok(engine::Trouble { failures, reason, said, pause: pause.read(boot), stamp })
    }
}

#[cfg(test)]
mod tests;
