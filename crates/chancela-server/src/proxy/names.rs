//! Names under which programs pass client certificates on. Whoever sends one of them claims to be a proxy.

use http::HeaderMap;

/// Headers that hold a certificate, without case, hyphens and underscores: proxies differ in those, and a name that one
/// program strips another takes for the same. Headers with only a part of a certificate (its subject, its serial number)
/// are not among them, because nothing here reads those.
const KNOWN: &[&str] = &[
    "cfclientcertderbase64",
    "clientcert",
    "clientcertchain",
    "clientcertificate",
    "cloudfrontviewercertpem",
    "sslcert",
    "sslclientcert",
    "sslclientcertchain",
    "sslclientcertificate",
    "sslclientescapedcert",
    "xamznmtlsclientcert",
    "xamznmtlsclientcertleaf",
    "xarrclientcert",
    "xclientcert",
    "xclientcertchain",
    "xclientcertificate",
    "xforwardedclientcert",
    "xforwardedsslclientcert",
    "xforwardedtlsclientcert",
    "xsslcert",
    "xsslclientcert",
    "xsslclientcertificate",
    "xtlsclientcert",
];

/// Whether a header has a name under which certificates are passed on, in any spelling but one of `except` (the spellings
/// that a dialect documents for its clients, in any case).
pub fn forged(headers: &HeaderMap, except: &[&str]) -> bool {
    let excepted = |name: &str| except.iter().any(|other| other.eq_ignore_ascii_case(name));
    headers.keys().any(|name| is_known(name.as_str()) && !excepted(name.as_str()))
}

/// Whether certificates are passed on under `name`.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.binary_search_by(|known| known.bytes().cmp(folded(name))).is_ok()
}

/// Whether two names differ at most in what spellings differ in.
pub(super) fn same(one: &str, other: &str) -> bool {
    folded(one).eq(folded(other))
}

/// The bytes of `name` without what spellings differ in.
fn folded(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|byte| !matches!(byte, b'-' | b'_' | b'.')).map(|byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_core::x509::forwarded::Form;
    use http::{HeaderName, HeaderValue};

    fn headers(names: &[&str]) -> HeaderMap {
        let header = |name: &&str| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("x"));
        names.iter().map(header).collect()
    }

    #[test]
    fn the_list_is_in_order_and_has_the_usual_names() {
        assert!(KNOWN.is_sorted());
        for form in [Form::ClientCert, Form::Xfcc, Form::EscapedPem, Form::AlbEscapedPem, Form::Base64Der] {
            assert!(is_known(form.header()), "{form:?}");
            assert!(form.chain_header().is_none_or(is_known), "{form:?}");
        }
    }

    /// HF-01.
    #[test]
    fn every_name_of_the_attack_list_is_noticed_in_every_spelling() {
        for name in [
            "Client-Cert",
            "X-SSL-Client-Cert",
            "ssl_client_cert",
            "ssl-client-cert",
            "X-Forwarded-Client-Cert",
            "X-Forwarded-Tls-Client-Cert",
            "X-ARR-ClientCert",
            "X-Client-Cert",
            "X-Amzn-Mtls-Clientcert",
            "client-cert",
            "client_cert",
            "CLIENT_CERT",
            "Client.Cert",
            "clientcert",
        ] {
            assert!(forged(&headers(&["host", name]), &[]), "{name}");
        }
        let harmless =
            ["host", "authorization", "x-forwarded-for", "ssl-client-subject-dn", "x-client-cert-serial"];
        assert!(!forged(&headers(&harmless), &[]));
    }

    /// 0.15: a dialect may document such a header; only in its own spelling, and no other beside it.
    #[test]
    fn a_dialects_own_header_is_excepted_in_its_own_spelling() {
        assert!(!forged(&headers(&["client-cert"]), &["Client-Cert"]));
        assert!(forged(&headers(&["client_cert"]), &["client-cert"]));
        assert!(forged(&headers(&["client-cert", "x-ssl-client-cert"]), &["client-cert"]));
    }
}
