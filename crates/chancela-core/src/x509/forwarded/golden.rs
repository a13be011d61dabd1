//! What real proxies wrote for one and the same certificate, with the configurations of `tests/mtls`: HAProxy 2.6.12 and
//! nginx 1.22.1, with OpenSSL 3.0.

use super::mac::{MacKey, Vouched};
use super::{Form, parse};
use crate::secret::{hex, sha256};
use crate::time::Timestamp;

/// As `openssl x509 -outform DER | sha256sum` says.
const SHA256: &str = "e647a9e00b027546bf0c686998a546362a46c9efc311239f221f8a1948e516e6";

const HAPROXY: &str = ":MIIBjjCCATOgAwIBAgIUI1OKdBGwEO/tb/iGyliqsMRaoU4wCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGY2xpZW50MB4XDTI2MTE\
    yMjE2NTk0N1oXDTI2MTIyMjE2NTk0N1owETEPMA0GA1UEAwwGY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHnRSu89\
    CraBXJbtHWbQEXXhpHd6Y8Dj0QxwSu8akt6s754LnTqY/JVYbwuea/rSEiFZCUg7WQcD+Wm0fu6CvlaNpMGcwHQYDVR0OBBYEFA9\
    K1KSis4XVqtiRaX/q9EOjYeb6MB8GA1UdIwQYMBaAFA9K1KSis4XVqtiRaX/q9EOjYeb6MA8GA1UdEwEB/wQFMAMBAf8wFAYDVR0\
    RBA0wC4IJbG9jYWxob3N0MAoGCCqGSM49BAMCA0kAMEYCIQCExjiPPExzO2XL8GiI99W4xC1lbzw3F6kZBfbqpoicnAIhAJCh0bk\
    KkbTYx/c2VWdjiBUnep6Wy3QdSlsbUUCDp/gK:";

const NGINX: &str = "-----BEGIN%20CERTIFICATE-----%0AMIIBjjCCATOgAwIBAgIUI1OKdBGwEO%2Ftb%2FiGyliqsMRaoU4wCgYIKoZIzj0EAwIw\
    %0AETEPMA0GA1UEAwwGY2xpZW50MB4XDTI2MTEyMjE2NTk0N1oXDTI2MTIyMjE2NTk0%0AN1owETEPMA0GA1UEAwwGY2xpZW50MF\
    kwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE%0AHnRSu89CraBXJbtHWbQEXXhpHd6Y8Dj0QxwSu8akt6s754LnTqY%2FJVYbwuea%\
    2FrSE%0AiFZCUg7WQcD%2BWm0fu6CvlaNpMGcwHQYDVR0OBBYEFA9K1KSis4XVqtiRaX%2Fq9EOj%0AYeb6MB8GA1UdIwQYMBaAF\
    A9K1KSis4XVqtiRaX%2Fq9EOjYeb6MA8GA1UdEwEB%2FwQF%0AMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0MAoGCCqGSM49BA\
    MCA0kAMEYCIQCE%0AxjiPPExzO2XL8GiI99W4xC1lbzw3F6kZBfbqpoicnAIhAJCh0bkKkbTYx%2Fc2VWdj%0AiBUnep6Wy3QdSl\
    sbUUCDp%2FgK%0A-----END%20CERTIFICATE-----%0A";

/// I-04.
#[test]
fn real_proxies_pass_the_same_certificate_on() {
    let base64 = HAPROXY.trim_matches(':');
    for (form, value) in [(Form::ClientCert, HAPROXY), (Form::EscapedPem, NGINX), (Form::Base64Der, base64)] {
        let certificates = parse(form, value, None).unwrap();
        assert_eq!(
            certificates.iter().map(|der| hex(&sha256(der))).collect::<Vec<_>>(),
            [SHA256],
            "{form:?}"
        );
    }
}

/// `GET /a.b/token?x=1` with the certificate, and `POST /token` without one, under a key of 32 sevens.
#[test]
fn the_mac_of_a_real_haproxy_is_ours() {
    let key = MacKey::new(&[7; 32]);
    let shown = Vouched { method: "GET", path: "/a.b/token", certificate: HAPROXY, chain: "" };
    let none = Vouched { method: "POST", path: "/token", certificate: "", chain: "" };
    for (vouched, value) in [
        (shown, "t=1795366815,v1=664B2381A8CCBDFB4B316AEB010ED917322C082D1D721E8977DF536538982C07"),
        (none, "t=1795366816,v1=BCAF0B59D60585FD8ED727696E7CEE8C5D2ED18AC4E13801A0EA39308BB01F5E"),
    ] {
        let made = Timestamp::from_seconds(value[2..12].parse().unwrap());
        assert_eq!(key.verify(value, &vouched, made), Ok(()));
        assert!(key.encode(&vouched, made).eq_ignore_ascii_case(value));
    }
}
