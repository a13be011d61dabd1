//! After the order: the registration, the proof, and the files' places.

use super::journal::{Journal, Kept, Registered, Stage};
use super::order::PATIENCE;
use super::places::{put, write};
use super::{Enrolment, EnrolmentError};
use crate::identity::ClientIdentity;
use crate::provider::{Request, identity};
use chancela_core::client_auth::Method;
use chancela_core::grant::GrantType;
use chancela_core::message::HttpAnswer;
use chancela_core::message::client_registration::ClientRegistration;
use chancela_core::message::client_registration::client::{RegisteredClient, RegistrationRefusal};
use chancela_core::record::CertificateSubject;
use chancela_core::secret::{Secret, hex};
use std::sync::Arc;

/// What the step is called in errors.
const STEP: &str = "registering the client";

impl Enrolment<'_> {
    /// Registers a client with the new certificate, where the provider wants one and there is none with this subject.
    pub(super) async fn register(&self, journal: &mut Journal) -> Result<(), EnrolmentError> {
        let certificate = self.certificate_of(&self.places.next())?;
        let subject = journal.subject_dn.clone().unwrap_or_else(|| certificate.subject.to_rfc4514());
        journal.thumbprint = Some(hex(&certificate.sha256));
        let known = journal.registered.as_ref();
        let same = |own: &Registered| own.subject_dn == subject && own.scope == self.config.scope;
        if self.registers() && !known.is_some_and(same) {
            journal.registered = Some(self.registered(&subject).await?);
        }
        journal.stage = Stage::Registered;
        self.journal().store(journal)
    }

    /// What is registered: nobody but the holder of the certificate, for the scope that is configured.
    pub(super) fn registration(&self, subject: &str) -> Result<ClientRegistration, EnrolmentError> {
        Ok(ClientRegistration {
            client_id: None,
            client_name: None,
            grant_types: vec![GrantType::ClientCredentials],
            scope: self.config.scope.clone(),
            method: Method::TlsClientAuth,
            subject: Some(CertificateSubject::Dn(subject.into())),
            bound: false,
            organization: self.organization()?.map(|text| text.expose().to_owned()),
        })
    }

    async fn registered(&self, subject: &str) -> Result<Registered, EnrolmentError> {
        let rules = &self.dialect.registration;
        let path =
            rules.path.parse().map_err(|_| self.wrong("the dialect's path of registrations is none"))?;
        let mut request = self.registration(subject)?.encode(rules, &path);
        self.add_headers(&mut request, &[])?;
        let target = self.secured_base()?;
        let response = self.send(STEP, (&target, self.next_identity()?), request).await?;
        let answer =
            HttpAnswer { status: response.status(), headers: response.headers(), body: response.body() };
        let read = RegisteredClient::parse(rules, self.secured()?, &answer, self.now());
        let RegisteredClient { client_id, scope: _, access_token, client_uri } =
            read.map_err(|refusal| match refusal {
                RegistrationRefusal::Refused(refusal) => self.refused(STEP, &refusal, &[]),
                RegistrationRefusal::Unreadable => self.unreadable(STEP, refusal.to_string()),
            })?;
        let (subject_dn, scope) = (subject.to_owned(), self.config.scope.clone());
        Ok(Registered { client_id, subject_dn, scope, access_token: access_token.map(Kept), client_uri })
    }

    fn unreadable(&self, step: &'static str, said: String) -> EnrolmentError {
        EnrolmentError::Refused { provider: self.name.to_owned(), step, said }
    }

    /// The new certificate.
    fn next_identity(&self) -> Result<Option<Arc<ClientIdentity>>, EnrolmentError> {
        let mut config = self.config.clone();
        config.certificate = Some(crate::config::Place(crate::source::Source::File(self.places.next())));
        Ok(identity(self.name, &config, self.agent.context())?)
    }

    /// Asks for a token as every program will. It stays in the cache for them.
    pub(super) async fn prove(&self, journal: &mut Journal) -> Result<(), EnrolmentError> {
        let not_proven = |error| EnrolmentError::NotProven { error: Box::new(error) };
        let provider = self.provider(self.future(journal))?;
        provider.token(Request::default(), PATIENCE).await.map_err(not_proven)?;
        journal.stage = Stage::Proven;
        self.journal().store(journal)
    }

    /// Puts secret, id and certificate in their places, the certificate last: it is what tells that all is there.
    pub(super) fn install(&self, journal: &mut Journal) -> Result<(), EnrolmentError> {
        let place = &self.places.certificate;
        if !journal.renews && place.exists() && !self.is_installed(journal) {
            return Err(EnrolmentError::InTheWay { path: place.clone() });
        }
        if let (Some(from), Some(to)) = (self.places.next_secret(), &self.places.client_secret) {
            put(&from, to)?;
        }
        if let (Some(path), Some(registered)) = (&self.places.client_id, &journal.registered) {
            let there = std::fs::read(path).is_ok_and(|bytes| bytes == registered.client_id.as_bytes());
            if !there {
                write(path, registered.client_id.as_bytes())?;
            }
        }
        put(&self.places.next(), place)?;
        if !self.is_installed(journal) {
            let error = std::io::Error::other("the new certificate is neither here nor beside it");
            return Err(EnrolmentError::File { path: place.clone(), error });
        }
        (journal.stage, journal.failures, journal.failed_at) = (Stage::Done, 0, None);
        self.journal().store(journal)
    }

    fn is_installed(&self, journal: &Journal) -> bool {
        let there = self.installed().ok().flatten().map(|certificate| hex(&certificate.sha256));
        there.is_some() && there == journal.thumbprint
    }
}

/// What a secret's place shows.
pub(super) fn stand_in() -> Secret {
    Secret::new("***")
}
