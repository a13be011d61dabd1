//! Roots, intermediates, and chains from elsewhere.

use crate::world::*;
use chancela_core::x509::*;
use proptest::prelude::*;

/// I-13.
#[test]
fn openssl_believes_root_and_intermediate_as_what_they_are() {
    let (root, intermediate) = authorities();
    let openssl = OpenSsl::new("authorities");
    openssl.certificates("root.pem", root.chain()).certificates("int.pem", &intermediate.chain()[..1]);
    assert_eq!(intermediate.chain()[1], root.chain()[0]);
    let said = openssl.run("verify -x509_strict -CAfile root.pem root.pem int.pem");
    assert_says(&said, &["root.pem: OK", "int.pem: OK"]);
    let text = openssl.run("x509 -in root.pem -noout -text -nameopt RFC2253,utf8,-esc_msb");
    assert_says(
        &text,
        &[
            "Subject: CN=Root,O=Banco São João S.A.,C=BR",
            "ecdsa-with-SHA384",
            "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:1",
            "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n",
            "X509v3 Subject Key Identifier",
            "X509v3 Authority Key Identifier",
        ],
    );
    let text = openssl.run("x509 -in int.pem -noout -text");
    assert_says(
        &text,
        &[
            "ecdsa-with-SHA384",
            "CA:TRUE, pathlen:0",
            "X509v3 Key Usage: critical\n                Digital Signature, Certificate Sign, CRL Sign\n",
            "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        ],
    );
    let identifier = |authority: &Authority| {
        let kid = authority.key().kid().to_uppercase();
        kid.as_bytes().chunks(2).map(|c| str::from_utf8(c).unwrap()).collect::<Vec<_>>().join(":")
    };
    assert_says(&text, &[&identifier(&root), &identifier(&intermediate)]);
}

/// RFC 5280 §4.2.1.9: the path length that we write is one that openssl holds us to.
#[test]
fn an_intermediate_of_an_intermediate_is_believed_by_nobody() {
    let (root, intermediate) = authorities();
    let third =
        intermediate.intermediate(key(AuthorityKeyKind::P256), &name("Third"), serial(3), days(10)).unwrap();
    let (_, certificate) = client(&third, KeyPairKind::P256, 4);
    let openssl = OpenSsl::new("third");
    openssl
        .certificates("root.pem", root.chain())
        .certificates("chain.pem", third.chain())
        .certificates("client.pem", &[certificate]);
    let said = openssl.refuse("verify -CAfile root.pem -untrusted chain.pem client.pem");
    assert_says(&said, &["path length constraint exceeded"]);
    assert_eq!(check_installed(third.chain(), third.key(), now()), Err(InstallError::PathLength(2)));
}

#[test]
fn an_external_root_signs_our_request_and_the_chain_is_installed() {
    let openssl = OpenSsl::new("external");
    let pkcs8 = AuthorityKey::generate(AuthorityKeyKind::P256).unwrap();
    let ours = || AuthorityKey::from_pkcs8(&pkcs8).unwrap();
    openssl.file("our.csr", name("Issuing").certificate_signing_request(&ours()).unwrap());
    let text = openssl.run("req -in our.csr -verify -noout -text");
    assert_says(&text, &["CA:TRUE, pathlen:0", "CN = Issuing", "Certificate Sign, CRL Sign"]);
    openssl.run(
        "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj /DC=com/DC=bank/CN=Root -days 30",
    );
    openssl.file(
        "ca.ext",
        "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n",
    );
    openssl.run(
        "x509 -req -in our.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ca.ext -outform DER -out our.der",
    );
    openssl.run("x509 -in root.pem -outform DER -out root.der");
    let chain = vec![openssl.read("our.der"), openssl.read("root.der")];
    let authority = Authority::install(ours(), chain.clone(), locations(), now()).unwrap();
    let (_, certificate) = client(&authority, KeyPairKind::P256, 4);
    openssl.certificates("our.pem", &chain[..1]).certificates("client.pem", &[certificate]);
    openssl.run("verify -CAfile root.pem -untrusted our.pem -purpose sslclient client.pem");

    openssl.run(
        "x509 -req -sha1 -in our.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ca.ext -outform DER -out sha1.der",
    );
    let sha1 = [openssl.read("sha1.der"), chain[1].clone()];
    assert_eq!(check_installed(&sha1, &ours(), now()), Err(InstallError::Sha1(1)));
    let other = key(AuthorityKeyKind::P256);
    assert_eq!(check_installed(&chain, &other, now()), Err(InstallError::OtherKey));
    assert_eq!(check_installed(&[], &ours(), now()), Err(InstallError::Length));
    let later = now().plus_seconds(21 * DAY);
    assert_eq!(check_installed(&chain, &ours(), later), Err(InstallError::Expired(1)));
    let (stranger, _) = authorities();
    let wrong = [chain[0].clone(), stranger.chain()[0].clone()];
    assert_eq!(check_installed(&wrong, &ours(), now()), Err(InstallError::Unsigned(1)));
    let broken = [chain[0].clone(), b"x".to_vec()];
    assert_eq!(check_installed(&broken, &ours(), now()), Err(InstallError::Unreadable(2)));
}

#[test]
fn a_certificate_without_the_powers_of_an_authority_is_not_installed() {
    let openssl = OpenSsl::new("powerless");
    let pkcs8 = AuthorityKey::generate(AuthorityKeyKind::P256).unwrap();
    let ours = AuthorityKey::from_pkcs8(&pkcs8).unwrap();
    openssl.file("our.csr", name("Issuing").certificate_signing_request(&ours).unwrap());
    openssl.run("req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj /CN=Root -days 30");
    for (extensions, error) in [
        ("basicConstraints=CA:FALSE", InstallError::NotAuthority(1)),
        ("basicConstraints=critical,CA:TRUE\nkeyUsage=cRLSign", InstallError::NotAuthority(1)),
        ("basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign", InstallError::NoCrlSign),
        (
            "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nextendedKeyUsage=serverAuth",
            InstallError::Usage(1),
        ),
    ] {
        openssl.file("ca.ext", extensions);
        openssl.run(
            "x509 -req -in our.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ca.ext -outform DER -out our.der",
        );
        let chain = [openssl.read("our.der")];
        assert_eq!(check_installed(&chain, &ours, now()), Err(error), "{extensions}");
    }
}

/// RFC 7093 §2, method 1: of the contents of the BIT STRING, which for a point of P-256 are the last 65 bytes.
#[test]
fn a_kid_is_the_first_160_bits_of_sha_256_of_the_public_key() {
    let key = key(AuthorityKeyKind::P256);
    let openssl = OpenSsl::new("kid");
    openssl.file("point", &key.public_key()[key.public_key().len() - 65..]);
    let digest = openssl.run("dgst -sha256 -r point");
    assert_eq!(key.kid(), digest[..40]);
}

#[test]
fn a_root_does_not_make_itself_an_intermediate() {
    let pkcs8 = AuthorityKey::generate(AuthorityKeyKind::P256).unwrap();
    let ours = || AuthorityKey::from_pkcs8(&pkcs8).unwrap();
    let root = Authority::root(ours(), &name("Root"), serial(1), days(10)).unwrap();
    let again = root.intermediate(ours(), &name("Issuing"), serial(2), days(10));
    assert_eq!(again.unwrap_err(), AuthorityError::OwnKey);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// An intermediate is good only while its root is, and so is what it issues.
    #[test]
    fn what_is_issued_lives_within_its_issuer(
        middle in (-400_i64..400, 1_i64..800), leaf in (-400_i64..400, 1_i64..800),
    ) {
        let today = now();
        let span = |(start, length): (i64, i64)| {
            Validity::starting(today.plus_seconds(start * DAY), length * DAY)
        };
        let root = Authority::root(key(AuthorityKeyKind::P256), &name("Root"), serial(1), span((-200, 400))).unwrap();
        let Ok(intermediate) = root.intermediate(key(AuthorityKeyKind::P256), &name("I"), serial(2), span(middle))
        else {
            prop_assert!(middle.0 >= 200 || middle.0 + middle.1 <= -200);
            return Ok(());
        };
        let within = |inner: Validity, outer: Validity| {
            inner.not_before >= outer.not_before && inner.not_after <= outer.not_after
                && inner.not_before < inner.not_after
        };
        prop_assert!(within(intermediate.validity(), root.validity()));
        let spki = public_key_of(&generate_key(KeyPairKind::P256).unwrap()).unwrap();
        if let Ok(der) = intermediate.issue(&profile(), &spki, serial(3), span(leaf)) {
            let issued = Certificate::parse_der(&der).unwrap();
            let issued = Validity { not_before: issued.not_before, not_after: issued.not_after };
            prop_assert!(within(issued, intermediate.validity()) && within(issued, span(leaf)));
        }
    }
}
