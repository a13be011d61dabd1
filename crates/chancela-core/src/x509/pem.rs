//! Textual encodings of X.509 and PKCS structures (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

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
