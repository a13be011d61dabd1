//! `chancela agent inspect`: a token taken apart, what is kept beside it, and whether its signature is good.

mod shown;

use super::{parts, read, variable};
use crate::cli::{AgentFile, Inspect};
use crate::failure::{AgentFailure, Failure};
use crate::serve;
use chancela_agent::agent::Agent;
use chancela_agent::clock::{Clock, SystemClock};
use chancela_agent::config::{AgentConfig, Http};
use chancela_agent::engine::{Margins, Record};
use chancela_agent::inspect::{Expected, Inspected, Verification, fetch_keys, verify};
use chancela_agent::provider::{Provider, Request, route};
use chancela_agent::source::{Source, Surroundings};
use chancela_agent::transport::{Route, Target};
use chancela_core::jose::VerifyingKey;
use chancela_core::secret::Secret;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

/// What standard input is called.
const INPUT: &str = "-";
/// How long keys are waited for where no provider is configured.
const PATIENCE: Duration = Duration::from_secs(10);

/// A token and all that is known of it.
struct Known {
    token: Secret,
    inspected: Inspected,
    doubts: Vec<String>,
    kept: Option<Kept>,
    /// Whether it is bound to our certificate; nothing if it is bound to none, or we have none.
    is_bound: Option<bool>,
    verification: Option<Verified>,
    /// Seconds since the epoch.
    now: i64,
}

/// What the cache has beside a token.
struct Kept {
    step: String,
    record: Record,
    margins: Option<Margins>,
    session_ends_at: Option<i64>,
    /// Milliseconds.
    left: i64,
}

/// What came of verifying.
struct Verified {
    keys: String,
    result: Verification,
}

/// `chancela agent inspect`
pub(super) fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    let from_input = arguments.token_of == INPUT;
    let runtime = serve::runtime()?;
    let known = match (from_input, &arguments.provider) {
        (false, _) => runtime.block_on(of_provider(arguments, &arguments.token_of, None)),
        (true, Some(name)) => runtime.block_on(of_provider(arguments, name, Some(from_standard_input()?))),
        (true, None) => runtime.block_on(alone(arguments, from_standard_input()?)),
    }?;
    shown::show(&known, arguments);
    let doubted = known.verification.is_some_and(|verified| verified.result != Verification::Good);
    if doubted { Err(Failure::Ended(1)) } else { Ok(()) }
}

/// A token as people paste it: alone, or with the scheme before it.
fn from_standard_input() -> Result<Secret, Failure> {
    if io::stdin().is_terminal() {
        return Err(Failure::Usage("name a provider, or give the token on standard input".to_owned()));
    }
    let around = Surroundings::new(variable, io::stdin());
    let text = Source::StandardInput.read(&around).and_then(|reading| reading.text());
    let text = text.map_err(|error| Failure::Usage(error.to_string()))?;
    let token = text.expose().trim();
    let scheme = token.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer "));
    Ok(Secret::new(scheme.map_or(token, |(_, token)| token.trim())))
}

async fn of_provider(arguments: &Inspect, name: &str, token: Option<Secret>) -> Result<Known, Failure> {
    let config = read(&arguments.file)?;
    let parts = parts(&config, Arc::new(()), false)?;
    let agent = Agent::open(config, parts).map_err(AgentFailure::from)?;
    let provider = agent.provider(name).map_err(AgentFailure::from)?;
    let request = arguments.wanted.request(Duration::ZERO);
    let (token, kept) = match token {
        Some(token) => (token, None),
        None => {
            let (token, kept) = kept(&agent, &provider, (request, arguments.step.as_deref())).await?;
            (token, Some(kept))
        }
    };
    let sha256 = provider.identity().map(|identity| identity.current().certificate().sha256);
    let expected = Expected { audience: arguments.audience.as_deref(), certificate: sha256.as_ref() };
    let mut known = Known::of(token, &expected);
    known.kept = kept;
    if arguments.verify {
        known.verification = Some(match &arguments.jwks {
            Some(url) => elsewhere(url, &arguments.file, &known.token).await?,
            None => {
                let keys = Keys::of(&provider)?;
                keys.verify(provider.route(), provider.patience(), &known.token).await?
            }
        });
    }
    Ok(known)
}

/// The token that is kept, good or not.
async fn kept(
    agent: &Agent,
    provider: &Provider,
    (request, step): (Request<'_>, Option<&str>),
) -> Result<(Secret, Kept), Failure> {
    let name = provider.name();
    let steps = provider.steps(request).await.map_err(AgentFailure::from)?;
    let nothing = || {
        let why = if agent.keeps() { "nothing is kept" } else { "there is no cache, so nothing is kept" };
        let text =
            format!("{name}: {why}; try: chancela token {name} | chancela agent inspect - --provider {name}");
        Failure::Other(text)
    };
    let step = match step {
        None => steps.last().ok_or_else(nothing)?,
        Some(wanted) => steps.iter().find(|step| step.name == wanted).ok_or_else(|| {
            let known = steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>().join(", ");
            Failure::Usage(format!("{name}: there is no step {wanted:?}; it has: {known}"))
        })?,
    };
    let record = agent.record(step.key).map_err(AgentFailure::configuration)?;
    let token = record.token.clone().ok_or_else(nothing)?;
    let kept = Kept {
        step: step.name.clone(),
        margins: provider.margins(step, &record),
        session_ends_at: provider.session_ends_at(&record),
        left: token.life.left(agent.clock().now()),
        record,
    };
    Ok((token.access_token.clone(), kept))
}

/// A token of nobody whom we know.
async fn alone(arguments: &Inspect, token: Secret) -> Result<Known, Failure> {
    let expected = Expected { audience: arguments.audience.as_deref(), certificate: None };
    let mut known = Known::of(token, &expected);
    if arguments.verify {
        let Some(url) = &arguments.jwks else {
            let text = "--verify: whose keys? Name the provider with --provider, or the address of the keys with --jwks";
            return Err(Failure::Usage(text.to_owned()));
        };
        known.verification = Some(elsewhere(url, &arguments.file, &known.token).await?);
    }
    Ok(known)
}

/// With keys at an address that somebody named. The client's certificate is not shown there.
async fn elsewhere(url: &str, file: &AgentFile, token: &Secret) -> Result<Verified, Failure> {
    let around = Surroundings::new(variable, io::empty());
    let route = route(&http(file), &around, None, None).map_err(AgentFailure::from)?;
    Keys::at(url)?.verify(&route, PATIENCE, token).await
}

/// How servers are reached; as usual if there is no configuration, which a token alone does not need.
fn http(file: &AgentFile) -> Http {
    read(file).map(|AgentConfig { http, .. }| http).unwrap_or_default()
}

impl Known {
    fn of(token: Secret, expected: &Expected<'_>) -> Self {
        let now = SystemClock.now().wall.div_euclid(1000);
        let inspected = Inspected::of(&token);
        let doubts = inspected.doubts(expected, now);
        let is_bound = expected.certificate.and_then(|sha256| inspected.is_bound_to(sha256));
        Self { token, inspected, doubts, kept: None, is_bound, verification: None, now }
    }
}

/// Where keys are.
struct Keys {
    target: Target,
    path: String,
}

impl Keys {
    fn at(url: &str) -> Result<Self, Failure> {
        let target = Target::parse(url).map_err(|error| Failure::Usage(format!("--jwks: {error}")))?;
        Ok(Self { target, path: String::new() })
    }

    fn of(provider: &Provider) -> Result<Self, Failure> {
        let target = provider.target().cloned();
        let target = target.ok_or_else(|| Failure::Usage("name the keys with --jwks".to_owned()))?;
        Ok(Self { target, path: provider.keys_path() })
    }

    async fn verify(&self, route: &Route, patience: Duration, token: &Secret) -> Result<Verified, Failure> {
        let keys: Vec<VerifyingKey> = fetch_keys(route, &self.target, &self.path, patience)
            .await
            .map_err(|error| Failure::Other(format!("keys: {error}")))?;
        Ok(Verified { keys: self.target.url(&self.path), result: verify(token, &keys) })
    }
}
