//! Textual encodings of X.509 and PKCS structures (RFC 7468).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Base64 that need not be padded: what loses its line breaks often loses that too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Characters of base64 in a line (RFC 7468 §2).
const LINE: usize = 64;

/// The PEM of `der` under a label such as `CERTIFICATE`.
pub fn encode_pem(label: &str, der: &[u8]) -> String {
    let base64 = Zeroizing::new(BASE64.encode(der));
    let mut pem = String::with_capacity(base64.len() + base64.len() / LINE + 2 * label.len() + 40);
    pem.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut left = base64.as_str();
    while !left.is_empty() {
        let (line, rest) = left.split_at_checked(LINE).unwrap_or((left, ""));
        pem.push_str(line);
        pem.push('\n');
        left = rest;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// The DER of the first structure with this label; text around it and white space inside it do not count.
pub fn decode_pem(label: &str, pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let base64: Zeroizing<String> =
        Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    BASE64.decode(base64.as_bytes()).ok().map(Zeroizing::new)
}

/// The DER of the sections with one of these labels, in their order; none if one of them is broken. Other sections and
/// text between sections do not count.
pub(super) fn sections(text: &str, labels: &[&str]) -> Option<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, body) = after.split_once("-----")?;
        if !labels.contains(&label) {
            rest = body;
            continue;
        }
        let (body, after) = body.split_once("-----END ")?;
        rest = after.strip_prefix(label)?.strip_prefix("-----")?;
        out.push(decode(body)?);
    }
    Some(out)
}

/// Base64 with white space in it.
pub(super) fn decode(body: &str) -> Option<Vec<u8>> {
    let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64.decode(base64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pem_round_trips(der in proptest::collection::vec(any::<u8>(), 0..400)) {
            let pem = encode_pem("X", &der);
            prop_assert!(pem.lines().all(|line| line.len() <= LINE));
            prop_assert_eq!(&*decode_pem("X", &format!("before\n{pem}after")).unwrap(), &der);
            prop_assert!(decode_pem("Y", &pem).is_none());
        }
    }
}
