//! Token requests to the byte, and what is refused before it leaves.

use crate::world::{CERTIFICATE, Sample, acme, endpoints, shown};
use chancela_core::client_auth::{Credentials, Method, OwnCredentials};
use chancela_core::dialect::{Grant, TokenEndpoint};
use chancela_core::message::introspection::TokenParameter;
use chancela_core::message::token_request::{EncodeError, Envelope, GrantRequest, TokenRequest};
use chancela_core::secret::Secret;

/// One request for each grant of each endpoint, and one for each other method.
#[test]
fn every_shipped_dialect_is_written_as_it_documents() {
    let mut dialects: Vec<(&str, String)> = Vec::new();
    for (dialect, endpoint) in endpoints() {
        let mut out = String::new();
        let plain = Sample::plain(endpoint);
        let first = endpoint.client_authentication.methods[0];
        for (wire, grant) in &endpoint.request.grants {
            let sample = Sample { grant: *grant, method: Some(first), ..plain.clone() };
            out += &format!("### {}: {wire}\n{}\n", endpoint.name, shown(&sample.send(endpoint).unwrap()));
        }
        for method in &endpoint.client_authentication.methods[1..] {
            let sample = Sample { method: Some(*method), ..plain.clone() };
            out += &format!(
                "### {}: {}\n{}\n",
                endpoint.name,
                method.as_str(),
                shown(&sample.send(endpoint).unwrap())
            );
        }
        if endpoint.paths.iter().any(|path| path.contains("{tenant}")) {
            let sample = Sample { tenant: Some("5a1f7a34".into()), ..plain.clone() };
            out += &format!("### {}: tenant\n{}\n", endpoint.name, shown(&sample.send(endpoint).unwrap()));
        }
        if endpoint.client_authentication.partner.is_some() {
            let partner = Some(("20".to_owned(), Secret::new("hash")));
            let sample = Sample { partner, ..plain.clone() };
            out += &format!("### {}: partner\n{}\n", endpoint.name, shown(&sample.send(endpoint).unwrap()));
        }
        match dialects.last_mut() {
            Some((name, text)) if *name == dialect.name => text.push_str(&out),
            _ => dialects.push((&dialect.name, out)),
        }
    }
    for (name, text) in dialects {
        insta::assert_snapshot!(name, text);
    }
}

fn refused(endpoint: &TokenEndpoint, change: impl FnOnce(&mut Sample)) -> EncodeError {
    let mut sample = Sample::plain(endpoint);
    change(&mut sample);
    sample.send(endpoint).unwrap_err()
}

#[test]
fn what_the_endpoint_would_refuse_is_refused_here_and_says_what_to_do() {
    let ten = acme("[scope]\nmax = 10\nwhen_absent = \"reject\"\n");
    let exact =
        acme("[scopes]\na = \"A\"\nb = \"B\"\n[scope]\nexactly = \"a b\"\nwhen_absent = \"reject\"\n");
    let commas = acme("[request]\nscope_as = \"comma_text\"\n");
    let raw = acme("[client_authentication]\nbasic_encoding = \"raw\"\n");
    let eleven: Vec<String> = (0..11).map(|n| format!("s{n}")).collect();
    let errors = [
        refused(&ten, |own| own.scope = Some(eleven.join(" "))),
        refused(&ten, |own| own.scope = Some("  ".into())),
        refused(&ten, |own| own.scope = Some("ação".into())),
        refused(&exact, |own| own.scope = Some("a".into())),
        refused(&exact, |own| own.scope = None),
        refused(&commas, |own| own.scope = Some("a,b".into())),
        refused(&ten, |own| own.grant = Grant::AuthorizationCode),
        refused(&ten, |own| own.secret = Secret::new("s\n")),
        refused(&ten, |own| own.secret = Secret::new("")),
        refused(&ten, |own| own.client_id = String::new()),
        refused(&raw, |own| own.client_id = "a:b".into()),
        refused(&ten, |own| own.method = Some(Method::TlsClientAuth)),
        refused(&ten, |own| own.tenant = Some("t".into())),
        refused(&ten, |own| own.partner = Some(("p".into(), Secret::new("s")))),
    ];
    let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(sentences.join("\n"));
}

/// What an endpoint asks for beside the message, and a client has not.
#[test]
fn what_is_missing_or_too_much_beside_the_message_is_named() {
    let chained = endpoints().map(|(_, own)| own).find(|own| own.requires.access_token.is_some()).unwrap();
    let plain = acme("");
    let headers = acme(
        "[[request.headers]]\nname = \"x-correlation\"\nfresh = true\n[[request.headers]]\nname = \"x-tenant\"\n",
    );
    let key = acme("[client_authentication]\napi_key_header = \"x-api-key\"\n");
    let paths = acme("[token_endpoint.token]\npaths = [\"/{tenant}/token\"]\n");
    let (sample, chain) = (Sample::plain(&plain), Sample::plain(chained));
    let secret = Secret::new("k\u{e9}y");
    let encode = |endpoint: &TokenEndpoint, envelope: Envelope<'_>| {
        sample.request(endpoint).unwrap().encode(endpoint, &envelope).unwrap_err()
    };
    let changed = |change: fn(TokenRequest<'static>) -> TokenRequest<'static>| {
        let request: TokenRequest<'static> = Box::leak(Box::new(chain.clone())).request(chained).unwrap();
        change(request).encode(chained, &Envelope::default()).unwrap_err()
    };
    let errors = [
        changed(|own| TokenRequest { chain_token: None, ..own }),
        changed(|own| TokenRequest { chain_token: Some("a\r\nb"), ..own }),
        changed(|own| TokenRequest { certificate: None, ..own }),
        changed(|own| TokenRequest {
            certificate: Some("-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----"),
            ..own
        }),
        encode(&headers, Envelope { fresh: Some("1"), ..Envelope::default() }),
        encode(&headers, Envelope { headers: &[("X-Tenant", "t")], ..Envelope::default() }),
        encode(
            &headers,
            Envelope { fresh: Some("1"), headers: &[("x-tenant", "a\nb")], ..Envelope::default() },
        ),
        encode(&key, Envelope::default()),
        encode(&key, Envelope { api_key: Some(&secret), ..Envelope::default() }),
        encode(&plain, Envelope { api_key: Some(&secret), ..Envelope::default() }),
        encode(&paths, Envelope::default()),
        encode(&paths, Envelope { tenant: Some("a/b"), ..Envelope::default() }),
        sample
            .request(&plain)
            .map(|own| TokenRequest { chain_token: Some("t"), ..own })
            .unwrap()
            .encode(&plain, &Envelope::default())
            .unwrap_err(),
        sample
            .request(&plain)
            .map(|own| TokenRequest { certificate: Some(CERTIFICATE), ..own })
            .unwrap()
            .encode(&plain, &Envelope::default())
            .unwrap_err(),
    ];
    let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn axes_that_no_shipped_dialect_has_are_written_too() {
    let endpoint = acme(
        "[request]\ngrant_type_in = \"query\"\nencodings = [\"multipart\", \"json\"]\nscope_as = \"array\"\n\
         names = { scope = \"scopes\", client_id = \"clientId\", client_secret = \"clientSecret\" }\n\
         headers = [{ name = \"Correlation-ID\", fresh = true }, { name = \"context\", value = \"COBRANCA\" }, { name = \"X-App\" }]\n\
         [client_authentication]\nmethods = [\"client_secret_post\"]\napi_key_header = \"x-api-key\"\n",
    );
    let sample = Sample { scope: Some("a  b".into()), ..Sample::plain(&endpoint) };
    let key = Secret::new("k-1");
    let envelope = Envelope {
        api_key: Some(&key),
        fresh: Some("0f0f"),
        headers: &[("x-app", "loja")],
        ..Envelope::default()
    };
    let sent = sample.request(&endpoint).unwrap().encode(&endpoint, &envelope).unwrap();
    assert!(sent.headers()["x-api-key"].is_sensitive());
    let commas = acme(
        "# no [request.grants]\n[request]\nscope_as = \"comma_text\"\ndefault_grant = \"client_credentials\"\n",
    );
    let listed = Sample { scope: Some("a b".into()), ..Sample::plain(&commas) }.send(&commas).unwrap();
    let multipart = acme("[request]\nencodings = [\"multipart\"]\n");
    assert_eq!(Sample::plain(&multipart).send(&multipart).unwrap_err(), EncodeError::Encoding);
    insta::assert_snapshot!(format!("{}\n{}", shown(&sent), shown(&listed)));
}

/// What a client has decides, from the strongest method on.
#[test]
fn the_strongest_method_that_fits_is_chosen() {
    let all = "methods = [\"none\", \"client_secret_post\", \"client_secret_basic\", \"self_signed_tls_client_auth\", \"tls_client_auth\", \"private_key_jwt\"]";
    let endpoint = acme(&format!("[client_authentication]\n{all}\n"));
    let post = acme("[client_authentication]\nmethods = [\"client_secret_post\", \"none\"]\n");
    let usual = acme("");
    let (secret, assertion) = (Secret::new("s"), Secret::new("a.b.c"));
    let bare = OwnCredentials {
        client_id: "id",
        client_secret: None,
        client_assertion: None,
        certificate: false,
        method: None,
    };
    let with_secret = OwnCredentials { client_secret: Some(&secret), ..bare };
    let with_certificate = OwnCredentials { certificate: true, ..with_secret };
    let with_all = OwnCredentials { client_assertion: Some(&assertion), ..with_certificate };
    let chosen = |endpoint, own| Credentials::own(endpoint, &own).map(|own| own.method());
    assert_eq!(chosen(&endpoint, with_all), Ok(Method::PrivateKeyJwt));
    assert_eq!(chosen(&endpoint, with_certificate), Ok(Method::TlsClientAuth));
    assert_eq!(chosen(&endpoint, with_secret), Ok(Method::ClientSecretPost), "the documented one of the two");
    assert_eq!(chosen(&usual, with_secret), Ok(Method::ClientSecretBasic));
    assert_eq!(chosen(&post, with_certificate), Ok(Method::ClientSecretPost));
    assert_eq!(chosen(&endpoint, bare), Ok(Method::None));
    let registered = OwnCredentials { method: Some(Method::ClientSecretBasic), ..with_all };
    assert_eq!(chosen(&endpoint, registered), Ok(Method::ClientSecretBasic));
    let assertion_alone = OwnCredentials { client_secret: None, ..with_all };
    assert!(
        matches!(chosen(&post, assertion_alone), Err(EncodeError::NoMethod { .. })),
        "not as a public client"
    );
}

/// RFC 7523 section 2.2; the server here does not read it yet.
#[test]
fn a_signed_assertion_goes_into_the_body() {
    let endpoint = acme("[client_authentication]\nmethods = [\"private_key_jwt\"]\n");
    let assertion = Secret::new("a.b.c");
    let own = OwnCredentials {
        client_id: "id",
        client_secret: None,
        client_assertion: Some(&assertion),
        certificate: false,
        method: None,
    };
    let request = TokenRequest {
        grant: GrantRequest::ClientCredentials,
        credentials: Credentials::own(&endpoint, &own).unwrap(),
        partner: None,
        scope: None,
        resource: None,
        chain_token: None,
        certificate: None,
    };
    let sent = request.encode(&endpoint, &Envelope::default()).unwrap();
    assert_eq!(
        sent.body(),
        "grant_type=client_credentials&client_id=id\
         &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c"
    );
    assert!(!sent.headers().contains_key("authorization"));
}

/// LG-04.
#[test]
fn debug_of_a_request_shows_no_secret() {
    for (_, endpoint) in endpoints() {
        let mut sample = Sample::plain(endpoint);
        sample.chain_token = "hidden-chain".into();
        sample.secret = Secret::new("hidden-secret");
        sample.texts = ["hidden-first".into(), "hidden-second".into()];
        for grant in endpoint.request.grants.values() {
            sample.grant = *grant;
            let request = sample.request(endpoint);
            let shown = format!("{request:?}");
            assert!(request.is_ok() && !shown.contains("hidden"), "{shown}");
            let credentials = request.unwrap().credentials;
            let revocation = TokenParameter { token: "hidden-token".into(), credentials };
            assert!(!format!("{revocation:?}").contains("hidden"));
        }
    }
}
