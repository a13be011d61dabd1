//! An authenticator and its browser, of which everything can be made wrong.

use crate::secret::sha256;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};

pub(super) enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

pub(super) struct Authenticator {
    pub(super) id: Vec<u8>,
    pub(super) pair: Pair,
}

/// What authenticator and browser say; by default, what they should.
#[derive(Debug)]
pub(super) struct Says {
    pub(super) kind: &'static str,
    pub(super) origin: &'static str,
    pub(super) cross_origin: Value,
    pub(super) challenge: Option<Vec<u8>>,
    pub(super) rp_id: &'static str,
    pub(super) flags: u8,
    pub(super) sign_count: u32,
    pub(super) id: Option<Vec<u8>>,
    pub(super) handle: Option<String>,
    pub(super) trailing: Vec<u8>,
    pub(super) spoil_signature: bool,
}

impl Default for Says {
    fn default() -> Self {
        Self {
            kind: "",
            origin: "https://example.org",
            cross_origin: json!(false),
            challenge: None,
            rp_id: "example.org",
            flags: 0x05,
            sign_count: 0,
            id: None,
            handle: None,
            trailing: Vec::new(),
            spoil_signature: false,
        }
    }
}

impl Says {
    fn client_data(&self, kind: &str, challenge: &[u8]) -> String {
        let challenge = self.challenge.as_deref().unwrap_or(challenge);
        json!({
            "type": if self.kind.is_empty() { kind } else { self.kind },
            "challenge": BASE64URL.encode(challenge),
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        })
        .to_string()
    }

    fn data(&self, flags: u8, credential: &[u8]) -> Vec<u8> {
        let head = [&sha256(self.rp_id.as_bytes())[..], &[flags], &self.sign_count.to_be_bytes()].concat();
        [&head[..], credential, &self.trailing].concat()
    }
}

/// A CBOR byte string.
fn byte_string(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0x59][..], &length, bytes].concat()
}

impl Authenticator {
    pub(super) fn es256() -> Self {
        let algorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        Self { id: vec![1; 16], pair: Pair::Es256(EcdsaKeyPair::generate(algorithm).unwrap()) }
    }

    pub(super) fn of_every_algorithm() -> [Self; 3] {
        let ed25519 = Pair::EdDsa(Ed25519KeyPair::generate().unwrap());
        let rsa = Pair::Rs256(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
        [Self::es256(), Self { id: vec![2; 64], pair: ed25519 }, Self { id: vec![3; 1023], pair: rsa }]
    }

    fn cose_key(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Es256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (byte_string(&point[1..33]), byte_string(&point[33..65]));
                [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21][..], &x, &[0x22], &y].concat()
            }
            Pair::EdDsa(pair) => {
                let x = byte_string(pair.public_key().as_ref());
                [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21][..], &x].concat()
            }
            Pair::Rs256(pair) => {
                let public: PublicKeyComponents<Vec<u8>> = pair.public_key().into();
                let (n, e) = (byte_string(&public.n), byte_string(&public.e));
                [&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20][..], &n, &[0x21], &e].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut out).unwrap();
                out
            }
        }
    }

    /// `navigator.credentials.create`.
    pub(super) fn create(&self, challenge: &[u8], says: &Says) -> String {
        let id = says.id.as_ref().unwrap_or(&self.id);
        let length = u16::try_from(id.len()).unwrap().to_be_bytes();
        let credential = [&[0; 16][..], &length, id, &self.cose_key()].concat();
        let data = says.data(says.flags | 0x40, &credential);
        let object = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"[..], &byte_string(&data)].concat();
        let client_data = says.client_data("webauthn.create", challenge);
        json!({
            "type": "public-key",
            "id": BASE64URL.encode(id),
            "response": {
                "clientDataJSON": BASE64URL.encode(client_data),
                "attestationObject": BASE64URL.encode(object),
            },
        })
        .to_string()
    }

    /// `navigator.credentials.get`.
    pub(super) fn get(&self, challenge: &[u8], says: &Says) -> String {
        let data = says.data(says.flags, &[]);
        let client_data = says.client_data("webauthn.get", challenge);
        let mut signature = self.sign(&[&data[..], &sha256(client_data.as_bytes())].concat());
        if says.spoil_signature {
            let last = signature.len() - 1;
            signature[last] ^= 1;
        }
        json!({
            "type": "public-key",
            "id": BASE64URL.encode(says.id.as_ref().unwrap_or(&self.id)),
            "response": {
                "clientDataJSON": BASE64URL.encode(client_data),
                "authenticatorData": BASE64URL.encode(data),
                "signature": BASE64URL.encode(signature),
                "userHandle": says.handle.as_ref().map(|handle| BASE64URL.encode(handle)),
            },
        })
        .to_string()
    }
}
