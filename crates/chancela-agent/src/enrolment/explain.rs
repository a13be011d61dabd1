//! What an enrolment would send, for people: each step's exact request without its secrets. Sends nothing, makes no key that
//! is kept, and writes nothing.

use super::order::Brings;
use super::steps::stand_in;
use super::{Enrolment, EnrolmentError, Wish};
use crate::provider::Request;
use crate::transport::Target;
use bytes::Bytes;
use chancela_core::dialect::KeyOrigin;
use chancela_core::secret::Secret;
use std::path::PathBuf;

/// What stands where a subject does that only the certificate has.
const SUBJECT: &str = "SUBJECT OF THE CERTIFICATE";

/// One step.
#[derive(Debug, Clone)]
pub struct ExplainedStep {
    /// What it is, in a few words.
    pub what: String,
    /// Where the request goes.
    pub url: String,
    /// Its headers, secrets hidden.
    pub headers: Vec<(String, String)>,
    /// Its body, secrets hidden.
    pub body: String,
    /// The file with certificate and key that the connection shows.
    pub certificate: Option<PathBuf>,
}

impl Enrolment<'_> {
    /// The requests of an enrolment, in their order.
    ///
    /// # Errors
    /// [`EnrolmentError`]: what would not be sent either.
    pub async fn explain(&self, wish: &Wish) -> Result<Vec<ExplainedStep>, EnrolmentError> {
        let mut out = Vec::new();
        let by_certificate = self.renews_by_certificate(wish.renew, wish);
        let given = wish.token.is_some() || self.own.token.is_some();
        if let Some(config) = self.onboarding().filter(|_| !by_certificate && !given) {
            for step in self.provider(config)?.explain(Request::default()).await? {
                out.push(ExplainedStep {
                    what: "a token for the order".to_owned(),
                    url: step.url,
                    headers: step.headers,
                    body: step.body,
                    certificate: None,
                });
            }
        }
        out.push(self.order_explained(by_certificate)?);
        if self.registers() {
            let rules = &self.dialect.registration;
            let path =
                rules.path.parse().map_err(|_| self.wrong("the dialect's path of registrations is none"))?;
            let mut request = self.registration(SUBJECT)?.encode(rules, &path);
            self.add_headers(&mut request, &[])?;
            let base = self.secured_base()?;
            let certificate = Some(self.places.next());
            out.push(written(
                "the registration of a client with the certificate",
                &base,
                &request,
                certificate,
            ));
        }
        Ok(out)
    }

    fn order_explained(&self, by_certificate: bool) -> Result<ExplainedStep, EnrolmentError> {
        let issuance = self.issuance();
        let brings = match issuance.key {
            KeyOrigin::Client => self.prepare()?,
            KeyOrigin::DangerServer => {
                // What would be made, with nothing of it told.
                Brings::Passphrase(self.made_up_passphrase()?)
            }
        };
        let token = (!by_certificate).then(stand_in);
        let request = self.request(&brings, token.as_ref(), by_certificate)?;
        let base = if by_certificate { self.secured_base()? } else { self.order_base()? };
        let certificate = by_certificate.then(|| self.places.certificate.clone());
        let mut step = written("the order of the certificate", &base, &request, certificate);
        if let Brings::Passphrase(passphrase) = &brings {
            let json = serde_json::to_string(passphrase.expose()).unwrap_or_default();
            step.body = step.body.replace(&json, "\"***\"");
        }
        Ok(step)
    }

    fn made_up_passphrase(&self) -> Result<Secret, EnrolmentError> {
        match self.prepare()? {
            Brings::Passphrase(passphrase) => Ok(passphrase),
            Brings::Key(_) => Ok(stand_in()),
        }
    }
}

fn written(
    what: &str,
    base: &Target,
    request: &http::Request<Bytes>,
    certificate: Option<PathBuf>,
) -> ExplainedStep {
    let headers = request.headers().iter().map(|(name, value)| {
        let text = if value.is_sensitive() { "***" } else { value.to_str().unwrap_or("***") };
        (name.as_str().to_owned(), text.to_owned())
    });
    ExplainedStep {
        what: what.to_owned(),
        url: base.url(&request.uri().to_string()),
        headers: headers.collect(),
        body: String::from_utf8_lossy(request.body()).into_owned(),
        certificate,
    }
}
