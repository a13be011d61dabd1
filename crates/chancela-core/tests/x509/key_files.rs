//! Private keys in files: encrypted PKCS #8 and PKCS #12.

use crate::world::*;
use chancela_core::x509::*;
use proptest::prelude::*;
use std::sync::LazyLock;

/// 64 characters of every kind, without a space because the arguments of `openssl` are divided there.
const PASSPHRASE: &str = "Aa1!ção$%&*()?bcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOP";

#[test]
fn openssl_opens_the_key_that_we_encrypted() {
    let openssl = OpenSsl::new("pkcs8");
    for kind in [KeyPairKind::Rsa2048, KeyPairKind::P256, KeyPairKind::P384] {
        let key = generate_key(kind).unwrap();
        openssl.file("k.pem", encrypt_private_key(&key, PASSPHRASE, &Counting::new()).unwrap());
        openssl.run(&format!("pkey -in k.pem -passin pass:{PASSPHRASE} -pubout -outform DER -out p.der"));
        assert_eq!(Some(openssl.read("p.der")), public_key_of(&key));
        openssl.refuse("pkey -in k.pem -passin pass:other -pubout");
        let parameters = openssl.run("asn1parse -in k.pem");
        assert_says(&parameters, &["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"]);
    }
}

#[test]
fn we_open_the_key_that_openssl_encrypted() {
    let openssl = OpenSsl::new("pkcs8_openssl");
    openssl.run("genpkey -algorithm ed25519 -outform DER -out k.der");
    let key = openssl.read("k.der");
    for options in
        ["", " -v2 aes-256-cbc -v2prf hmacWithSHA512", " -v2 aes-128-cbc -v2prf hmacWithSHA1 -iter 1"]
    {
        openssl.run(&format!(
            "pkcs8 -topk8 -inform DER -in k.der -passout pass:{PASSPHRASE}{options} -out k.pem"
        ));
        let pem = String::from_utf8(openssl.read("k.pem")).unwrap();
        assert_eq!(*decrypt_private_key(&pem, PASSPHRASE).unwrap(), key, "{options}");
        assert_eq!(decrypt_private_key(&pem, "other").unwrap_err(), EncryptionError::WrongPassword);
    }
    for (options, error) in [
        ("-v2 des3", EncryptionError::Unsupported),
        ("-iter 2000001", EncryptionError::Unsupported),
        ("-v1 PBE-SHA1-3DES", EncryptionError::Legacy),
    ] {
        openssl.run(&format!("pkcs8 -topk8 -inform DER -in k.der -passout pass:x {options} -out k.pem"));
        let pem = String::from_utf8(openssl.read("k.pem")).unwrap();
        assert_eq!(decrypt_private_key(&pem, "x").unwrap_err(), error, "{options}");
    }
}

#[test]
fn openssl_opens_the_file_that_we_made() {
    let (_, authority) = authorities();
    let openssl = OpenSsl::new("pkcs12");
    for kind in [KeyPairKind::Rsa2048, KeyPairKind::P256] {
        let (key, certificate) = client(&authority, kind, 7);
        let chain: Vec<_> = std::iter::once(certificate).chain(authority.chain().to_vec()).collect();
        let file = encode_pkcs12(&key, &chain, "Padaria do Zé", PASSPHRASE, &Counting::new()).unwrap();
        openssl.file("x.p12", &file);
        let said = openssl.run(&format!("pkcs12 -in x.p12 -passin pass:{PASSPHRASE} -nodes -info"));
        assert_says(
            &said,
            &[
                "MAC: sha256",
                "PBES2, PBKDF2, AES-256-CBC",
                "hmacWithSHA256",
                "friendlyName: Padaria do Z",
                "BEGIN PRIVATE KEY",
            ],
        );
        assert_eq!(said.matches("BEGIN CERTIFICATE").count(), 3);
        assert_eq!(said.matches("localKeyID").count(), 2, "of the key and of its certificate");
        openssl.refuse("pkcs12 -in x.p12 -passin pass:other -nodes");
        let opened = decode_pkcs12(&file, PASSPHRASE).unwrap();
        assert_eq!(*opened.key, key);
        assert_eq!(opened.chain, chain);
        assert_eq!(format!("{opened:?}"), "Pkcs12(3 certificates)");
        assert_eq!(decode_pkcs12(&file, "other"), Err(Pkcs12Error::WrongPassword));
    }
}

/// A key and its chain as openssl exports them.
fn exported(openssl: &OpenSsl, options: &str) -> Vec<u8> {
    openssl.run(&format!(
        "pkcs12 -export -inkey k.pem -in c.pem -certfile chain.pem -passout pass:{PASSPHRASE} -out x.p12{options}"
    ));
    openssl.read("x.p12")
}

#[test]
fn we_open_the_file_that_openssl_made() {
    let (_, authority) = authorities();
    let (key, certificate) = client(&authority, KeyPairKind::P256, 7);
    let (_, stranger) = client(&authority, KeyPairKind::P256, 8);
    let openssl = OpenSsl::new("pkcs12_openssl");
    let above = authority.chain();
    let shuffled = [above[1].clone(), stranger, above[0].clone()];
    openssl
        .file("k.pem", encode_pem("PRIVATE KEY", &key))
        .certificates("c.pem", std::slice::from_ref(&certificate))
        .certificates("chain.pem", &shuffled);
    for options in [
        "",
        " -name x",
        " -macalg sha1",
        " -macalg sha512 -iter 10000",
        " -keypbe NONE",
        " -certpbe NONE",
        " -nomaciter",
    ] {
        let opened = decode_pkcs12(&exported(&openssl, options), PASSPHRASE).unwrap();
        assert_eq!(public_key_of(&opened.key), public_key_of(&key), "{options}");
        assert_eq!(opened.chain, [certificate.clone(), above[0].clone(), above[1].clone()], "{options}");
    }
    for (options, error) in [
        (" -legacy", Pkcs12Error::Legacy),
        (" -nomac", Pkcs12Error::Unsupported),
        (" -macalg sha384", Pkcs12Error::Unsupported),
        (" -iter 2000001", Pkcs12Error::Unsupported),
        (" -nokeys", Pkcs12Error::Key),
    ] {
        let file = exported(&openssl, options);
        assert_eq!(decode_pkcs12(&file, PASSPHRASE), Err(error), "{options}");
    }
}

#[test]
fn a_file_without_password_or_without_the_key_s_certificate_is_not_made_or_read() {
    let (_, authority) = authorities();
    let (key, certificate) = client(&authority, KeyPairKind::P256, 7);
    let (_, other) = client(&authority, KeyPairKind::P256, 8);
    let made = encode_pkcs12(&key, &[certificate], "", "", &Counting::new());
    assert_eq!(made, Err(Pkcs12Error::EmptyPassword));
    assert_eq!(encode_pkcs12(&key, &[], "", "x", &Counting::new()), Err(Pkcs12Error::Certificate));
    let file = encode_pkcs12(&key, &[other], "", "x", &Counting::new()).unwrap();
    assert_eq!(decode_pkcs12(&file, "x"), Err(Pkcs12Error::Certificate));
}

static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (_, authority) = authorities();
    let (key, certificate) = client(&authority, KeyPairKind::P256, 7);
    encode_pkcs12(&key, &[certificate], "x", "x", &Counting::new()).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_damage_to_a_file_makes_the_reader_panic(at: usize, bit in 0_u8..8, cut: usize) {
        let mut file = FILE.clone();
        let length = file.len();
        prop_assert!(decode_pkcs12(&file[..cut % length], "x").is_err());
        file[at % length] ^= 1_u8 << bit;
        let _ = decode_pkcs12(&file, "x");
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode_pkcs12(&bytes, "x");
        let _ = decrypt_private_key(&encode_pem("ENCRYPTED PRIVATE KEY", &bytes), "x");
    }
}
