//! Whose certificate it is: names as RFC 8705 §2.1 compares them, registered keys (§2.2), and nobody else's.

use super::*;
use crate::support::{Ask, new_client};
use chancela_core::dialect::Library;
use chancela_store::MemoryStore;
use rcgen::string::PrintableString;
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, SanType};

fn named(attributes: &[(DnType, DnValue)]) -> CertificateParams {
    let mut params = client_params("nobody");
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in attributes {
        params.distinguished_name.push(kind.clone(), value.clone());
    }
    params
}

fn utf8(text: &str) -> DnValue {
    DnValue::Utf8String(text.into())
}

fn printable(text: &str) -> DnValue {
    DnValue::PrintableString(PrintableString::try_from(text).unwrap())
}

/// H-14, CA-18. The certificate has its attributes in the order of DER, which RFC 4514 writes from the end.
#[tokio::test]
async fn only_names_that_are_equal_as_names_match() {
    use DnType::{CommonName as Cn, CountryName as C, OrganizationName as O};
    let bank = Bank::open().await;
    let client = bank.client("CN=Padaria da Vila,O=Vila Ltda,C=BR").await;
    let good = [
        named(&[(C, printable("BR")), (O, utf8("Vila Ltda")), (Cn, utf8("Padaria da Vila"))]),
        named(&[(C, utf8("BR")), (O, printable("Vila Ltda")), (Cn, printable("Padaria da Vila"))]),
        named(&[(C, utf8("br")), (O, utf8("VILA LTDA")), (Cn, utf8("padaria DA vila"))]),
        named(&[(C, utf8("BR")), (O, utf8("Vila  Ltda ")), (Cn, utf8(" Padaria da   Vila"))]),
    ];
    for params in good {
        let status = bank.status(&client, &bank.root.issue(&params)).await;
        assert_eq!(status, 200, "{:?}", params.distinguished_name);
    }
    let bad = [
        named(&[(Cn, utf8("Padaria da Vila,O=Vila Ltda,C=BR"))]),
        named(&[(C, utf8("BR")), (Cn, utf8("Padaria da Vila,O=Vila Ltda"))]),
        named(&[(Cn, utf8("Padaria da Vila")), (O, utf8("Vila Ltda")), (C, utf8("BR"))]),
        named(&[(C, utf8("BR")), (O, utf8("Vila Ltda")), (Cn, utf8("Padaria da Vila\0"))]),
        named(&[(C, utf8("BR")), (O, utf8("Vila Ltda")), (Cn, utf8("Padaria da Vila\0.evil"))]),
        named(&[(C, utf8("BR")), (O, utf8("Vila Ltda")), (Cn, utf8("Padaria"))]),
        named(&[(C, utf8("BR")), (O, utf8("Vila Ltda"))]),
        named(&[(C, utf8("PT")), (O, utf8("Vila Ltda")), (Cn, utf8("Padaria da Vila"))]),
    ];
    for params in bad {
        let holder = bank.root.issue(&params);
        let answer = bank.world.mtls_token(REALM, &client, "read", &holder).await;
        let context = format!("{:?}", params.distinguished_name);
        assert_eq!(answer.refusal(), (401, "invalid_client".into()), "{context}");
    }
}

/// RFC 8705 §2.1.2: each kind of alternative name, and none of another kind.
#[tokio::test]
async fn each_kind_of_alternative_name_is_looked_for_among_its_own() {
    let bank = Bank::open().await;
    let text = |text: &str| rcgen::string::Ia5String::try_from(text).unwrap();
    let kinds = [
        SanType::DnsName(text("api.padaria.example")),
        SanType::URI(text("urn:padaria:1")),
        SanType::IpAddress("203.0.113.7".parse().unwrap()),
        SanType::Rfc822Name(text("Ops@padaria.example")),
    ];
    let clients = [
        NewClient { tls_client_auth_san_dns: Some("API.padaria.example".into()), ..certificate_client() },
        NewClient { tls_client_auth_san_uri: Some("urn:padaria:1".into()), ..certificate_client() },
        NewClient { tls_client_auth_san_ip: Some("203.0.113.7".into()), ..certificate_client() },
        NewClient { tls_client_auth_san_email: Some("Ops@PADARIA.example".into()), ..certificate_client() },
    ];
    let mut holders = Vec::new();
    for kind in &kinds {
        let mut params = client_params("api.padaria.example");
        params.subject_alt_names = vec![kind.clone()];
        holders.push(bank.root.issue(&params));
    }
    for (own, client) in clients.into_iter().enumerate() {
        let client = bank.world.register(REALM, client).await;
        for (other, holder) in holders.iter().enumerate() {
            let expected = if own == other { 200 } else { 401 };
            assert_eq!(bank.status(&client, holder).await, expected, "{own} {other}");
        }
    }
}

/// The same name from another authority is another's certificate, where the issuer is pinned.
#[tokio::test]
async fn a_pinned_issuer_is_the_only_one() {
    let (first, second) = (Root::new("first"), Root::new("second"));
    let plan = RealmPlan::new(REALM, "standard", "default").with_mtls(&[&first, &second]);
    let world = World::open(vec![plan]).await;
    let pin = chancela_core::secret::hex(&chancela_core::secret::sha256(&first.der));
    let new = |issuer| NewClient {
        tls_client_auth_subject_dn: Some("CN=padaria".into()),
        tls_client_auth_issuer: issuer,
        ..certificate_client()
    };
    let pinned = world.register(REALM, new(Some(pin.to_uppercase()))).await;
    let free = world.register(REALM, new(None)).await;
    let params = client_params("padaria");
    for (client, root, expected) in
        [(&pinned, &first, 200), (&pinned, &second, 401), (&free, &first, 200), (&free, &second, 200)]
    {
        let answer = world.mtls_token(REALM, client, "read", &root.issue(&params)).await;
        assert_eq!(answer.status, expected, "{}", answer.body);
    }
}

/// H-16: the registered key, in whatever certificate without an issuer; no issuer's word stands in for it.
#[tokio::test]
async fn a_registered_key_authenticates_and_an_authoritys_certificate_does_not_pass_that_way() {
    let bank = Bank::with(|plan| plan.mtls().self_signed = true).await;
    let own = Holder::self_signed(&client_params("padaria"));
    let client = bank.world.register(REALM, self_signed_client(&own)).await;
    assert_eq!(bank.status(&client, &own).await, 200);
    let stranger = Holder::self_signed(&client_params("padaria"));
    assert_eq!(bank.status(&client, &stranger).await, 401);
    let certified = bank.root.issue_for(&client_params("padaria"), own.key);
    assert_eq!(bank.status(&client, &certified).await, 401, "an authority's");
}

#[tokio::test]
async fn an_expired_certificate_of_a_registered_key_is_refused() {
    let bank = Bank::with(|plan| plan.mtls().self_signed = true).await;
    let own = Holder::self_signed(&client_params("padaria"));
    let client = bank.world.register(REALM, self_signed_client(&own)).await;
    bank.world.clock.advance_seconds(43_200);
    assert_eq!(bank.status(&client, &own).await, 200, "its last second");
    bank.world.clock.advance_seconds(1);
    assert_eq!(bank.status(&client, &own).await, 401);
}

/// Without leave in the configuration, the method is not there.
#[tokio::test]
async fn self_signed_certificates_are_of_no_use_unless_the_realm_says_so() {
    let bank = Bank::open().await;
    let own = Holder::self_signed(&client_params("padaria"));
    let new = self_signed_client(&own);
    let created =
        bank.world.try_control(REALM, chancela_server::control::Command::ClientCreate(Box::new(new))).await;
    if let Ok(shown) = created {
        let id = shown["client_id"].as_str().unwrap();
        assert_eq!(bank.status(id, &own).await, 401);
    }
}

/// H-17, CA-17.
#[tokio::test]
async fn the_certificate_of_one_client_is_not_anothers() {
    let bank = Bank::open().await;
    let named = bank.client("CN=padaria").await;
    let (a, b) = (
        bank.world.register(REALM, certificate_client()).await,
        bank.world.register(REALM, certificate_client()).await,
    );
    let of_a = bank.world.certify(REALM, &a, None).await;
    let of_b = bank.world.certify(REALM, &b, None).await;
    let outside = bank.root.issue(&client_params("padaria"));
    for (client, holder, expected) in [
        (&a, &of_a, 200),
        (&b, &of_b, 200),
        (&named, &outside, 200),
        (&a, &of_b, 401),
        (&b, &of_a, 401),
        (&named, &of_a, 401),
        (&a, &outside, 401),
    ] {
        assert_eq!(bank.status(client, holder).await, expected, "{client}");
    }
}

/// A client that is registered for a certificate is not let in with a secret, nor the other way around.
#[tokio::test]
async fn a_certificate_is_no_secret_and_a_secret_no_certificate() {
    let bank = Bank::open().await;
    let secret = bank.world.client(REALM, new_client("read")).await;
    let holder = bank.world.certify(REALM, &secret.id, None).await;
    let with_secret = bank.world.secret_token(REALM, &secret, "read").await;
    assert_eq!(with_secret.status, 200);
    assert_eq!(bank.status(&secret.id, &holder).await, 401, "it has another method");
    let client = bank.world.register(REALM, certificate_client()).await;
    let fields = [("grant_type", "client_credentials"), ("client_id", &client), ("client_secret", "x")];
    let answer = Ask::form("/bank/oauth/token", &fields).send(&bank.world).await;
    assert_eq!(answer.refusal(), (401, "invalid_client".into()));
    let fields = [("grant_type", "client_credentials"), ("client_id", client.as_str())];
    let answer = Ask::form("/bank/oauth/token", &fields).send(&bank.world).await;
    assert_eq!(answer.refusal(), (401, "invalid_client".into()), "no certificate at all");
}

/// CA-23, EN-06: whatever the certificate is, an unknown client is refused as a known one is.
#[tokio::test]
async fn refusals_do_not_tell_which_clients_exist() {
    let bank = Bank::with(|plan| plan.mtls().self_signed = true).await;
    let own = Holder::self_signed(&client_params("own"));
    let known = [
        bank.client("CN=padaria").await,
        bank.world.register(REALM, certificate_client()).await,
        bank.world.register(REALM, self_signed_client(&own)).await,
        bank.world.client(REALM, new_client("read")).await.id,
    ];
    let mut expired = client_params("other");
    expired.not_after = crate::support::at(START - 1);
    let revoked = bank.world.certify(REALM, &known[1], None).await;
    bank.world.revoke_certificate(REALM, &revoked).await;
    let shown = [
        ("good", bank.root.issue(&client_params("other"))),
        ("self-signed", Holder::self_signed(&client_params("other"))),
        ("self-signed, expired", Holder::self_signed(&expired)),
        ("expired", bank.root.issue(&expired)),
        ("revoked", revoked),
    ];
    for (title, holder) in &shown {
        let unknown = bank.world.mtls_token(REALM, "nobody", "read", holder).await;
        assert_eq!(unknown.refusal(), (401, "invalid_client".into()), "{title}");
        for client in &known {
            let answer = bank.world.mtls_token(REALM, client, "read", holder).await;
            assert_eq!((answer.status, &answer.body), (unknown.status, &unknown.body), "{title}");
        }
    }
}

/// A dialect that wants a certificate beside the secret wants it wherever clients authenticate, if at all its token
/// endpoints.
#[tokio::test]
async fn a_certificate_beside_the_secret_is_needed_wherever_clients_authenticate() {
    let dialect = |required: &str| {
        format!(
            "format = 1\nname = \"both\"\ntitle = \"t\"\nsources = [\"s\"]\n[environments.default]\n\
             [token_endpoint.first]\npaths = [\"/first\"]\n\
             [token_endpoint.first.client_authentication]\nrequire_client_certificate = true\n\
             [token_endpoint.second]\npaths = [\"/second\"]\n\
             [token_endpoint.second.client_authentication]\nrequire_client_certificate = {required}\n\
             [request.grants]\nclient_credentials = \"client_credentials\"\n[scopes]\nread = \"Read\"\n"
        )
    };
    for (required, without) in [("true", 401), ("false", 200)] {
        let mut library = Library::builtin();
        library.add("both", "both.toml", &dialect(required));
        let plan = RealmPlan::new(REALM, "both", "default").with_mtls(&[]);
        let world = World::with(&library, MemoryStore::new(), vec![plan]).await;
        let client = world.client(REALM, new_client("read")).await;
        let own = world.certify(REALM, &client.id, None).await;
        let other = world.client(REALM, new_client("read")).await;
        let others = world.certify(REALM, &other.id, None).await;
        let with_secret = |path: &str, fields: &[(&str, &str)]| {
            Ask::form(&format!("/{REALM}{path}"), fields).header("authorization", client.basic())
        };
        let fields = [("grant_type", "client_credentials"), ("scope", "read")];
        let ask = with_secret("/first", &fields);
        assert_eq!(ask.clone().send(&world).await.status, 401);
        let token = ask.showing(&own).send(&world).await.token();
        for path in ["/oauth/introspect", "/oauth/revoke"] {
            let ask = with_secret(path, &[("token", token.as_str())]);
            for (title, ask, expected) in [
                ("none", ask.clone(), without),
                ("another's", ask.clone().showing(&others), without),
                ("its own", ask.showing(&own), 200),
            ] {
                let answer = ask.send(&world).await;
                assert_eq!(answer.status, expected, "{path}, {title}: {}", answer.body);
            }
        }
    }
}
