//! X.509 (RFC 5280) as far as mutual TLS needs it: reading certificates, names and requests, believing chains, and making
//! what our certificate authorities sign.
//!
//! Pure: bytes, keys, time and random numbers come in. Parsing and signing are libraries'; what is believed and what is
//! signed is decided here.

mod authority;
mod authority_key;
pub mod certificate;
mod crl;
mod der;
mod distinguished_name;
mod extension;
pub mod forwarded;
mod header;
mod installed;
mod issue;
mod jwk;
mod key_pair;
pub mod name;
mod ocsp;
mod passphrase;
mod pbes2;
mod pem;
mod pkcs12;
mod pkcs8;
pub mod presented;
mod profile;
pub mod public_key;
pub mod request;
mod request_encode;
pub mod revocation_list;
pub mod trust;
mod weak_rsa;

pub use authority::{Authority, AuthorityError, AuthorityName};
pub use authority_key::{AuthorityKey, AuthorityKeyError, AuthorityKeyKind};
pub use certificate::{AltNames, Certificate, CertificateError};
pub use crl::Revocation;
pub use extension::{Locations, Validity};
pub use installed::{InstallError, check_installed};
pub use key_pair::{KeyGenerationError, KeyPairKind, generate_key, public_key_of};
pub use name::{DistinguishedName, NameError};
pub use ocsp::{CertificateState, MAX_REQUEST_BYTES as MAX_OCSP_REQUEST_BYTES, OcspError, OcspRequest};
pub use passphrase::{MAX_PASSPHRASE, PassphraseError, PassphraseRule};
pub use pbes2::EncryptionError;
pub use pem::{decode_pem, encode_pem};
pub use pkcs8::{decrypt_private_key, encrypt_private_key};
pub use pkcs12::{Pkcs12, Pkcs12Error, decode_pkcs12, encode_pkcs12};
pub use presented::{Confirmation, PresentedCertificate, Standing};
pub use profile::{ClientProfile, ProfileError, SubjectAttribute};
pub use public_key::{KeyError, KeyKind, PublicKey};
pub use request::{CertificateRequest, RequestError};
pub use request_encode::{EncodeRequestError, RequestSignature, encode_request};
pub use revocation_list::{RevocationList, RevocationListError};
pub use trust::{AnchorError, ChainError, PresentedChain, TrustAnchors, VerifiedChain};
