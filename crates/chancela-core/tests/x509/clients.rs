//! Certificates of clients.

use crate::world::*;
use chancela_core::x509::*;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The extensions that stand in a client's certificate, and no other.
const EXTENSIONS: [&str; 8] = [
    "1.3.6.1.5.5.7.1.1",
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.31",
    "2.5.29.35",
    "2.5.29.37",
];

/// I-09.
#[test]
fn openssl_reads_the_profile_and_nothing_else() {
    let (root, authority) = authorities();
    let openssl = OpenSsl::new("clients");
    openssl.certificates("root.pem", root.chain()).certificates("chain.pem", &authority.chain()[..1]);
    for (kind, usage) in [
        (KeyPairKind::P256, "Digital Signature\n"),
        (KeyPairKind::P384, "Digital Signature\n"),
        (KeyPairKind::Rsa2048, "Digital Signature, Key Encipherment\n"),
    ] {
        let (_, certificate) = client(&authority, kind, 7);
        openssl.certificates("client.pem", std::slice::from_ref(&certificate));
        openssl
            .run("verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted chain.pem client.pem");
        let said =
            openssl.refuse("verify -purpose sslserver -CAfile root.pem -untrusted chain.pem client.pem");
        assert_says(&said, &["nsuitable certificate purpose"]);
        let text = openssl.run("x509 -in client.pem -noout -text -nameopt RFC2253,utf8,-esc_msb");
        assert_says(
            &text,
            &[
                "Subject: CN=Padaria do Zé,UID=5f69111c,organizationIdentifier=NTRBR-12345678000195,serialNumber=12345678000195,O=Padaria Ltda,C=BR\n",
                "ecdsa-with-SHA256",
                "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
                &format!("X509v3 Key Usage: critical\n                {usage}"),
                "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
                "X509v3 Subject Alternative Name: \n                URI:urn:client:5f69111c\n",
                &format!("URI:{CRL_URL}"),
                &format!("OCSP - URI:{OCSP_URL}"),
                &format!("CA Issuers - URI:{ISSUER_URL}"),
            ],
        );
        let (_, parsed) = X509Certificate::from_der(&certificate).unwrap();
        let mut found: Vec<_> = parsed.extensions().iter().map(|e| e.oid.to_id_string()).collect();
        found.sort();
        assert_eq!(found, EXTENSIONS);
        assert_eq!(parsed.raw_serial(), serial(7).0);
        let kinds = openssl.run("x509 -in client.pem -noout -subject -nameopt multiline,show_type");
        assert_says(&kinds, &["= PRINTABLESTRING:BR\n", "UTF8STRING:Padaria Ltda"]);
    }
}

/// I-10: of what a client sends, only the public key reaches the certificate.
#[test]
fn what_a_request_asks_for_never_reaches_the_certificate() {
    let (_, authority) = authorities();
    let openssl = OpenSsl::new("request");
    openssl.file(
        "req.cnf",
        "[req]\ndistinguished_name=dn\nreq_extensions=ext\nprompt=no\n[dn]\nCN=Admin\n[ext]\nbasicConstraints=critical,CA:TRUE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:bank.example\n1.2.3.4=ASN1:UTF8String:x\n",
    );
    openssl.run("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -config req.cnf -out r.pem");
    openssl.run("req -in r.pem -pubkey -noout -out pub.pem");
    openssl.run("pkey -pubin -in pub.pem -outform DER -out pub.der");
    let certificate = authority.issue(&profile(), &openssl.read("pub.der"), serial(9), days(30)).unwrap();
    openssl.certificates("c.pem", std::slice::from_ref(&certificate));
    let text = openssl.run("x509 -in c.pem -noout -text");
    for asked in ["Admin", "CA:TRUE", "Server", "bank.example", "1.2.3.4"] {
        assert!(!text.contains(asked), "{asked} is in\n{text}");
    }
}

#[test]
fn webpki_believes_it_as_a_client_and_not_as_a_server() {
    let (root, authority) = authorities();
    let (_, certificate) = client(&authority, KeyPairKind::P256, 7);
    let root = CertificateDer::from(root.chain()[0].clone());
    let anchors = [anchor_from_trusted_cert(&root).unwrap()];
    let intermediates = [CertificateDer::from(authority.chain()[0].clone())];
    let certificate = CertificateDer::from(certificate);
    let certificate = EndEntityCert::try_from(&certificate).unwrap();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now().seconds().try_into().unwrap()));
    for (usage, believed) in [(KeyUsage::client_auth(), true), (KeyUsage::server_auth(), false)] {
        let verified = certificate.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &anchors,
            &intermediates,
            time,
            usage,
            None,
            None,
        );
        assert_eq!(verified.is_ok(), believed);
    }
}

/// CE-04, CE-05: the parts of it that the shape of the key decides.
#[test]
fn a_key_that_no_client_may_have_is_refused() {
    let (_, authority) = authorities();
    let issue = |spki: &[u8]| authority.issue(&profile(), spki, serial(7), days(30)).unwrap_err();
    assert_eq!(issue(authority.key().public_key()), AuthorityError::OwnKey);
    assert_eq!(issue(b""), AuthorityError::PublicKey);
    let good = public_key_of(&generate_key(KeyPairKind::P256).unwrap()).unwrap();
    let followed: Vec<u8> = good.iter().copied().chain([0]).collect();
    assert_eq!(issue(&followed), AuthorityError::PublicKey);
    let openssl = OpenSsl::new("curves");
    for curve in ["secp224r1", "secp521r1", "secp256k1"] {
        openssl.run(&format!("ecparam -name {curve} -genkey -noout -out k.pem"));
        openssl.run("pkey -in k.pem -pubout -outform DER -out k.der");
        assert_eq!(issue(&openssl.read("k.der")), AuthorityError::PublicKey, "{curve}");
    }
    openssl.run("genpkey -algorithm ed25519 -out k.pem");
    openssl.run("pkey -in k.pem -pubout -outform DER -out k.der");
    assert!(authority.issue(&profile(), &openssl.read("k.der"), serial(7), days(30)).is_ok());
}

#[test]
fn a_profile_that_breaks_a_rule_names_it() {
    let with = |change: fn(&mut ClientProfile)| {
        let mut changed = profile();
        change(&mut changed);
        changed.check()
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|p| p.common_name.clear()), Err(ProfileError::Empty("common_name")));
    assert_eq!(with(|p| p.common_name = "a\nb".into()), Err(ProfileError::Form("common_name")));
    assert_eq!(with(|p| p.common_name = " a".into()), Err(ProfileError::Form("common_name")));
    let long = ProfileError::TooLong { name: "common_name", longest: 64 };
    assert_eq!(with(|p| p.common_name = "é".repeat(65)), Err(long));
    assert_eq!(with(|p| p.common_name = "é".repeat(64)), Ok(()));
    assert_eq!(with(|p| p.country = Some("br".into())), Err(ProfileError::Form("country")));
    let twice = (SubjectAttribute::UserId, "b".to_owned());
    let repeated = {
        let mut changed = profile();
        changed.attributes.push(twice);
        changed.check()
    };
    assert_eq!(repeated, Err(ProfileError::Repeated("user_id")));
    assert_eq!(with(|p| p.alt_uris.clear()), Err(ProfileError::NoAlternativeName));
    assert_eq!(with(|p| p.alt_uris = vec!["nothing".into()]), Err(ProfileError::Form("alt_uris")));
    assert_eq!(with(|p| p.alt_dns = vec!["*.bank.example".into()]), Err(ProfileError::Form("alt_dns")));
    assert_eq!(with(|p| p.alt_dns = vec!["a\0b".into()]), Err(ProfileError::Form("alt_dns")));
    assert_eq!(with(|p| p.alt_emails = vec!["a@b@c".into()]), Err(ProfileError::Form("alt_emails")));
    let many = with(|p| p.alt_uris = vec!["urn:x:y".into(); 17]);
    assert_eq!(many, Err(ProfileError::TooManyAlternativeNames));
}

#[test]
fn a_location_that_is_no_url_is_refused() {
    let spki = public_key_of(&generate_key(KeyPairKind::P256).unwrap()).unwrap();
    for url in ["", "http://", "ftp://a", "http://a b", "http://ação"] {
        let (_, authority) = authorities_at(Locations { crl: Some(url.into()), ..Locations::default() });
        let issued = authority.issue(&profile(), &spki, serial(7), days(30));
        assert_eq!(issued.unwrap_err(), AuthorityError::Location, "{url:?}");
    }
}
