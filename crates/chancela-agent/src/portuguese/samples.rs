//! One sentence of each kind that may be kept as a text, in both languages and with gaps for what differs. They are made by
//! the errors themselves, so that no sentence is written twice.

use super::Portuguese;
use crate::cache::{CacheError, CacheKeyError, KeyId, Unreadable};
use crate::engine::{PlanError, Reason, Refusal, TokenKey};
use crate::identity::{IdentityError, IdentityProblem};
use crate::proof::ProveError;
use crate::provider::ProviderError;
use crate::source::{CommandLineError, SourceProblem, SourceSyntaxError};
use crate::transport::{Lost, ProxyError, TargetError, TransportError};
use chancela_core::dialect::DialectError;
use chancela_core::entropy::EntropyError;
use chancela_core::jose::PrivateKeyError;
use chancela_core::message::authorization_request::LoginError as BeginError;
use chancela_core::message::authorization_response::AuthorizationAnswerError;
use chancela_core::message::token_refusal::{RefusalClass, TokenRefusal, WireError};
use chancela_core::message::token_request::EncodeError;
use chancela_core::scope::ScopeError;
use chancela_core::x509::{CertificateError, EncryptionError, Pkcs12Error};
use std::fmt::Display;
use std::io::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// English and Portuguese.
pub(super) type Sample = (String, String);

/// Numbers that stand for a gap.
const NUMBERS: [(&str, &str); 3] = [("60001", "⟦m⟧"), ("60002", "⟦n⟧"), ("203", "⟦s⟧")];
const M: u16 = 60001;
const N: u16 = 60002;
/// An exit code has a byte.
const EXIT: i32 = 203;

/// All of them.
pub(super) fn all() -> Vec<Sample> {
    [
        provider(),
        reasons(),
        transport(),
        refusals(),
        encoding(),
        login(),
        source(),
        syntax(),
        cache(),
        cache_key(),
        identity(),
        material(),
        vec![
            both(&unknown_dialect()),
            both(&TargetError::Malformed(gap())),
            both(&TargetError::Plain(gap())),
        ],
    ]
    .concat()
}

fn both(error: &(impl Display + Portuguese)) -> Sample {
    let gaps = |text: String| NUMBERS.iter().fold(text, |text, (number, gap)| text.replace(number, gap));
    (gaps(error.to_string()), gaps(error.pt_br()))
}

fn each<T: Display + Portuguese>(errors: impl IntoIterator<Item = T>) -> Vec<Sample> {
    errors.into_iter().map(|error| both(&error)).collect()
}

/// What is given back as it is.
fn gap() -> String {
    "⟦a⟧".to_owned()
}

fn other() -> String {
    "⟦b⟧".to_owned()
}

/// What the system said.
fn system() -> Error {
    Error::other("⟪e⟫")
}

fn unknown_dialect() -> DialectError {
    DialectError::Unknown { name: gap(), known: other() }
}

pub(super) fn provider() -> Vec<Sample> {
    use ProviderError as E;
    let provider = || "⟦p⟧".to_owned();
    each([
        E::Dialect { provider: provider(), error: unknown_dialect() },
        E::Environment { provider: provider(), known: gap() },
        E::NoAddress { provider: provider() },
        E::Address { provider: provider(), error: TargetError::Malformed(gap()) },
        E::Address { provider: provider(), error: TargetError::Superfluous(Some(gap())) },
        E::Address { provider: provider(), error: TargetError::Superfluous(None) },
        E::Address { provider: provider(), error: TargetError::Plain(gap()) },
        E::Endpoint { provider: provider(), known: gap() },
        E::Step { provider: provider(), step: gap(), known: other() },
        E::Authorities { path: gap().into(), error: system() },
        E::Proxy(ProxyError),
        E::Missing { provider: provider(), key: "⟪k⟫", why: "⟪w⟫".to_owned() },
        E::Header { provider: provider(), header: gap() },
        E::Plan { provider: provider(), error: PlanError::StepUnknown },
        E::Plan { provider: provider(), error: PlanError::TooManySteps },
        E::TooManyScopes { provider: provider() },
        E::Deadline { provider: provider() },
        E::LoginRequired { provider: provider() },
        E::Interrupted,
        E::NotEnrolled { provider: provider() },
        E::Key { provider: provider(), key: "⟦k⟧", error: PrivateKeyError::Jwk },
        E::KeptKey { provider: provider(), error: system() },
        E::Proof { provider: provider(), error: ProveError::Entropy(EntropyError) },
        E::CallAddress,
    ])
}

pub(super) fn reasons() -> Vec<Sample> {
    let reasons = [
        Reason::LoginRequired,
        Reason::Unavailable,
        Reason::Budget,
        Reason::TooEarly,
        Reason::Credentials,
        Reason::Request,
        Reason::Configuration,
        Reason::TooShort,
        Reason::LifeUnknown,
        Reason::Cache,
        Reason::Unregistered,
    ];
    let said = [None, Some("⟪w⟫".into())];
    let refusals = reasons.into_iter().flat_map(|reason| {
        said.clone().map(|said| ProviderError::Refused {
            provider: "⟦p⟧".to_owned(),
            refusal: Refusal { reason, after: None, said },
        })
    });
    each(refusals)
}

pub(super) fn transport() -> Vec<Sample> {
    use TransportError as E;
    each([
        E::NoRoots,
        E::Resolve(gap()),
        E::Connect(gap(), system()),
        E::ConnectTimeout(gap()),
        E::Proxy(gap(), M),
        E::ProxyProtocol(gap()),
        E::ServerCertificate(gap(), other()),
        E::Tls(gap(), other()),
        E::ClientCertificate(gap()),
        E::Lost(Lost::Timeout),
        E::Lost(Lost::Broken),
        E::Lost(Lost::TooLarge),
        E::Lost(Lost::Encoded),
    ])
}

/// The provider's words stand beside the status, in one gap.
pub(super) fn refusals() -> Vec<Sample> {
    let classes = [
        RefusalClass::Busy,
        RefusalClass::Garbled,
        RefusalClass::Credentials,
        RefusalClass::Request,
        RefusalClass::Grant,
    ];
    let of = |status, class, retry_after, redirected_to| TokenRefusal {
        status,
        class,
        error: None,
        description: None,
        retry_after,
        redirected_to,
    };
    let plain = classes.into_iter().flat_map(|class| {
        [None, Some(u32::from(N))]
            .map(|wait| of(http::StatusCode::NON_AUTHORITATIVE_INFORMATION, class, wait, None))
    });
    let redirects =
        [None, Some(gap())].map(|host| of(http::StatusCode::FOUND, RefusalClass::Request, None, host));
    each(plain.chain(redirects))
}

pub(super) fn encoding() -> Vec<Sample> {
    use EncodeError as E;
    let mut all = each([
        E::Grant { grant: "⟦a⟧", offered: other() },
        E::Encoding,
        E::Scope(ScopeError::TooLong),
        E::Scope(ScopeError::Character),
        E::CommaInScope,
        E::TooManyScopes { max: M, given: usize::from(N) },
        E::ScopeNotExact(gap()),
        E::MissingScope,
        E::MethodNotOffered { method: "⟦a⟧", offered: other() },
        E::NoMethod { offered: gap() },
        E::MissingMutualTls,
        E::MissingChainToken { from: gap() },
        E::MissingCertificate { header: gap() },
        E::UnreadableCertificate { header: gap() },
        E::MissingApiKey { header: gap() },
        E::MissingHeader { header: gap() },
        E::MissingTenant,
        E::InvalidTenant,
        E::ColonInId,
        E::Header { name: gap() },
        E::MethodLacks { method: "⟦a⟧", lacks: "⟪b⟫" },
        E::Empty("⟪a⟫"),
        E::ControlCharacter("⟪a⟫"),
        E::NotTaken("⟪a⟫"),
    ]);
    all.extend(each([ScopeError::TooLong, ScopeError::Character]));
    all
}

pub(super) fn login() -> Vec<Sample> {
    use AuthorizationAnswerError as A;
    use BeginError as B;
    let refused = |description| A::Refused { error: WireError::Other(gap()), description };
    let mut all = each([A::Malformed, A::State, A::Issuer, refused(None), refused(Some(other()))]);
    let begin =
        [B::Length("⟪a⟫"), B::RedirectUri, B::MissingNonce, B::ScopeNotExact(gap()), B::Parameter(gap())];
    all.extend(each(begin));
    all
}

pub(super) fn source() -> Vec<Sample> {
    use SourceProblem as P;
    let status = || ExitStatus::from_raw(EXIT << 8);
    each([
        P::Unreadable(system()),
        P::NotAFile,
        P::Writable { mode: 0o60001 },
        P::TooLarge,
        P::Empty,
        P::NotText,
        P::Unset,
        P::NoCredentials,
        P::NotStarted(system()),
        P::TimedOut,
        P::Failed(status()),
        P::NoKeyring(system()),
        P::NotInKeyring(status()),
        P::Spent,
    ])
}

pub(super) fn syntax() -> Vec<Sample> {
    use CommandLineError as C;
    use SourceSyntaxError as S;
    let commands = [C::Empty, C::Open, C::Shell, C::Zero].map(S::Command);
    each([S::Literal, S::Empty, S::Tilde, S::VariableName, S::Name].into_iter().chain(commands))
}

pub(super) fn cache() -> Vec<Sample> {
    use CacheError as C;
    let key = TokenKey::of(&[]);
    let shown = key.to_string();
    let path = || gap().into();
    let unreadable = |reason| C::Unreadable { path: path(), reason };
    let id = KeyId([0xab; 8]);
    let shown_id = id.to_string();
    let all = each([
        C::Directory { path: path(), error: system() },
        C::Foreign { path: path(), owner: u32::from(M) },
        C::OpenToOthers { path: path(), mode: 0o60001 },
        C::Read { path: path(), error: system() },
        C::Write { path: path(), error: system() },
        C::Lock { path: path(), error: system() },
        C::Busy { key, patience: Duration::from_secs(u64::from(M)) },
        unreadable(Unreadable::Damaged),
        unreadable(Unreadable::UnknownKey(id)),
        unreadable(Unreadable::NewerFormat(u8::try_from(EXIT).unwrap_or_default())),
        unreadable(Unreadable::OtherContents),
        C::Newer { key, on_disk: u64::from(M), ours: u64::from(N) },
        C::TooLarge(key),
        C::Seal,
    ]);
    // Keys have no text of one's choice.
    let gaps = |text: String| text.replace(&shown, "⟦k⟧").replace(&shown_id, "⟦i⟧").replace("⟦m⟧s", "⟦m⟧");
    all.into_iter().map(|(english, portuguese)| (gaps(english), gaps(portuguese))).collect()
}

pub(super) fn cache_key() -> Vec<Sample> {
    use CacheKeyError as K;
    let source = K::Source(crate::source::SourceError { from: gap(), problem: SourceProblem::Empty });
    each([
        K::Missing,
        source,
        K::Short,
        K::Derivation,
        K::File { path: gap().into(), error: system() },
        K::Entropy(EntropyError),
    ])
}

pub(super) fn identity() -> Vec<Sample> {
    use IdentityProblem as I;
    each([
        I::NotPem,
        I::Certificate(CertificateError::TooLarge),
        I::Certificate(CertificateError::Malformed),
        I::Certificate(CertificateError::NoCertificate),
        I::NoKey,
        I::SeveralKeys,
        I::KeyTwice,
        I::KeyKind,
        I::OldEncryption,
        I::NoPassphrase,
        I::WrongPassphrase,
        I::Encryption(EncryptionError::Malformed),
        I::Encryption(EncryptionError::Legacy),
        I::Encryption(EncryptionError::Unsupported),
        I::Encryption(EncryptionError::WrongPassword),
        I::Encryption(EncryptionError::Entropy(EntropyError)),
        I::Encryption(EncryptionError::Failed),
        I::Pkcs12(Pkcs12Error::Malformed),
        I::Pkcs12(Pkcs12Error::Legacy),
        I::Pkcs12(Pkcs12Error::Unsupported),
        I::Pkcs12(Pkcs12Error::WrongPassword),
        I::Pkcs12(Pkcs12Error::EmptyPassword),
        I::Pkcs12(Pkcs12Error::Key),
        I::Pkcs12(Pkcs12Error::Certificate),
        I::Pkcs12(Pkcs12Error::Entropy(EntropyError)),
        I::Pkcs12(Pkcs12Error::Failed),
        I::Mismatch,
        I::NotYetValid { days: i64::from(M) },
        I::Expired { days: i64::from(M) },
    ])
}

/// A certificate with what is the matter with it.
pub(super) fn material() -> Vec<Sample> {
    let of = |key: &str| {
        let problem = IdentityProblem::Mismatch;
        let (english, portuguese) =
            both(&IdentityError::Material { from: gap(), key: key.to_owned(), problem });
        let (what, said) = both(&IdentityProblem::Mismatch);
        (english.replace(&what, "⟪w⟫"), portuguese.replace(&said, "⟪w⟫"))
    };
    vec![of(" with ⟦b⟧"), of("")]
}
