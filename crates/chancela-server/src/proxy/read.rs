//! Reading the certificate out of a request, or saying why it is not believed.

use super::config::ClientCertificateHeader;
use super::names;
use crate::config::ConfigError;
use chancela_core::secret::sha256;
use chancela_core::time::Timestamp;
use chancela_core::x509::forwarded::mac::{self, MacError, MacKey, Vouched};
use chancela_core::x509::forwarded::{self, Form, ForwardedError};
use http::header::AsHeaderName;
use http::{HeaderMap, HeaderName};

/// What the connection says about who is at its other end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Link<'a> {
    /// Whether it came through `listen.unix`.
    pub unix_socket: bool,
    /// The certificate, as DER, with whose key the other end shook hands (mutual TLS).
    pub certificate: Option<&'a [u8]>,
}

/// A request, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub struct Carried<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path, without the query, as it came.
    pub path: &'a str,
    /// Its headers, none of them removed yet.
    pub headers: &'a HeaderMap,
    /// Names of certificate headers that the dialect documents for its clients (`danger_client_certificate`): they are
    /// nobody's forgery, and no certificate either.
    pub except: &'a [&'a str],
}

/// Which certificate the client showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No proxy is in between: what the connection's own certificate says counts, if it has one.
    Absent,
    /// A proxy is in between, and its client showed no certificate. The connection's own certificate is the proxy's and
    /// must not count.
    NoneShown,
    /// The certificates that the proxy's client showed, as DER, its own first. The connection's own is the proxy's.
    Certificates(Vec<Vec<u8>>),
    /// Somebody who did not prove to be a proxy sent a certificate. As [`Outcome::Absent`], to be audited; nothing may
    /// read the headers.
    Unproven,
    /// The request must be answered with 400.
    Refused(Why),
}

/// Why a request with a certificate's header is refused. The text is for logs, not for answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// A header came twice.
    #[error("the client certificate's header came twice; let the proxy replace what clients send")]
    Repeated,
    /// Another header that passes certificates on came along, or another spelling of the same.
    #[error("another client certificate header, or another spelling, came along; let the proxy remove it")]
    Another,
    /// A chain came without a certificate.
    #[error("a client certificate's chain came without the certificate; let the proxy remove it")]
    ChainAlone,
    /// A value is not ASCII text.
    #[error("the client certificate's header is not text")]
    NotText,
    /// A value is not what the form says.
    #[error("the client certificate's header {0}")]
    Unreadable(#[from] ForwardedError),
    /// The MAC is not right.
    #[error("the header Client-Cert-Mac {0}")]
    Mac(#[from] MacError),
}

/// The header, and the proofs of whom it is believed from.
#[derive(Debug)]
pub struct ForwardedCertificates {
    form: Form,
    header: HeaderName,
    chain_header: Option<HeaderName>,
    from_unix_socket: bool,
    /// SHA-256 of their DER.
    proxies: Vec<[u8; 32]>,
    mac_key: Option<MacKey>,
}

impl ForwardedCertificates {
    /// Checks the configuration and reads its files.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong.
    pub fn new(config: &ClientCertificateHeader) -> Result<Self, ConfigError> {
        config.check_proofs()?;
        let (header, chain_header) = config.names()?;
        Ok(Self {
            form: config.form,
            header,
            chain_header,
            from_unix_socket: config.from_unix_socket,
            proxies: config.proxies()?,
            mac_key: config.mac_key()?,
        })
    }

    /// Whether the other end of `link` proved to be a proxy.
    pub fn is_proxy(&self, link: &Link<'_>) -> bool {
        let listed = |der| self.proxies.contains(&sha256(der));
        (self.from_unix_socket && link.unix_socket) || link.certificate.is_some_and(listed)
    }

    /// The certificate of the client who sent `request` through `link`.
    pub fn read(&self, link: &Link<'_>, request: &Carried<'_>, now: Timestamp) -> Outcome {
        self.try_read(link, request, now).unwrap_or_else(Outcome::Refused)
    }

    fn try_read(&self, link: &Link<'_>, request: &Carried<'_>, now: Timestamp) -> Result<Outcome, Why> {
        let proven = self.has_mac(request, now)? || self.is_proxy(link);
        if !proven {
            return Ok(if self.claims(request) { Outcome::Unproven } else { Outcome::Absent });
        }
        if self.others(request) {
            return Err(Why::Another);
        }
        let certificate = only(request.headers, &self.header)?;
        let chain = self.chain(request.headers)?;
        match (certificate, chain) {
            (None, None) => Ok(Outcome::NoneShown),
            (None, Some(_)) => Err(Why::ChainAlone),
            (Some(value), chain) => Ok(Outcome::Certificates(forwarded::parse(self.form, value, chain)?)),
        }
    }

    /// Whether a MAC vouches for the request; one that is there and is wrong is an error, whatever else is proven.
    fn has_mac(&self, request: &Carried<'_>, now: Timestamp) -> Result<bool, Why> {
        let Some(key) = &self.mac_key else { return Ok(false) };
        let Some(value) = only(request.headers, mac::HEADER)? else { return Ok(false) };
        let vouched = Vouched {
            method: request.method,
            path: request.path,
            certificate: only(request.headers, &self.header)?.unwrap_or_default(),
            chain: self.chain(request.headers)?.unwrap_or_default(),
        };
        key.verify(value, &vouched, now)?;
        Ok(true)
    }

    fn chain<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Why> {
        self.chain_header.as_ref().map_or(Ok(None), |name| only(headers, name))
    }

    /// Whether `name` is a header that is read here.
    fn reads(&self, name: &HeaderName) -> bool {
        *name == self.header || self.chain_header.as_ref() == Some(name)
    }

    /// Whether somebody claims to pass a certificate on.
    fn claims(&self, request: &Carried<'_>) -> bool {
        let own = |name: &HeaderName| self.reads(name) && !is_excepted(name, request);
        request.headers.keys().any(own) || self.others(request)
    }

    /// Whether there is a certificate's header beside those that are read, or another spelling of them.
    fn others(&self, request: &Carried<'_>) -> bool {
        let other = |name: &HeaderName| {
            let spelled = |own: &HeaderName| names::same(own.as_str(), name.as_str());
            let meant = spelled(&self.header) || self.chain_header.as_ref().is_some_and(spelled);
            !self.reads(name) && (meant || names::is_known(name.as_str())) && !is_excepted(name, request)
        };
        request.headers.keys().any(other)
    }
}

fn is_excepted(name: &HeaderName, request: &Carried<'_>) -> bool {
    request.except.iter().any(|other| other.eq_ignore_ascii_case(name.as_str()))
}

/// The one value of a header.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Result<Option<&str>, Why> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Why::Repeated);
    }
    let text = first.map(|value| value.to_str().map_err(|_| Why::NotText)).transpose()?;
    // What servers write for a variable that has no value.
    Ok(text.filter(|text| !matches!(*text, "" | "(null)" | "-")))
}
