//! Readers of hostile input, as far as their own modules have no property test: the twins of the targets in `fuzz/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::client_auth::Credentials;
use chancela_core::dialect::{ClientAuthentication, Jwt, Library, ParameterNames};
use chancela_core::jose::{JwsAlgorithm, SigningKey};
use chancela_core::message::HttpRequest;
use chancela_core::message::body::Parameters;
use chancela_core::time::Timestamp;
use chancela_core::token::jwt;
use chancela_core::x509::Certificate;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use std::sync::LazyLock;

const ISSUER: &str = "https://id.example";
const DIALECT: &str = include_str!("../../../../dialects/bs2.toml");

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let pkcs8 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    SigningKey::from_pkcs8(JwsAlgorithm::Es256, pkcs8.as_ref()).unwrap()
});

/// A good token with these claims, each a piece of JSON.
fn token(exp: &str, iat: &str, client_id: &str) -> String {
    let header = format!("{{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"{}\"}}", KEY.jwk().kid());
    let payload = format!(
        "{{\"iss\":\"{ISSUER}\",\"sub\":\"c\",\"client_id\":{client_id},\"exp\":{exp},\"iat\":{iat},\
         \"jti\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}"
    );
    let mut token = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload));
    KEY.sign(&mut token).unwrap();
    token
}

fn is_good(text: &str) -> bool {
    jwt::verify(text, &Jwt::default(), &[KEY.verifying_key()], ISSUER, Timestamp::from_seconds(1000))
        .is_some()
}

/// K-05: a number of another kind is no number, not an absent one.
#[test]
fn claims_of_the_wrong_type_make_no_token() {
    assert!(is_good(&token("2000", "900", "\"c\"")));
    for exp in ["\"2000\"", "2000.5", "1e400", "null", "true", "[2000]", "99999999999999999999", "-1", "1000"]
    {
        assert!(!is_good(&token(exp, "900", "\"c\"")), "exp {exp}");
    }
    for iat in ["\"900\"", "900.5", "1e400", "null", "[900]", "99999999999999999999"] {
        assert!(!is_good(&token("2000", iat, "\"c\"")), "iat {iat}");
    }
    for client_id in ["1", "null", "[\"c\"]", "{}"] {
        assert!(!is_good(&token("2000", "900", client_id)), "client_id {client_id}");
    }
}

proptest! {
    /// K-01 to K-04: one changed character, and it is no token.
    #[test]
    fn a_changed_token_is_none(at: prop::sample::Index, character in "[A-Za-z0-9._=-]") {
        let good = token("2000", "900", "\"c\"");
        let mut changed = good.clone();
        let at = at.index(good.len());
        changed.replace_range(at..=at, &character);
        prop_assert_eq!(is_good(&changed), changed == good);
    }

    #[test]
    fn no_text_is_a_token(text in "(eyJ)?[A-Za-z0-9._-]{0,200}|\\PC{0,60}") {
        prop_assert!(!is_good(&text));
    }

    #[test]
    fn no_text_makes_the_reader_of_certificates_fail(
        text in "(-----BEGIN[ +]CERTIFICATE-----)?[A-Za-z0-9+/=% \\\\n]{0,200}(-----END CERTIFICATE-----)?|\\PC{0,60}",
        der in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = Certificate::parse_header(&text);
        let _ = Certificate::parse_der(&der);
    }

    #[test]
    fn no_header_makes_the_reader_of_credentials_fail(bytes in prop::collection::vec(any::<u8>(), 0..120), basic: bool) {
        let text = if basic { format!("Basic {}", BASE64URL.encode(&bytes)).into_bytes() } else { bytes };
        let Ok(value) = HeaderValue::from_bytes(&text) else { return Ok(()) };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value);
        let request = HttpRequest {
            method: &Method::POST,
            query: None,
            headers: &headers,
            body: b"",
            certificate: None,
        };
        let (policy, names) = (ClientAuthentication::default(), ParameterNames::default());
        if let Ok(credentials) = Credentials::parse(&policy, &names, &request, &Parameters::default()) {
            prop_assert!(!credentials.client_id().is_empty());
        }
    }

    /// A dialect file with lines left out, doubled or broken: a dialect, or an error that names the file.
    #[test]
    fn a_damaged_dialect_file_is_a_dialect_or_an_error_that_says_where(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, "\\PC{0,6}"), 1..4),
    ) {
        let mut lines: Vec<String> = DIALECT.lines().map(str::to_owned).collect();
        for (at, kind, text) in damage {
            let at = at.index(lines.len());
            match kind {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[at].clone()),
                2 => lines[at].push_str(&text),
                _ => lines[at] = lines[at].replace(|c: char| c.is_ascii_digit(), "999999999999"),
            }
        }
        let mut library = Library::builtin();
        library.add("bs2", "damaged.toml", &lines.join("\n"));
        if let Err(error) = library.load("bs2") {
            prop_assert!(error.to_string().contains("damaged.toml"), "{}", error);
        }
    }
}
