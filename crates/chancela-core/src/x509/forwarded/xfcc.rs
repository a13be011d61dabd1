//! Envoy's `X-Forwarded-Client-Cert`: elements of hops with commas between, each of `Key=value` pairs with semicolons
//! between; a value may be quoted, and a backslash then takes the next character as it is.
//!
//! Envoy writes names out of the client's certificate (`URI`, `DNS`) without quotes and without escapes, so that a client
//! can write pairs of its own. `Hash`, which Envoy always writes and always before those, tells them apart: it must stand
//! there once, and be the SHA-256 of the certificate that counts.

use super::escaped_pem::parse_chain;
use super::{ForwardedError, push};
use crate::secret::{from_hex, sha256};

/// The certificates of the one element in `value`: its `Chain`, or else its `Cert`.
///
/// # Errors
/// [`ForwardedError`]; [`ForwardedError::SeveralHops`] for several elements.
pub fn parse(value: &str) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let element = Element::parse(value)?;
    let cert = element.cert.map(|text| parse_chain(&text)).transpose()?;
    if cert.as_ref().is_some_and(|certificates| certificates.len() > 1) {
        return Err(ForwardedError::Several);
    }
    let chain = element.chain.map(|text| parse_chain(&text)).transpose()?;
    let certificates = match (cert, chain) {
        (Some(cert), Some(chain)) if cert.first() != chain.first() => {
            return Err(ForwardedError::Contradiction("Cert is not the first of Chain"));
        }
        (_, Some(chain)) => chain,
        (Some(cert), None) => cert,
        (None, None) => return Err(ForwardedError::NoCertificate),
    };
    let own = certificates.first().ok_or(ForwardedError::NoCertificate)?;
    let hash = element.hash.ok_or(ForwardedError::Malformed("there is no Hash"))?;
    if from_hex::<32>(&hash) != Some(sha256(own)) {
        return Err(ForwardedError::Contradiction("Hash is not that of the certificate"));
    }
    let mut checked = Vec::with_capacity(certificates.len());
    certificates.into_iter().try_for_each(|der| push(&mut checked, der))?;
    Ok(checked)
}

/// What counts of an element.
#[derive(Default)]
struct Element {
    hash: Option<String>,
    cert: Option<String>,
    chain: Option<String>,
}

impl Element {
    fn parse(value: &str) -> Result<Self, ForwardedError> {
        let mut element = Self::default();
        let mut rest = value;
        loop {
            let (key, after) =
                rest.split_once('=').ok_or(ForwardedError::Malformed("a pair is Key=value"))?;
            let (text, after) = take_value(after)?;
            element.set(key, text)?;
            rest = match after.as_bytes().first() {
                None => return Ok(element),
                Some(b';') => after.get(1..).unwrap_or_default(),
                Some(b',') => return Err(ForwardedError::SeveralHops),
                Some(_) => return Err(ForwardedError::Malformed("something follows a quoted value")),
            };
        }
    }

    fn set(&mut self, key: &str, text: String) -> Result<(), ForwardedError> {
        let place = match key.to_ascii_lowercase().as_str() {
            "hash" => &mut self.hash,
            "cert" => &mut self.cert,
            "chain" => &mut self.chain,
            "by" | "subject" | "uri" | "dns" => return Ok(()),
            _ => return Err(ForwardedError::Malformed("a key is unknown")),
        };
        match place.replace(text) {
            None => Ok(()),
            Some(_) => Err(ForwardedError::Contradiction("a key stands there twice")),
        }
    }
}

/// A value, quoted or not, and what follows it.
fn take_value(text: &str) -> Result<(String, &str), ForwardedError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        if value.contains('"') {
            return Err(ForwardedError::Malformed("a quote stands inside a value"));
        }
        return Ok((value.to_owned(), rest));
    };
    let mut value = String::with_capacity(quoted.len());
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err(ForwardedError::Malformed("a quoted value does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::hex;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use proptest::prelude::*;

    /// As Envoy escapes: five characters.
    fn escaped(certificates: &[&[u8]]) -> String {
        let pem = |der: &&[u8]| {
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                BASE64_STANDARD.encode(der)
            )
        };
        let text: String = certificates.iter().map(pem).collect();
        [("\n", "%0A"), (" ", "%20"), ("+", "%2B"), ("/", "%2F"), ("=", "%3D")]
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to))
    }

    fn hash(der: &[u8]) -> String {
        hex(&sha256(der))
    }

    #[test]
    fn a_certificate_and_a_chain_are_read() {
        let (hash, cert, chain) = (hash(b"leaf"), escaped(&[b"leaf"]), escaped(&[b"leaf", b"issuer"]));
        let subject =
            r#"Subject="CN=a\,b\"c;Cert=x,Hash=y\\";URI=spiffe://a/b?c=d;DNS=a.example;DNS=b.example"#;
        let leaf = vec![b"leaf".to_vec()];
        assert_eq!(parse(&format!("By=spiffe://x;Hash={hash};Cert=\"{cert}\";{subject}")), Ok(leaf.clone()));
        assert_eq!(parse(&format!("hash={hash};CERT={cert}")), Ok(leaf.clone()));
        let both = vec![b"leaf".to_vec(), b"issuer".to_vec()];
        assert_eq!(parse(&format!("Hash={hash};Cert=\"{cert}\";Chain=\"{chain}\"")), Ok(both.clone()));
        assert_eq!(parse(&format!("Hash={hash};Chain=\"{chain}\";{subject}")), Ok(both));
    }

    /// HF-02: an element of the client in front of the proxy's, or of a proxy behind it.
    #[test]
    fn several_hops_are_refused() {
        let (hash, cert) = (hash(b"leaf"), escaped(&[b"leaf"]));
        let one = format!("Hash={hash};Cert=\"{cert}\"");
        for several in
            [format!("{one},{one}"), format!("{one},"), format!("By=a,{one}"), format!("{one};URI=a,b")]
        {
            assert_eq!(parse(&several), Err(ForwardedError::SeveralHops), "{several}");
        }
    }

    /// H-14: names and digests that a proxy took out of a certificate prove nothing here.
    #[test]
    fn names_and_hashes_alone_are_no_certificate() {
        let hash = hash(b"leaf");
        for without in [
            format!("By=http://a.example;Hash={hash};Subject=\"/C=BR/CN=Test\";URI=http://b.example"),
            format!("Hash={hash}"),
            "By=a;URI=".to_owned(),
            format!("Hash={hash};Cert=\"\""),
        ] {
            assert_eq!(parse(&without), Err(ForwardedError::NoCertificate), "{without}");
        }
    }

    /// Names in the client's certificate become pairs, because Envoy does not quote them: none of them is believed.
    #[test]
    fn a_client_that_writes_pairs_into_its_names_gains_nothing() {
        let (own, victim) = (hash(b"own"), escaped(&[b"victim"]));
        let injected = [
            format!("Hash={own};URI=a;Cert=\"{victim}\""),
            format!("Hash={own};DNS=a;Chain={victim}"),
            format!("Hash={own};URI=a;Cert={victim};Hash={}", hash(b"victim")),
            format!("Hash={own};Cert=\"{}\";URI=a;Chain={victim}", escaped(&[b"own"])),
            format!("Hash={own};Cert=\"{}\";URI=a;Cert={victim}", escaped(&[b"own"])),
            format!("Hash={own};Subject=\"CN=a\\\\\";Cert=\"{victim}\""),
        ];
        for value in injected {
            assert!(matches!(parse(&value), Err(ForwardedError::Contradiction(_))), "{value}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let (hash, cert) = (hash(b"leaf"), escaped(&[b"leaf"]));
        let good = format!("Hash={hash};Cert=\"{cert}\"");
        assert!(parse(&good).is_ok());
        let wrong = [
            cert.clone(),
            format!("{good};"),
            format!(";{good}"),
            format!("{good}x"),
            format!("{good}; URI=a"),
            format!("{good};Pem=a"),
            format!("Cert=\"{cert}\""),
            format!("Hash={hash};Cert=\"{cert}"),
            format!("Hash={hash};Cert=\"{cert}\\\""),
            format!("Hash={hash};Cert={cert}\""),
            format!("Hash={hash};Cert=\"{cert} \""),
        ];
        for value in wrong {
            assert!(matches!(parse(&value), Err(ForwardedError::Malformed(_))), "{value}");
        }
        let two = escaped(&[b"leaf", b"other"]);
        assert_eq!(parse(&format!("Hash={hash};Cert=\"{two}\"")), Err(ForwardedError::Several));
    }

    proptest! {
        /// A subject is quoted; whatever stands in it after RFC 4514 escaping stays in it.
        #[test]
        fn no_subject_changes_the_certificate(subject in r#"[ -~]{0,40}"#) {
            let subject = subject.replace('\\', "\\\\").replace('"', "\\\"");
            let value = format!("Hash={};Subject=\"{subject}\";Cert=\"{}\"", hash(b"own"), escaped(&[b"own"]));
            prop_assert_eq!(parse(&value), Ok(vec![b"own".to_vec()]));
        }

        #[test]
        fn no_uri_gives_another_certificate(uri in r#"([ -~]|;Cert=|;Chain=|;Hash=|%0A){0,20}"#) {
            let own = format!("Hash={};Cert=\"{}\"", hash(b"own"), escaped(&[b"own"]));
            if let Ok(certificates) = parse(&format!("{own};URI={uri}")) {
                prop_assert_eq!(certificates.first().map(Vec::as_slice), Some(b"own".as_slice()));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"((By|Hash|Cert|Chain|URI)=|["\\;,%0-9A-F-]){0,30}|\PC{0,40}"#) {
            let _ = parse(&text);
        }
    }
}
