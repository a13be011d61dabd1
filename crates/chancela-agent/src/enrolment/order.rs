//! The order: who asks, the key or its passphrase, and what came of it.

use super::journal::{Journal, Kept, Stage};
use super::places::{remove, write};
use super::{Enrolment, EnrolmentError, Wish};
use crate::engine::{Class, duration};
use crate::identity::{ClientIdentity, Material};
use crate::provider::{Request, fresh, identity, route};
use crate::transport::{Target, TransportError};
use bytes::Bytes;
use chancela_core::dialect::{ApiParameter, ApiValue, KeyOrigin};
use chancela_core::message::HttpAnswer;
use chancela_core::message::certificate_order::client::OrderEnvelope;
use chancela_core::message::certificate_order::received::{OrderOutcome, OrderRefusal, OrderedCertificate};
use chancela_core::message::certificate_order::{CertificateOrder, OrderedKey};
use chancela_core::message::token_refusal::{TokenRefusal, WireError};
use chancela_core::message::token_response::iso_8601;
use chancela_core::secret::Secret;
use chancela_core::x509::{
    decrypt_private_key, encode_pem, encode_request, encrypt_private_key, generate_key,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a token for the order is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Fewer bytes stand in every other sentence, and protect nothing.
const SHORTEST_SECRET: usize = 4;
/// What the step is called in errors.
const STEP: &str = "ordering the certificate";

/// What an order brings.
pub(super) enum Brings {
    /// A private key that is made here, as PKCS #8.
    Key(Zeroizing<Vec<u8>>),
    /// The passphrase for a key that the provider makes.
    Passphrase(Secret),
}

impl Enrolment<'_> {
    /// Orders the certificate.
    pub(super) async fn order(&self, journal: &mut Journal, wish: &Wish) -> Result<(), EnrolmentError> {
        // One that is over proves nothing any more.
        let is_valid = self.installed()?.is_some_and(|own| self.now().seconds() <= own.not_after);
        let by_certificate = self.renews_by_certificate(journal.renews && is_valid, wish);
        let token = if by_certificate { None } else { Some(self.token(wish).await?) };
        let brings = self.prepare()?;
        let request = self.request(&brings, token.as_ref(), by_certificate)?;
        let shown = if by_certificate { self.current()? } else { None };
        let target = if by_certificate { self.secured_base()? } else { self.order_base()? };
        // What cannot be read or written is found out before anything is spent.
        let passphrase = self.passphrase()?;
        if let Some(path) = self.places.next_secret() {
            // Also of an order that was given up.
            write(&path, b"")?;
            remove(&path)?;
        }
        // From here on nobody can know what became of it but by the answer.
        if matches!(brings, Brings::Passphrase(_)) {
            // What an order that was given up has left there would be taken for this one's.
            write(&self.places.next(), b"")?;
            remove(&self.places.next())?;
        }
        if let Brings::Key(key) = &brings {
            write(&self.places.next(), self.key_pem(key, passphrase.as_ref())?.as_bytes())?;
        }
        journal.passphrase = match &brings {
            Brings::Passphrase(passphrase) => Some(Kept(passphrase.clone())),
            Brings::Key(_) => None,
        };
        (journal.stage, journal.ordered_at) = (Stage::Ordered, Some(self.now().seconds()));
        self.journal().store(journal)?;
        let answer = match self.send(STEP, (&target, shown), request).await {
            Ok(answer) => answer,
            Err(EnrolmentError::Transport { error, .. }) if error.class() == Class::Lost => {
                return Err(self.uncertain(journal, &format!(": {error}")));
            }
            Err(error) => return Err(self.undone(journal, error)),
        };
        let received = match self.received(&answer) {
            Ok(OrderOutcome::Issued(received)) => received,
            Ok(OrderOutcome::Waits) => {
                let (provider, key) = (self.name.to_owned(), self.places.next());
                return Err(EnrolmentError::Waits { provider, key });
            }
            Err(OrderRefusal::Refused(refusal)) if is_certain(answer.status()) => {
                let secrets = [token.as_ref(), journal.passphrase.as_ref().map(|kept| &kept.0)];
                let error = self.refused(STEP, &refusal, &secrets);
                return Err(self.undone(journal, error));
            }
            Err(refusal) => {
                let secrets = [token.as_ref(), journal.passphrase.as_ref().map(|kept| &kept.0)];
                let said = hidden(&format!(": {refusal}"), &secrets);
                return Err(self.uncertain(journal, &said));
            }
        };
        self.stage_certificate(journal, (&brings, passphrase.as_ref()), &received)?;
        journal.passphrase = None;
        journal.subject_dn = received.subject_dn;
        journal.stage = Stage::Certified;
        self.journal().store(journal)
    }

    /// Whether the old certificate stands for a token: where the provider has a place for renewals, or nothing else is there.
    pub(super) fn renews_by_certificate(&self, renews: bool, wish: &Wish) -> bool {
        let other = wish.token.is_some() || self.own.token.is_some() || self.onboarding().is_some();
        renews && wish.token.is_none() && (self.issuance().renewal_path.is_some() || !other)
    }

    /// The token that the order needs.
    async fn token(&self, wish: &Wish) -> Result<Secret, EnrolmentError> {
        let place = wish.token.as_ref().or(self.own.token.as_ref().map(|place| &place.0));
        if let Some(place) = place {
            let read = place.read(self.agent.around()).and_then(|reading| reading.text());
            return read.map_err(|error| EnrolmentError::Source { provider: self.name.to_owned(), error });
        }
        let config = self.onboarding().ok_or_else(|| {
            self.wrong("an order needs a token: name `enrollment.client_secret` (and `enrollment.client_id` if it is another client's), or give the provider's own with `--token file:PATH`")
        })?;
        let authorized = self.provider(config)?.token(Request::default(), PATIENCE).await?;
        Ok(authorized.served.token.access_token.clone())
    }

    /// Makes the key, or the passphrase for it.
    pub(super) fn prepare(&self) -> Result<Brings, EnrolmentError> {
        let (issuance, entropy) = (self.issuance(), &*self.agent.context().entropy);
        let failed = || EnrolmentError::Key { provider: self.name.to_owned() };
        match issuance.key {
            KeyOrigin::Client => generate_key(issuance.request.key).map(Brings::Key).map_err(|_| failed()),
            KeyOrigin::DangerServer => {
                issuance.passphrase.generate(entropy).map(Brings::Passphrase).map_err(|_| failed())
            }
        }
    }

    /// The order as it is sent.
    pub(super) fn request(
        &self,
        brings: &Brings,
        token: Option<&Secret>,
        renews: bool,
    ) -> Result<http::Request<Bytes>, EnrolmentError> {
        let issuance = self.issuance();
        let key = match brings {
            Brings::Passphrase(passphrase) => OrderedKey::DangerServer(passphrase.clone()),
            Brings::Key(key) => {
                let id = if self.registers() { self.own.client_id.as_ref() } else { None };
                let id = self.read(id.unwrap_or(&self.config.client_id))?;
                let pem = encode_request(key, &self.own.subject.of(id.expose()), issuance.request.hash);
                let wrong = |error| EnrolmentError::Request { provider: self.name.to_owned(), error };
                OrderedKey::Request(pem.map_err(wrong)?.into_bytes().into())
            }
        };
        let seconds = |span: crate::config::Span| u32::try_from(span.millis() / 1000).unwrap_or(u32::MAX);
        let order =
            CertificateOrder { key, lifetime: self.own.lifetime.map(seconds), pem: issuance.is_text() };
        let organization = self.organization()?;
        let envelope = OrderEnvelope {
            organization: organization.as_ref().map(Secret::expose),
            access_token: token,
            renews,
        };
        let written = order.encode(issuance, &envelope);
        let wrong = |error| EnrolmentError::Order { provider: self.name.to_owned(), error };
        let mut request = written.map_err(wrong)?;
        self.add_headers(&mut request, &issuance.headers)?;
        Ok(request)
    }

    /// Our organization at the provider.
    pub(super) fn organization(&self) -> Result<Option<Secret>, EnrolmentError> {
        self.own.organization.as_ref().map(|given| self.read(given)).transpose()
    }

    fn read(&self, given: &crate::config::Given) -> Result<Secret, EnrolmentError> {
        let read = given.read(self.agent.around());
        read.map_err(|error| EnrolmentError::Source { provider: self.name.to_owned(), error })
    }

    /// What every call of the API carries, and what is of this one.
    pub(super) fn add_headers(
        &self,
        request: &mut http::Request<Bytes>,
        own: &[ApiParameter],
    ) -> Result<(), EnrolmentError> {
        let usual = &self.secured()?.api.headers;
        for header in usual.iter().chain(own) {
            let value = match (&header.literal, header.value, &header.credential) {
                (Some(text), _, _) => Secret::new(text.clone()),
                // An id that the certificate is only going to give is in no header yet.
                (_, Some(ApiValue::ClientId), _) if self.registers() => continue,
                (_, Some(ApiValue::ClientId), _) => self.read(&self.config.client_id)?,
                (_, Some(ApiValue::Fresh), _) => Secret::new(fresh(&*self.agent.context().entropy)),
                (_, None, Some(name)) => match self.config.credential.get(name) {
                    Some(given) => self.read(given)?,
                    None => continue,
                },
                (_, None, None) => continue,
            };
            let name = HeaderName::from_bytes(header.name.as_bytes());
            if let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(value.expose())) {
                value.set_sensitive(header.credential.is_some());
                request.headers_mut().insert(name, value);
            }
        }
        Ok(())
    }

    /// The certificate that is in use.
    fn current(&self) -> Result<Option<Arc<ClientIdentity>>, EnrolmentError> {
        Ok(identity(self.name, self.config, self.agent.context())?)
    }

    /// Sends a request whose path is below `target`.
    pub(super) async fn send(
        &self,
        step: &'static str,
        (target, shown): (&Target, Option<Arc<ClientIdentity>>),
        mut request: http::Request<Bytes>,
    ) -> Result<Response<Bytes>, EnrolmentError> {
        let http = &self.agent.config().http;
        let context = self.agent.context();
        let route = route(http, &context.around, context.carrier.clone(), shown)?;
        let path = target.join(&request.uri().to_string());
        *request.uri_mut() = path.parse().map_err(|_| self.wrong("the address has no form of one"))?;
        let patience = duration(http.timeout.millis());
        let failed =
            |error: TransportError| EnrolmentError::Transport { provider: self.name.to_owned(), step, error };
        route.send(target, request, patience).await.map_err(failed)
    }

    fn received(&self, response: &Response<Bytes>) -> Result<OrderOutcome, OrderRefusal> {
        let answer =
            HttpAnswer { status: response.status(), headers: response.headers(), body: response.body() };
        let Ok(endpoint) = self.secured() else { return Err(OrderRefusal::Unreadable("shape of errors")) };
        OrderOutcome::parse(self.issuance(), endpoint, &answer, self.now())
    }

    /// Under which the key rests, if the configuration has one.
    fn passphrase(&self) -> Result<Option<Secret>, EnrolmentError> {
        let place = self.config.certificate_passphrase.as_ref();
        let read = place.map(|place| place.0.read(self.agent.around()).and_then(|reading| reading.text()));
        read.transpose().map_err(|error| EnrolmentError::Source { provider: self.name.to_owned(), error })
    }

    /// The key in PEM, encrypted if there is a passphrase for it.
    fn key_pem(
        &self,
        pkcs8: &[u8],
        passphrase: Option<&Secret>,
    ) -> Result<Zeroizing<String>, EnrolmentError> {
        let Some(passphrase) = passphrase else {
            return Ok(Zeroizing::new(encode_pem("PRIVATE KEY", pkcs8)));
        };
        let entropy = &*self.agent.context().entropy;
        let pem = encrypt_private_key(pkcs8, passphrase.expose(), entropy);
        pem.map(Zeroizing::new).map_err(|_| EnrolmentError::Key { provider: self.name.to_owned() })
    }

    /// Makes certificate, key and secret durable beside their places.
    fn stage_certificate(
        &self,
        journal: &Journal,
        (brings, passphrase): (&Brings, Option<&Secret>),
        received: &OrderedCertificate,
    ) -> Result<(), EnrolmentError> {
        let key = match (brings, &received.private_key) {
            (Brings::Key(key), _) => key.clone(),
            (Brings::Passphrase(passphrase), Some(pem)) => {
                decrypt_private_key(pem.expose(), passphrase.expose())
                    .map_err(|error| EnrolmentError::Sealed { provider: self.name.to_owned(), error })?
            }
            // The reader of answers has refused one without a key.
            (Brings::Passphrase(_), None) => {
                return Err(EnrolmentError::Key { provider: self.name.to_owned() });
            }
        };
        let all = received.certificates.iter().map(|certificate| encode_pem("CERTIFICATE", &certificate.der));
        let chain: String = all.collect();
        // What the provider sends may be of another key than ours, and would be of no use in any place.
        let clear = Zeroizing::new(encode_pem("PRIVATE KEY", &key));
        let material =
            Material { certificate: chain.as_bytes(), key: Some(clear.as_bytes()), passphrase: None };
        if let Err(problem) = material.certificate() {
            return Err(self.uncertain(journal, &format!(": what it sent cannot be used: {problem}")));
        }
        let own = self.key_pem(&key, passphrase)?;
        let mut text = Zeroizing::new(String::with_capacity(chain.len() + own.len()));
        text.push_str(&chain);
        text.push_str(&own);
        if let (Some(secret), Some(path)) = (&received.client_secret, self.places.next_secret()) {
            write(&path, secret.expose().as_bytes())?;
        }
        write(&self.places.next(), text.as_bytes())
    }

    /// Of an order that certainly gave no certificate.
    fn undone(&self, journal: &mut Journal, error: EnrolmentError) -> EnrolmentError {
        (journal.stage, journal.ordered_at, journal.passphrase) = (Stage::Begun, None, None);
        match self.journal().store(journal) {
            Ok(()) => error,
            Err(worse) => worse,
        }
    }

    pub(super) fn uncertain(&self, journal: &Journal, why: &str) -> EnrolmentError {
        EnrolmentError::Uncertain {
            provider: self.name.to_owned(),
            at: iso_8601(journal.ordered_at.unwrap_or_default()),
            why: why.to_owned(),
            most: self.issuance().max_valid,
        }
    }

    pub(super) fn refused(
        &self,
        step: &'static str,
        refusal: &TokenRefusal,
        secrets: &[Option<&Secret>],
    ) -> EnrolmentError {
        let most = self.issuance().max_valid;
        let TokenRefusal { status, error, description, .. } = refusal;
        let words = [error.as_ref().map(WireError::as_str), description.as_deref()];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        let told = if words.is_empty() { String::new() } else { format!(" ({})", words.join(": ")) };
        let said = hidden(&format!("the provider answered {}{told}", status.as_u16()), secrets);
        let hint = match *status {
            StatusCode::CONFLICT => format!(
                "; the provider gives at most {most} valid certificates at a time: have one revoked, or wait until one ends"
            ),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                "; check id, secret, token and organization, and whether the provider lets this client do it"
                    .to_owned()
            }
            _ => "; check what the configuration says, and what the provider asks for".to_owned(),
        };
        EnrolmentError::Refused { provider: self.name.to_owned(), step, said: said + &hint }
    }
}

/// Whether an answer says that nothing was done. A gateway's 502 says nothing of what stands behind it.
fn is_certain(status: StatusCode) -> bool {
    status == StatusCode::SERVICE_UNAVAILABLE
        || !(status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT)
}

/// A provider's words without ours in them.
pub(super) fn hidden(text: &str, secrets: &[Option<&Secret>]) -> String {
    let secrets = secrets.iter().flatten().map(|secret| secret.expose());
    let secrets = secrets.filter(|secret| secret.len() >= SHORTEST_SECRET);
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "[redacted]"))
}
