//! What ends, and when: client certificates with those above them, trusted authorities, and people's sessions; and whoever is
//! told in time.
//!
//! Owns the list and its order. Does not own renewal (the [`enrolment`](crate::enrolment)'s, and the engine's).

mod due;
mod hook;

pub use due::{Due, DueError, tell};

use crate::agent::{Agent, AgentError};
use crate::config::{GrantConfig, ProviderConfig};
use crate::identity::{Identity, IdentityFiles};
use crate::provider::{Request, authorities};
use chancela_core::x509::Certificate;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What it is that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The client's certificate at a provider.
    Certificate,
    /// A certificate above it, which the provider's authority renews.
    Chain,
    /// An authority of `http.ca`.
    Authority,
    /// A person's session: someone has to log in.
    Session,
}

impl Kind {
    /// Its name for people and programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Chain => "chain",
            Self::Authority => "authority",
            Self::Session => "session",
        }
    }
}

/// One thing that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose; none for what all providers share.
    pub provider: Option<String>,
    /// What.
    pub kind: Kind,
    /// Which, in a line.
    pub subject: String,
    /// When, seconds since the epoch.
    pub ends_at: i64,
}

/// What cannot be looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Whose; none for what all providers share.
    pub provider: Option<String>,
    /// Why, and what to do.
    pub why: String,
}

impl Entry {
    /// Whole days that are left at `now` (milliseconds since the epoch); negative once it has ended.
    pub const fn days_left(&self, now: i64) -> i64 {
        self.ends_at.saturating_mul(1000).saturating_sub(now).div_euclid(DAY)
    }
}

/// Everything of `agent` that ends, what ends first before all; of one provider if it is named. Reads the files as they are
/// now, and sends nothing.
pub async fn calendar(agent: &Agent, only: Option<&str>) -> (Vec<Entry>, Vec<Unreadable>) {
    let (mut all, mut unreadable) = (Vec::new(), Vec::new());
    for (name, config) in &agent.config().provider {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let bad = |why: String| Unreadable { provider: Some(name.clone()), why };
        match certificates(agent, config) {
            Ok(chain) => all.extend(chain.iter().enumerate().map(|(at, one)| {
                let kind = if at == 0 { Kind::Certificate } else { Kind::Chain };
                entry(Some(name), kind, one)
            })),
            Err(why) => unreadable.push(bad(why)),
        }
        if config.login.is_some() || config.grant == Some(GrantConfig::DeviceCode) {
            match session(agent, name).await {
                Ok(ends_at) => all.extend(ends_at.map(|ends_at| Entry {
                    provider: Some(name.clone()),
                    kind: Kind::Session,
                    subject: format!("chancela agent login {name}"),
                    ends_at,
                })),
                Err(error) => unreadable.push(bad(error.to_string())),
            }
        }
    }
    if let Some(path) = agent.config().http.ca.as_deref().filter(|_| only.is_none()) {
        match authorities(path) {
            Ok(found) => {
                let read = found.iter().filter_map(|der| Certificate::parse_der(der));
                all.extend(read.map(|one| entry(None, Kind::Authority, &one)));
            }
            Err(error) => unreadable.push(Unreadable { provider: None, why: error.to_string() }),
        }
    }
    all.sort_by(|one, other| {
        (one.ends_at, one.kind, &one.provider).cmp(&(other.ends_at, other.kind, &other.provider))
    });
    (all, unreadable)
}

fn entry(provider: Option<&String>, kind: Kind, certificate: &Certificate) -> Entry {
    let subject = certificate.subject.to_rfc4514();
    Entry { provider: provider.cloned(), kind, subject, ends_at: certificate.not_after }
}

/// A provider's certificate and those above it. One that an enrolment is only going to make is nothing that ends.
fn certificates(agent: &Agent, config: &ProviderConfig) -> Result<Vec<Certificate>, String> {
    let Some(certificate) = &config.certificate else { return Ok(Vec::new()) };
    if let crate::source::Source::File(path) = &certificate.0
        && config.enrollment.is_some()
        && !path.exists()
    {
        return Ok(Vec::new());
    }
    let files = IdentityFiles {
        certificate: certificate.0.clone(),
        key: config.certificate_key.as_ref().map(|place| place.0.clone()),
        passphrase: config.certificate_passphrase.as_ref().map(|place| place.0.clone()),
    };
    Identity::certificates(&files, agent.around()).map_err(|error| error.to_string())
}

async fn session(agent: &Agent, name: &str) -> Result<Option<i64>, AgentError> {
    let provider = agent.provider(name)?;
    let mut first = None;
    for key in provider.keys(Request::default()).await? {
        let ends_at = provider.session_deadline(&agent.record(key)?);
        first = [first, ends_at].into_iter().flatten().min();
    }
    Ok(first)
}
