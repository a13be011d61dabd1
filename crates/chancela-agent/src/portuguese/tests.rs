//! Each sentence of each error, in both languages: the same facts, the same commands, and what to do.

use super::samples::{self, Sample};
use super::{Portuguese, of_text};
use crate::agent::AgentError;
use crate::cache::{CacheError, CacheKeyError};
use crate::config::{AgentConfig, ConfigError};
use crate::engine::{Reason, Refusal};
use crate::enrolment::EnrolmentError;
use crate::identity::{IdentityError, IdentityWarning};
use crate::login::LoginError;
use crate::provider::{ProviderError, Timetable};
use crate::socket::{ClientError, Problem, ServeError};
use crate::source::{SourceError, SourceProblem, SourceWarning};
use crate::transport::{Lost, ProxyError, TargetError, TransportError};
use chancela_core::dialect::DialectError;
use chancela_core::entropy::EntropyError;
use chancela_core::message::authorization_request::LoginError as BeginError;
use chancela_core::message::authorization_response::AuthorizationAnswerError;
use chancela_core::message::certificate_order::client::OrderError;
use chancela_core::message::token_refusal::{RefusalClass, TokenRefusal, WireError};
use chancela_core::message::token_request::EncodeError;
use chancela_core::scope::ScopeError;
use chancela_core::x509::EncryptionError;
use proptest::prelude::*;
use std::io;
use std::path::Path;

fn both(error: &(impl std::fmt::Display + Portuguese)) -> Sample {
    (error.to_string(), error.pt_br())
}

fn text(fact: &str) -> String {
    format!("⟦{fact}⟧")
}

fn system() -> io::Error {
    io::Error::other("⟪e⟫")
}

fn refusal() -> TokenRefusal {
    TokenRefusal {
        status: http::StatusCode::UNAUTHORIZED,
        class: RefusalClass::Credentials,
        error: Some(WireError::Other(text("error"))),
        description: Some(text("description")),
        retry_after: Some(61),
        redirected_to: None,
    }
}

/// Errors that no text is kept of.
fn others() -> Vec<Sample> {
    let provider = || text("p");
    let mut all = vec![both(&EntropyError), both(&ProxyError), both(&refusal())];
    all.extend(
        [
            ProviderError::Identity { provider: provider(), error: Box::new(identity()) },
            ProviderError::Source { provider: provider(), error: source() },
            ProviderError::Request { provider: provider(), error: EncodeError::MissingTenant },
        ]
        .map(|error| both(&error)),
    );
    all.extend(logins().iter().map(both));
    all.extend(serving().iter().map(both));
    let client = [
        ClientError::NoAgent { path: text("a").into(), error: system() },
        ClientError::Cut,
        ClientError::Protocol { path: text("a").into() },
        ClientError::Timeout,
        ClientError::Refused(Box::new(Problem::from(&ProviderError::Interrupted))),
    ];
    all.extend(client.iter().map(both));
    let agent = [
        AgentError::Key(CacheKeyError::Short),
        AgentError::Cache(CacheError::Seal),
        AgentError::Entropy(EntropyError),
        AgentError::Record(system()),
        AgentError::Unknown { name: text("a"), known: text("b") },
        AgentError::Provider(ProviderError::Interrupted),
    ];
    all.extend(agent.iter().map(both));
    let path = || text("a").into();
    all.push(both(&ConfigError::Read { path: path(), error: system() }));
    all.push(both(&ConfigError::SeveralInputs { path: path(), first: text("b"), second: text("c") }));
    all.extend(enrolments().iter().map(both));
    all.extend(orders().iter().map(both));
    all.push(both(&ConfigError::Syntax { path: path(), line: 61, message: text("b") }));
    all.push(both(&DialectError::Syntax { file: text("a"), line: 61, message: text("b") }));
    all.push(both(&DialectError::Meaning { file: text("a"), key: text("b"), message: text("c") }));
    let open = || SourceWarning::OpenToOthers { path: path(), mode: 0o644 };
    let warnings =
        [IdentityWarning::Source(open()), IdentityWarning::NotForClients, IdentityWarning::MayNotSign];
    all.extend(warnings.iter().map(both));
    all.extend([both(&open()), both(&identity()), both(&source())]);
    all.push(both(&Timetable { life: 61, soft: 62, hard: 63, jitter_percent: 64 }));
    all
}

fn source() -> SourceError {
    SourceError { from: text("from"), problem: SourceProblem::Empty }
}

fn identity() -> IdentityError {
    IdentityError::Source(source())
}

fn logins() -> Vec<LoginError> {
    use LoginError as L;
    let provider = || text("p");
    vec![
        L::Agent(AgentError::Entropy(EntropyError)),
        L::Provider(ProviderError::Interrupted),
        L::NoLogin { provider: provider() },
        L::NoRedirect { provider: provider() },
        L::NotKept { provider: provider() },
        L::Begin { provider: provider(), error: BeginError::RedirectUri },
        L::Scope { provider: provider(), error: ScopeError::TooLong },
        L::Listen { address: text("a"), error: system() },
        L::PasteOnly,
        L::TimedOut,
        L::Pasted { redirect: text("a") },
        L::Answer(AuthorizationAnswerError::State),
        L::Transport { provider: provider(), error: TransportError::NoRoots },
        L::Refused { provider: provider(), refusal: Box::new(refusal()) },
        L::NotRevoked { provider: provider(), why: text("a") },
        L::DeviceOnly { provider: provider() },
        L::NoDevice { provider: provider() },
        L::Unreached { provider: provider(), error: TransportError::NoRoots },
        L::NoCodes { provider: provider(), refusal: Box::new(refusal()) },
        L::CodeExpired { provider: provider() },
        L::Denied { provider: provider() },
        L::DeviceRefused { provider: provider(), refusal: Box::new(refusal()) },
        L::Unbound { provider: provider() },
        L::Nonce { provider: provider() },
        L::Cache(system()),
        L::Entropy(EntropyError),
    ]
}

fn enrolments() -> Vec<EnrolmentError> {
    use EnrolmentError as E;
    let (provider, path) = (|| text("p"), || text("a").into());
    let transport = TransportError::NoRoots;
    vec![
        E::Unknown { name: text("a"), known: text("b") },
        E::NotConfigured { provider: provider(), template: text("a") },
        E::Configuration { provider: provider(), why: text("a") },
        E::Provider(ProviderError::Interrupted),
        E::Order { provider: provider(), error: OrderError::KeyOrigin },
        E::Source { provider: provider(), error: source() },
        E::Identity { provider: provider(), error: Box::new(identity()) },
        E::Key { provider: provider() },
        E::Sealed { provider: provider(), error: EncryptionError::WrongPassword },
        E::InTheWay { path: path() },
        E::NothingToRenew { provider: provider() },
        E::Transport { provider: provider(), step: "⟦s⟧", error: transport },
        E::Refused { provider: provider(), step: "⟦s⟧", said: text("a") },
        E::Uncertain { provider: provider(), at: text("a"), why: text("b"), most: 61 },
        E::Waits { provider: provider(), key: path() },
        E::NotProven { error: Box::new(ProviderError::Interrupted) },
        E::File { path: path(), error: system() },
        E::Journal { path: path(), why: text("b") },
        E::Foreign { path: path(), of: text("b") },
        E::Busy { path: path() },
    ]
}

fn orders() -> Vec<OrderError> {
    use OrderError as O;
    vec![O::MissingOrganization, O::KeyOrigin, O::Lifetime(61), O::Unwritable]
}

fn serving() -> Vec<ServeError> {
    use ServeError as S;
    let path = || text("a").into();
    vec![
        S::NoPlace,
        S::Bind { key: "⟦k⟧", path: path(), error: system() },
        S::NoSocket(path(), "⟦k⟧"),
        S::Taken(path(), "⟦k⟧"),
        S::Passed(system()),
        S::ManyPassed(61),
        S::Tcp { key: "⟦k⟧", address: ([127, 0, 0, 1], 61).into(), error: system() },
        S::Unknown { key: "⟦k⟧", name: text("a"), known: text("b") },
        S::Wait(system()),
    ]
}

/// What stands between two marks, as often as it does.
fn between(text: &str, marks: (char, char)) -> Vec<&str> {
    let mut out: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(marks.0) {
        let Some((found, next)) = after.split_once(marks.1) else { break };
        out.push(found);
        rest = next;
    }
    out.sort_unstable();
    out
}

/// Facts: what was inserted, numbers, commands, options, variables, names of keys and files.
fn facts(sentence: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for marks in [('⟦', '⟧'), ('⟪', '⟫')] {
        out.extend(between(sentence, marks).into_iter().map(str::to_owned));
    }
    // A code span of the shell's own contains no other.
    out.extend(between(sentence, ('`', '`')).into_iter().map(|code| format!("`{code}`")));
    let technical = |word: &&str| {
        word.starts_with("--")
            || word.starts_with("http")
            || word.chars().any(|c| matches!(c, '_' | '=' | '$' | '/'))
            || word.chars().all(|c| c.is_ascii_digit())
    };
    let words = sentence
        .split(|c: char| c.is_whitespace() || ",;()".contains(c))
        .map(|word| word.trim_end_matches([':', '.']));
    out.extend(words.filter(|word| !word.is_empty()).filter(technical).map(str::to_owned));
    out.sort_unstable();
    out
}

#[test]
fn each_sentence_has_the_facts_of_the_english_one_and_says_as_much_of_what_to_do() {
    for (english, portuguese) in samples::all().into_iter().chain(others()) {
        let mut said = facts(&portuguese);
        for fact in facts(&english) {
            let at = said.iter().position(|own| *own == fact);
            said.remove(at.unwrap_or_else(|| panic!("{fact:?} is missing:\n{english}\n{portuguese}")));
        }
        let parts = |text: &str| text.split("; ").count();
        assert_eq!(parts(&english), parts(&portuguese), "{english}\n{portuguese}");
        let only_facts =
            english.chars().all(|c| !c.is_alphabetic()) || english.starts_with('⟦') && english.ends_with('⟧');
        assert!(english != portuguese || only_facts || english.starts_with('⟪'), "not said: {english}");
    }
}

#[test]
fn every_variant_has_its_sample() {
    let attributes = |file: &str| file.matches("#[error(").count();
    let transparent = |file: &str| file.matches("#[error(transparent)]").count();
    for (name, variants, samples) in [
        // Addresses are four and plans two, in place of one each; an unreadable file is one for each reason; Identity, Source, Request and Refused are elsewhere.
        ("provider", attributes(include_str!("../provider/error.rs")), samples::provider().len() - 4 + 4),
        ("login", attributes(include_str!("../login/error.rs")), logins().len()),
        ("serve", attributes(include_str!("../socket/error.rs")), serving().len()),
        (
            "cache",
            attributes(include_str!("../cache/error.rs")),
            samples::cache().len() + samples::cache_key().len() + 1,
        ),
        // Its struct and the warning beside its problems.
        ("source", attributes(include_str!("../source/error.rs")), samples::source().len() + 2),
        ("transport", attributes(include_str!("../transport/error.rs")), samples::transport().len() + 1),
    ] {
        assert_eq!(
            samples, variants,
            "{name}: samples of its variants; add the new one to samples.rs or here"
        );
    }
    assert!(transparent(include_str!("../identity/error.rs")) >= 3);
}

#[test]
fn what_was_kept_as_a_text_is_said_as_if_it_had_not_been() {
    let errors: Vec<Sample> = vec![
        both(&TransportError::Connect("api.example:443".into(), io::Error::from_raw_os_error(111))),
        both(&TransportError::Lost(Lost::Timeout)),
        both(&TransportError::Proxy("proxy.example:3128".into(), 407)),
        both(&TransportError::ServerCertificate("api.example".into(), "UnknownIssuer".into())),
        both(&CacheError::Read { path: "/var/a b".into(), error: io::Error::from_raw_os_error(13) }),
        both(&EncodeError::Empty("client id")),
        both(&EncodeError::TooManyScopes { max: 1, given: 20 }),
        both(&ProviderError::Source {
            provider: "bank".into(),
            error: SourceError {
                from: "file:/x".into(),
                problem: SourceProblem::Unreadable(io::Error::from_raw_os_error(2)),
            },
        }),
        both(&ProviderError::Missing {
            provider: "bank".into(),
            key: "tenant",
            why: "every call of this provider's API carries x; give it as credential.x".into(),
        }),
        both(&ProviderError::Refused {
            provider: "bank".into(),
            refusal: Refusal {
                reason: Reason::Credentials,
                after: Some(300_000),
                said: Some(refusal().to_string().into()),
            },
        }),
        both(&DialectError::Unknown { name: "a".into(), known: "b, c".into() }),
        both(&TargetError::Plain("http://a.example".into())),
    ];
    for (english, portuguese) in errors {
        assert_eq!(of_text(&english), portuguese, "{english}");
        assert_ne!(english, portuguese);
    }
}

#[test]
fn a_wrong_configuration_is_told_in_portuguese_with_its_line() {
    let wrong = |text: &str| AgentConfig::parse(Path::new("agent.toml"), text).unwrap_err().pt_br();
    let provider = "[provider.a]\nclient_id = \"a\"\n";
    for (text, said) in [
        (
            format!("{provider}secret = \"x\"\n"),
            "agent.toml:3: campo desconhecido `secret`; use um destes: `dialect`",
        ),
        (
            format!("{provider}client_secret = \"hunter2\"\n"),
            "agent.toml:3: um segredo nunca fica na configuração",
        ),
        ("[provider.a]\n".to_owned(), "agent.toml:1: falta o campo `client_id`"),
        (
            format!("{provider}scope = 1\n"),
            "agent.toml:3: tipo errado: veio número inteiro `1`, espera-se um texto",
        ),
        ("[http]\ntimeout = \"soon\"\n".to_owned(), "agent.toml:2: um tempo é um número de segundos"),
        (format!("{provider}login.redirect = \"x\"\n"), "agent.toml:3: um redirect é http://127.0.0.1:PORT"),
        (format!("{provider}grant = \"x\"\n"), "agent.toml:3: valor desconhecido `x`; use um destes: "),
        ("[[agent.allow]]\n".to_owned(), "agent.toml:1: uma regra que não indica ninguém"),
    ] {
        let found = wrong(&text);
        assert!(found.starts_with(said), "{found}");
        assert!(!found.contains("hunter2"));
    }
}

#[test]
fn a_text_that_is_none_of_ours_stays_as_it_is() {
    for text in ["", "whatever the system says", "⟦a⟧ is no gap here", "x: y: z", "a b: c"] {
        assert_eq!(of_text(text), text);
    }
}

proptest! {
    /// The provider's own words stay as they are, even if they are a sentence of ours.
    #[test]
    fn a_providers_words_are_never_changed(words in "\\PC{1,60}|the provider did not answer in time; it may have acted all the same") {
        prop_assume!(!words.contains([';', '(', ')', ',']) || words.starts_with("the provider did"));
        let refusal = TokenRefusal { description: Some(words.clone()), error: None, retry_after: None, ..refusal() };
        let said = of_text(&refusal.to_string());
        prop_assert_eq!(&said, &refusal.pt_br());
        let quoted = format!("respondeu 401 ({words});");
        prop_assert!(said.contains(&quoted), "{}", said);
    }

    #[test]
    fn no_text_makes_it_fail(text in "\\PC{0,80}", inner in "[a-z:; ()`⟦⟧⟪⟫]{0,60}") {
        let _ = of_text(&text);
        let _ = of_text(&format!("bank: {inner} (next attempt in {text})"));
    }
}
