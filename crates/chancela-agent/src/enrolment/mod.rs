//! How a client comes to its certificate at a provider, and to the next one: a token for the order, the order, a registration
//! with the new certificate (RFC 7591) where the provider wants one, and a token over mutual TLS that proves it all.
//!
//! Owns the order of these steps, what of them is durable, and the files. Does not own messages (core's), tokens (a
//! [`Provider`]'s, as everywhere) nor what else ends (the [`calendar`](crate::calendar)'s).
//!
//! A [`Stage`] is durable before the next step begins, so that a kill between any two goes on where it was. An order is
//! never sent twice by itself: providers count certificates, and of an answer that was lost nobody here knows what became.
//! A registration is sent again, because the same certificate gives the same client. Nothing that is in use is touched
//! before the new certificate has given a token; then one rename replaces certificate and key together.

mod due;
mod error;
mod explain;
mod journal;
mod order;
mod places;
mod steps;
mod template;

pub use error::EnrolmentError;
pub use explain::ExplainedStep;
pub use journal::Stage;
pub use template::template;

use crate::agent::Agent;
use crate::config::{EnrollmentConfig, Given, Place, ProviderConfig};
use crate::identity::{Identity, IdentityFiles};
use crate::provider::{Provider, environment};
use crate::source::Source;
use crate::transport::Target;
use chancela_core::dialect::{CertificateIssuance, Dialect, TokenEndpoint};
use chancela_core::time::Timestamp;
use chancela_core::x509::Certificate;
use journal::{Journal, JournalFile};
use places::{Places, file};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long another process's enrolment is waited for.
const TURN: Duration = Duration::from_secs(120);

/// What is wanted of an enrolment.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The next certificate, although there is one.
    pub renew: bool,
    /// Order again although an order was sent whose outcome is not known, or whose certificate cannot be used.
    pub again: bool,
    /// A token for the order, in the place of the configured one.
    pub token: Option<Source>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A new certificate is in its place.
    Enrolled {
        /// Its end, seconds since the epoch.
        ends_at: i64,
    },
    /// There was one already.
    Already {
        /// Its end, seconds since the epoch.
        ends_at: i64,
    },
}

/// One provider's enrolment.
pub struct Enrolment<'a> {
    name: &'a str,
    agent: &'a Agent,
    config: &'a ProviderConfig,
    own: &'a EnrollmentConfig,
    dialect: Arc<Dialect>,
    environment: String,
    places: Places,
}

impl<'a> Enrolment<'a> {
    /// That of a provider of the configuration.
    ///
    /// # Errors
    /// [`EnrolmentError`]: there is none, or it does not say where something is.
    pub fn open(agent: &'a Agent, name: &'a str) -> Result<Self, EnrolmentError> {
        let config = agent.config().provider.get(name).ok_or_else(|| EnrolmentError::Unknown {
            name: name.to_owned(),
            known: agent.names().collect::<Vec<_>>().join(", "),
        })?;
        let dialect = Provider::dialect_of(name, config, agent.library())?;
        let environment = environment(name, &dialect, config)?;
        let own = config.enrollment.as_ref().ok_or_else(|| EnrolmentError::NotConfigured {
            provider: name.to_owned(),
            template: template(name, config, &dialect, agent.folder()),
        })?;
        let registers = own.client_id.is_some();
        let places =
            Places::of(config, (registers, dialect.certificate_issuance.is_text())).map_err(|why| {
                EnrolmentError::Configuration { provider: name.to_owned(), why: why.to_owned() }
            })?;
        Ok(Self { name, agent, config, own, dialect, environment, places })
    }

    /// Does all that is left to do. May block on files; a runtime whose thread serves others calls it on another one.
    ///
    /// # Errors
    /// [`EnrolmentError`]. What was done is kept: the next call goes on from there.
    pub async fn run(&self, wish: &Wish) -> Result<Outcome, EnrolmentError> {
        let before = self.installed()?.map(|own| own.sha256);
        let _turn = self.places.lock(TURN)?;
        // Whoever had the lock meanwhile may have renewed it: each is counted by the provider.
        if wish.renew
            && !wish.again
            && let (Some(before), Some(own)) = (before, self.installed()?)
            && own.sha256 != before
        {
            return Ok(Outcome::Already { ends_at: own.not_after });
        }
        let mut journal = match self.begin(wish)? {
            Begin::At(journal) => *journal,
            Begin::Already(ends_at) => return Ok(Outcome::Already { ends_at }),
        };
        loop {
            match journal.stage {
                Stage::Begun => self.order(&mut journal, wish).await?,
                Stage::Ordered if self.certificate_of(&self.places.next()).is_ok() => {
                    // The answer was put in its place, and the journal was not told any more.
                    (journal.passphrase, journal.stage) = (None, Stage::Certified);
                    self.journal().store(&journal)?;
                }
                Stage::Ordered => return Err(self.uncertain(&journal, "")),
                Stage::Certified => self.register(&mut journal).await?,
                Stage::Registered => self.prove(&mut journal).await?,
                Stage::Proven => self.install(&mut journal)?,
                Stage::Done => break,
            }
        }
        let ends_at = self.installed()?.map_or(0, |certificate| certificate.not_after);
        Ok(Outcome::Enrolled { ends_at })
    }

    /// The certificate in its place, if there is one.
    ///
    /// # Errors
    /// [`EnrolmentError::Identity`]: it cannot be read.
    pub fn installed(&self) -> Result<Option<Certificate>, EnrolmentError> {
        if !self.places.certificate.exists() {
            return Ok(None);
        }
        self.certificate_of(&self.places.certificate).map(Some)
    }

    /// How far it is; `None` if nothing was ever begun.
    ///
    /// # Errors
    /// [`EnrolmentError`]: the journal cannot be read.
    pub fn stage(&self) -> Result<Option<Stage>, EnrolmentError> {
        Ok(self.journal().load()?.map(|journal| journal.stage))
    }

    /// Where to go on.
    fn begin(&self, wish: &Wish) -> Result<Begin, EnrolmentError> {
        let found = self.journal().load()?;
        if let Some(journal) = &found {
            self.is_ours(journal)?;
        }
        if let Some(journal) = &found {
            let is_under_way = !matches!(journal.stage, Stage::Begun | Stage::Done);
            if is_under_way && !wish.again {
                return Ok(Begin::At(Box::new(journal.clone())));
            }
        }
        let installed = self.installed()?;
        match (&installed, wish.renew) {
            // After a lost answer of a renewal, ordering again is renewing again.
            (Some(_), false) if wish.again && found.as_ref().is_some_and(|own| own.renews) => {}
            // An order that nobody knows the end of is over where the certificate was put in its place by hand.
            (Some(own), false)
                if wish.again && found.as_ref().is_some_and(|own| own.stage == Stage::Ordered) =>
            {
                if let Some(mut journal) = found.clone() {
                    journal.stage = Stage::Done;
                    self.journal().store(&journal)?;
                }
                return Ok(Begin::Already(own.not_after));
            }
            (Some(own), false) => match found.filter(|journal| self.differs(journal)) {
                Some(journal) => return self.again_with_the_same(&journal),
                None => return Ok(Begin::Already(own.not_after)),
            },
            (None, true) => return Err(EnrolmentError::NothingToRenew { provider: self.name.to_owned() }),
            (Some(_), true) | (None, false) => {}
        }
        let in_the_way = self.places.in_the_way().filter(|_| installed.is_none() && found.is_none());
        if let Some(path) = in_the_way {
            return Err(EnrolmentError::InTheWay { path: path.to_owned() });
        }
        let journal = match found {
            Some(old) => old.next(installed.is_some()),
            None => Journal::new(self.name, &self.dialect.name, &self.environment).next(installed.is_some()),
        };
        Ok(Begin::At(Box::new(journal)))
    }

    /// Whether the client is registered for another scope than the configuration's.
    fn differs(&self, journal: &Journal) -> bool {
        let scope = journal.registered.as_ref().map(|own| &own.scope);
        self.registers() && scope.is_some_and(|scope| *scope != self.config.scope)
    }

    /// A registration with the certificate that is in use, proven and put in its place as a new one is.
    fn again_with_the_same(&self, journal: &Journal) -> Result<Begin, EnrolmentError> {
        let path = &self.places.certificate;
        let bytes = std::fs::read(path).map(Zeroizing::new);
        let bytes = bytes.map_err(|error| EnrolmentError::File { path: path.clone(), error })?;
        places::write(&self.places.next(), &bytes)?;
        let mut next = journal.next(true);
        next.stage = Stage::Certified;
        self.journal().store(&next)?;
        Ok(Begin::At(Box::new(next)))
    }

    fn is_ours(&self, journal: &Journal) -> Result<(), EnrolmentError> {
        let named = (&*journal.provider, &*journal.dialect, &*journal.environment);
        if named == (self.name, &*self.dialect.name, &*self.environment) {
            return Ok(());
        }
        let of = format!("{}, {}, {}", named.0, named.1, named.2);
        Err(EnrolmentError::Foreign { path: self.places.journal(), of })
    }

    fn journal(&self) -> JournalFile<'a> {
        JournalFile::new(self.places.journal(), self.agent.cache(), self.name)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.agent.clock().now().wall)
    }

    fn issuance(&self) -> &CertificateIssuance {
        &self.dialect.certificate_issuance
    }

    /// Whether the certificate registers a client of its own.
    const fn registers(&self) -> bool {
        self.own.client_id.is_some()
    }

    /// A file with certificate and key.
    fn files(&self, path: &Path) -> IdentityFiles {
        IdentityFiles {
            certificate: Source::File(path.to_owned()),
            key: None,
            passphrase: self.config.certificate_passphrase.as_ref().map(|place| place.0.clone()),
        }
    }

    fn certificate_of(&self, path: &Path) -> Result<Certificate, EnrolmentError> {
        let wrong =
            |error| EnrolmentError::Identity { provider: self.name.to_owned(), error: Box::new(error) };
        let all = Identity::certificates(&self.files(path), self.agent.around()).map_err(wrong)?;
        // There is one, or there would be an error.
        all.into_iter().next().ok_or_else(|| EnrolmentError::Key { provider: self.name.to_owned() })
    }

    /// The token endpoint that the certificate is for, or the only one.
    fn secured(&self) -> Result<&TokenEndpoint, EnrolmentError> {
        let named = self.config.endpoint.as_deref().or(Some(&*self.dialect.registration.token_endpoint));
        let named = named.and_then(|name| self.dialect.token_endpoint(name));
        let all = &self.dialect.token_endpoints;
        let found = named.or_else(|| all.iter().find(|one| one.requires.mutual_tls)).or(all.first());
        found.ok_or_else(|| self.wrong("the dialect has no token endpoint"))
    }

    /// Where the certificate is shown: for registrations and renewals.
    fn secured_base(&self) -> Result<Target, EnrolmentError> {
        let endpoint = self.secured()?;
        let own = self.config.address.as_deref();
        self.target(own.or_else(|| self.dialect.base_url(endpoint, &self.environment)))
    }

    /// Where certificates are ordered.
    fn order_base(&self) -> Result<Target, EnrolmentError> {
        let (own, environment) = (self.own, self.dialect.environments.get(&self.environment));
        let configured = [&own.certificate_address, &own.address, &self.config.address];
        let configured = configured.into_iter().find_map(Option::as_deref);
        let documented = environment.and_then(|one| one.certificate_url.as_ref().or(one.base_url.as_ref()));
        self.target(configured.or(documented.map(String::as_str)))
    }

    fn target(&self, address: Option<&str>) -> Result<Target, EnrolmentError> {
        let address = address.ok_or_else(|| self.wrong("the dialect does not know the address; give it with `address`, and where orders go with `enrollment.certificate_address`"))?;
        Target::parse(address).map_err(|error| self.wrong(&error.to_string()))
    }

    fn wrong(&self, why: &str) -> EnrolmentError {
        EnrolmentError::Configuration { provider: self.name.to_owned(), why: why.to_owned() }
    }

    /// Who asks for the token of an order; `None` where none is configured.
    fn onboarding(&self) -> Option<ProviderConfig> {
        let usual = self.config.client_secret.as_ref().filter(|place| {
            let path = file(Some(place));
            path.is_none() || path != self.places.client_secret.as_deref()
        });
        let client_secret = self.own.client_secret.as_ref().or(usual)?;
        let client_id = self.own.client_id.as_ref().unwrap_or(&self.config.client_id);
        Some(ProviderConfig {
            client_id: client_id.clone(),
            client_secret: Some(client_secret.clone()),
            endpoint: self.own.endpoint.clone(),
            address: self.own.address.clone().or_else(|| self.config.address.clone()),
            scope: Some(self.issuance().scope.clone()),
            certificate: None,
            certificate_passphrase: None,
            method: None,
            grant: None,
            resource: None,
            enrollment: None,
            ..self.config.clone()
        })
    }

    /// The provider as it will be with the new certificate.
    fn future(&self, journal: &Journal) -> ProviderConfig {
        let mut config = self.config.clone();
        config.certificate = Some(Place(Source::File(self.places.next())));
        if let Some(registered) = journal.registered.as_ref().filter(|_| self.registers()) {
            config.client_id = Given::Literal(registered.client_id.clone());
        }
        if let Some(secret) = self.places.next_secret().filter(|path| path.exists()) {
            config.client_secret = Some(Place(Source::File(secret)));
        }
        config
    }

    /// A provider of this agent with another configuration.
    fn provider(&self, config: ProviderConfig) -> Result<Provider, EnrolmentError> {
        let agent = self.agent;
        Ok(Provider::open(self.name, config, &agent.config().http, agent.library(), agent.context().clone())?)
    }
}

enum Begin {
    At(Box<Journal>),
    /// There is a certificate, which ends then.
    Already(i64),
}
