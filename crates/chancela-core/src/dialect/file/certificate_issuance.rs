//! How clients of a provider get their certificates from it.

use super::ApiParameter;
use crate::x509::{KeyPairKind, PassphraseRule, RequestSignature};
use serde::{Deserialize, Serialize};

/// How clients of a provider get their certificates from it. The default is a certificate request (RFC 2986).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateIssuance {
    /// Path below the realm's issuer; `{organization}` stands for one segment that names the client's organization.
    pub path: String,
    /// A second path below the issuer, where a provider documents another one for renewals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal_path: Option<String>,
    /// Who makes the key.
    pub key: KeyOrigin,
    /// What a client makes, where it makes the key.
    pub request: CertificateRequestRules,
    /// Scope that the access token needs.
    pub scope: String,
    /// Name of the member with the passphrase under which a key that the server made is encrypted.
    pub passphrase_member: String,
    /// What that passphrase must have.
    pub passphrase: PassphraseRule,
    /// Name of the member with the lifetime in days.
    pub lifetime_days_member: String,
    /// Longest lifetime in days, and the usual one.
    pub max_lifetime_days: u16,
    /// Most valid certificates of one client.
    pub max_valid: u16,
    /// HTTP status of success.
    pub status: u16,
    /// Where an order makes a new client secret too: what stands before it on the first line of an answer in text. It
    /// takes the place of the client's secrets, so that whoever steals the token that orders takes the client over. A
    /// client that shows its certificate has a secret, and gets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub danger_client_secret_line: Option<String>,
    /// Headers of an order beside those of every call of the API; the server reads none of them.
    pub headers: Vec<ApiParameter>,
    /// Members of the answer in order; one without a value is left out.
    pub members: Vec<CertificateMember>,
}

/// The key and the certificate request (RFC 2986) that a client makes. A server takes any that is strong enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateRequestRules {
    /// Kind of the key.
    pub key: KeyPairKind,
    /// Hash under which a key of RSA signs the request.
    pub hash: RequestSignature,
}

impl Default for CertificateRequestRules {
    fn default() -> Self {
        Self { key: KeyPairKind::P256, hash: RequestSignature::default() }
    }
}

/// Who makes the key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOrigin {
    /// The client: it sends a certificate request.
    Client,
    /// The server, which sends the key once, encrypted under a passphrase that the client chose.
    DangerServer,
}

/// One member of the answer: its name and where its value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateMember {
    /// Name in the body.
    pub name: String,
    /// Source of the value.
    pub value: CertificateValue,
}

/// Source of a member's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateValue {
    /// The certificate in PEM.
    Certificate,
    /// The authorities' certificates up to the root, in PEM.
    Chain,
    /// The subject as RFC 4514 writes it.
    SubjectDn,
    /// The private key in PEM, encrypted under the passphrase, where the server made it.
    PrivateKey,
    /// The serial number as a UUID.
    Uuid,
    /// The serial number in hexadecimal.
    SerialNumber,
    /// Start of its validity, seconds since the epoch.
    NotBefore,
    /// End of its validity, seconds since the epoch.
    NotAfter,
    /// SHA-256 of its DER, base64url: what tokens are bound to.
    Thumbprint,
    /// `issued`, or `requested` where an operator has to approve it.
    Status,
    /// The passphrase as it was sent.
    DangerPassphrase,
}

impl Default for CertificateIssuance {
    fn default() -> Self {
        let member = |name: &str, value| CertificateMember { name: name.into(), value };
        Self {
            path: "/certificates".into(),
            renewal_path: None,
            key: KeyOrigin::Client,
            request: CertificateRequestRules::default(),
            scope: "certificate.create".into(),
            passphrase_member: "passphrase".into(),
            passphrase: PassphraseRule::default(),
            lifetime_days_member: "lifetime_days".into(),
            max_lifetime_days: 365,
            max_valid: 2,
            status: 201,
            danger_client_secret_line: None,
            headers: Vec::new(),
            members: vec![
                member("serial_number", CertificateValue::SerialNumber),
                member("status", CertificateValue::Status),
                member("certificate", CertificateValue::Certificate),
                member("certificate_chain", CertificateValue::Chain),
                member("subject_dn", CertificateValue::SubjectDn),
                member("not_before", CertificateValue::NotBefore),
                member("not_after", CertificateValue::NotAfter),
                member("x5t#S256", CertificateValue::Thumbprint),
            ],
        }
    }
}
