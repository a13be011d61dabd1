//! Proof key for code exchange (RFC 7636), method S256 alone: whoever redeems a code shows that it began the flow.

use crate::secret::{Secret, sha256};
use aws_lc_rs::{constant_time, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

/// The one `code_challenge_method`. `plain` shows the verifier to whoever sees the authorization request.
pub const METHOD: &str = "S256";

const CHALLENGE_CHARACTERS: usize = 43;

/// Reads a `code_challenge`: 43 characters of base64url that are the one spelling of 32 bytes.
pub fn parse_challenge(text: &str) -> Option<[u8; 32]> {
    if text.len() != CHALLENGE_CHARACTERS {
        return None;
    }
    BASE64URL.decode(text).ok()?.try_into().ok()
}

/// The `code_verifier` of 32 random bytes (RFC 7636 §4.1), which its client keeps until it redeems the code.
pub fn verifier(random: &[u8; 32]) -> Secret {
    Secret::new(BASE64URL.encode(random))
}

/// The `code_challenge` of a verifier (RFC 7636 §4.2).
pub fn challenge(verifier: &Secret) -> String {
    BASE64URL.encode(sha256(verifier.expose().as_bytes()))
}

/// Whether `verifier` is well-formed and its SHA-256 is `challenge`.
pub fn verify(challenge: &[u8; 32], verifier: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    let digest = digest::digest(&digest::SHA256, verifier.as_bytes());
    constant_time::verify_slices_are_equal(challenge, digest.as_ref()).is_ok() && well_formed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_verifies() {
        assert!(verify(&parse_challenge(CHALLENGE).unwrap(), VERIFIER));
        assert_eq!(challenge(&Secret::new(VERIFIER)), CHALLENGE);
    }

    /// PK-05, D-03.
    #[test]
    fn a_challenge_is_43_characters_that_are_32_bytes() {
        let (a42, a44, a129) = ("A".repeat(42), "A".repeat(44), "A".repeat(129));
        let hex = "0123456789abcdef".repeat(4);
        let padded = format!("{CHALLENGE}=");
        // "N" has bits that 32 bytes have no room for.
        let uncanonical = format!("{}N", &CHALLENGE[..42]);
        let other_alphabet = CHALLENGE.replace('-', "+");
        for text in ["", &a42, &a44, &a129, &hex, &padded, &uncanonical, &other_alphabet] {
            assert_eq!(parse_challenge(text), None, "{text:?}");
        }
    }

    /// PK-06.
    #[test]
    fn a_malformed_verifier_verifies_nothing() {
        let of = |verifier: &str| {
            <[u8; 32]>::try_from(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref()).unwrap()
        };
        let accepted = |verifier: &str| verify(&of(verifier), verifier);
        assert!(accepted(&"a".repeat(43)) && accepted(&"~".repeat(128)));
        for verifier in [
            String::new(),
            "a".repeat(42),
            "a".repeat(129),
            format!("{VERIFIER}="),
            "á".repeat(43),
            format!("{VERIFIER} "),
            format!("{VERIFIER}+"),
        ] {
            assert!(!accepted(&verifier), "{verifier:?}");
        }
        assert!(!verify(&parse_challenge(CHALLENGE).unwrap(), CHALLENGE), "the challenge is no verifier");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail_and_only_the_one_spelling_is_read(text in ".{0,60}", bytes: [u8; 32]) {
            if let Some(read) = parse_challenge(&text) {
                prop_assert_eq!(BASE64URL.encode(read), text);
            }
            prop_assert_eq!(parse_challenge(&BASE64URL.encode(bytes)), Some(bytes));
        }

        #[test]
        fn a_clients_own_verifier_fits_its_challenge(random: [u8; 32]) {
            let own = verifier(&random);
            prop_assert!(verify(&parse_challenge(&challenge(&own)).unwrap(), own.expose()));
        }

        /// PK-07.
        #[test]
        fn only_its_own_verifier_fits(a in "[A-Za-z0-9._~-]{43,128}", b in "[A-Za-z0-9._~-]{43,128}") {
            let challenge: [u8; 32] = digest::digest(&digest::SHA256, a.as_bytes()).as_ref().try_into().unwrap();
            prop_assert!(verify(&challenge, &a));
            prop_assert_eq!(verify(&challenge, &b), a == b);
        }
    }
}
