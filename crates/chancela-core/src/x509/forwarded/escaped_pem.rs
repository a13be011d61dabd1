//! PEM (RFC 7468) in percent-encoding (RFC 3986 §2.1): what nginx, Envoy and AWS' application load balancer write.
//!
//! Each escapes everything but the unreserved characters, the load balancer also leaves `+`, `=` and `/`. Anything else
//! in clear did not come from them: a form encoder, which writes a space as `+`, would be read wrongly.

use super::{ForwardedError, decode_base64, push};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// nginx's `$ssl_client_escaped_cert`: one certificate.
///
/// # Errors
/// [`ForwardedError`].
pub fn parse(value: &str) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let certificates = parse_chain(value)?;
    if certificates.len() > 1 { Err(ForwardedError::Several) } else { Ok(certificates) }
}

/// `X-Amzn-Mtls-Clientcert`: the client's certificate and what it sent with it.
///
/// # Errors
/// [`ForwardedError`].
pub fn parse_alb(value: &str) -> Result<Vec<Vec<u8>>, ForwardedError> {
    parse_pem(&percent_decode(value, b"+=/")?)
}

/// Certificates one after the other, as Envoy writes them.
pub(super) fn parse_chain(value: &str) -> Result<Vec<Vec<u8>>, ForwardedError> {
    parse_pem(&percent_decode(value, b"")?)
}

/// Decodes; in clear only unreserved characters may stand, and those of `also`.
fn percent_decode(value: &str, also: &[u8]) -> Result<String, ForwardedError> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let decoded = if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let high = digit();
            let low = digit();
            let both = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
            both.ok_or(ForwardedError::Malformed("% is not followed by two hexadecimal digits"))?
        } else if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            byte
        } else {
            return Err(ForwardedError::Malformed("a character stands in clear that URL encoding escapes"));
        };
        if !decoded.is_ascii() {
            return Err(ForwardedError::Malformed("PEM is ASCII"));
        }
        out.push(char::from(decoded));
    }
    Ok(out)
}

/// Blocks of certificates with nothing but line breaks around and between them.
fn parse_pem(text: &str) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let mut certificates = Vec::new();
    let mut rest = skip_line_breaks(text);
    while !rest.is_empty() {
        let block = rest.strip_prefix(BEGIN).and_then(|body| body.split_once(END));
        let (body, after) =
            block.ok_or(ForwardedError::Malformed("PEM of certificates is expected, and nothing else"))?;
        let base64: Vec<u8> = body.bytes().filter(|byte| !is_line_break(*byte)).collect();
        push(&mut certificates, decode_base64(&base64)?)?;
        rest = skip_line_breaks(after);
    }
    Ok(certificates)
}

fn skip_line_breaks(text: &str) -> &str {
    text.trim_start_matches(['\r', '\n'])
}

const fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    /// What nginx leaves in clear; the load balancer leaves three more.
    const NGINX: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    const ALB: &AsciiSet = &NGINX.remove(b'+').remove(b'=').remove(b'/');

    fn pem(der: &[u8]) -> String {
        let base64 = BASE64_STANDARD.encode(der);
        let lines: Vec<&str> =
            base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
    }

    fn escaped(text: &str, set: &'static AsciiSet) -> String {
        utf8_percent_encode(text, set).to_string()
    }

    #[test]
    fn nginx_sends_one_certificate() {
        // 0xfb 0xff gives both + and / in base64.
        let der = [0xfb, 0xff].repeat(100);
        assert_eq!(parse(&escaped(&pem(&der), NGINX)), Ok(vec![der.clone()]));
        assert_eq!(parse(&escaped(pem(&der).trim_end(), NGINX)), Ok(vec![der.clone()]));
        assert_eq!(parse(&escaped(&pem(&der).replace('\n', "\r\n"), NGINX)), Ok(vec![der.clone()]));
        let two = escaped(&(pem(&der) + &pem(b"other")), NGINX);
        assert_eq!(parse(&two), Err(ForwardedError::Several));
    }

    #[test]
    fn a_load_balancer_sends_the_chain_with_three_characters_in_clear() {
        let der = [0xfb, 0xff].repeat(100);
        let value = escaped(&(pem(&der) + &pem(b"issuer")), ALB);
        assert!(value.contains('+') && value.contains('/') && value.contains('='));
        assert_eq!(parse_alb(&value), Ok(vec![der, b"issuer".to_vec()]));
        assert!(matches!(parse(&value), Err(ForwardedError::Malformed(_))));
        assert_eq!(parse_alb(&escaped(&pem(b"x").repeat(7), ALB)), Err(ForwardedError::TooMany));
    }

    /// HF-02: a value that another encoder wrote, or two values that were joined, means nothing here.
    #[test]
    fn what_these_programs_do_not_write_is_refused() {
        let good = escaped(&pem(b"leaf"), NGINX);
        let form = good.replace("%20", "+");
        let wrong = [
            form.clone(),
            pem(b"leaf"),
            format!("{good},{good}"),
            format!(" {good}"),
            good.replace("%20", "%2"),
            good.replace("%20", "%"),
            good.replace("%20", "%2g"),
            good.replace("%20", "%+2"),
            good.replace("%20", "%C3%A9"),
            good.replace("%20", "%00"),
            good.replace("BEGIN", "begin"),
            good.replace("CERTIFICATE", "TRUSTED%20CERTIFICATE"),
            good.replace("END", "BEGIN"),
            format!("x{good}"),
            format!("{good}x"),
            escaped(&format!("subject=/CN=victim\n{}", pem(b"leaf")), NGINX),
            escaped(&pem(b"leaf").replace(BEGIN, &format!("{BEGIN}\nProc-Type: 4,ENCRYPTED\n")), NGINX),
            escaped(BEGIN, NGINX),
            escaped(&format!("{BEGIN}{BEGIN}AAAA{END}"), NGINX),
        ];
        for value in wrong {
            assert!(matches!(parse(&value), Err(ForwardedError::Malformed(_))), "{value}");
        }
        assert!(matches!(parse_alb(&form), Err(ForwardedError::Malformed(_))));
        assert_eq!(parse(&escaped(&format!("{BEGIN}\n{END}"), NGINX)), Err(ForwardedError::NoCertificate));
    }

    proptest! {
        #[test]
        fn every_certificate_comes_back(der in proptest::collection::vec(any::<u8>(), 1..2000)) {
            prop_assert_eq!(parse(&escaped(&pem(&der), NGINX)), Ok(vec![der.clone()]));
            prop_assert_eq!(parse_alb(&escaped(&pem(&der), ALB)), Ok(vec![der]));
        }

        #[test]
        fn no_text_makes_it_panic(text in r"(-----(BEGIN|END)%20CERTIFICATE-----|%0A|[A-F0-9%+/= -]){0,12}|\PC{0,40}") {
            let _ = (parse(&text), parse_alb(&text));
        }
    }
}
