//! Why a file holds no certificates or no key, and why something encrypted stayed so.

use super::Portuguese;
use chancela_core::x509::{CertificateError, EncryptionError, Pkcs12Error};

impl Portuguese for CertificateError {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::TooLarge => "o arquivo tem mais de 256 certificados ou 2 MiB; divida-o",
            Self::Malformed => {
                "uma seção CERTIFICATE não é PEM de um certificado X.509; gere-o com `openssl x509 -in FILE`"
            }
            Self::NoCertificate => {
                "o arquivo não tem uma seção -----BEGIN CERTIFICATE-----; informe-o em PEM"
            }
        };
        text.to_owned()
    }
}

impl Portuguese for EncryptionError {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::Malformed => "não é uma chave privada cifrada em DER ou PEM; exporte-a de novo",
            Self::Legacy => {
                "cifrado com um algoritmo mais antigo que PBES2; converta com `openssl pkcs8 -in old.pem -topk8 -v2 aes-256-cbc -out new.pem`"
            }
            Self::Unsupported => {
                "cifrado com algo que não é AES-CBC e PBKDF2 de no máximo 2000000 iterações; exporte com os padrões do openssl"
            }
            Self::WrongPassword => "a senha está errada, ou o arquivo está danificado",
            Self::Entropy(error) => return error.pt_br(),
            Self::Failed => "a cifragem falhou",
        };
        text.to_owned()
    }
}

impl Portuguese for Pkcs12Error {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::Malformed => "não é um arquivo PKCS #12 em DER; exporte-o de novo",
            Self::Legacy => {
                "cifrado com RC2 ou triple DES; converta com `openssl pkcs12 -legacy -in old.p12 -nodes -out plain.pem && openssl pkcs12 -export -in plain.pem -out new.p12` e depois apague plain.pem"
            }
            Self::Unsupported => {
                "protegido por algo que não é uma senha, PBES2 com AES-CBC e um HMAC com SHA-1, SHA-256 ou SHA-512 de no máximo 2000000 iterações; exporte com os padrões do OpenSSL 3"
            }
            Self::WrongPassword => "a senha está errada, ou o arquivo está danificado",
            Self::EmptyPassword => "a senha está vazia; informe uma",
            Self::Key => {
                "o arquivo não tem exatamente uma chave privada; exporte uma chave com os certificados dela"
            }
            Self::Certificate => {
                "o arquivo não tem um certificado da chave privada; exporte a chave com os certificados dela"
            }
            Self::Entropy(error) => return error.pt_br(),
            Self::Failed => "a cifragem falhou",
        };
        text.to_owned()
    }
}
