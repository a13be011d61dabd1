//! Why a certificate and its key cannot be used, and what is doubtful about them.

use super::Portuguese;
use crate::identity::{IdentityError, IdentityProblem, IdentityWarning};

impl Portuguese for IdentityError {
    fn pt_br(&self) -> String {
        match self {
            Self::Source(error) => error.pt_br(),
            Self::Material { from, key, problem } => {
                let key = key.strip_prefix(" with ").map(|key| format!(" com {key}")).unwrap_or_default();
                format!("certificado {from}{key}: {}", problem.pt_br())
            }
        }
    }
}

impl Portuguese for IdentityProblem {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::NotPem => {
                "nem PEM nem PKCS #12; converta com `openssl x509 -inform DER -in FILE` ou `openssl pkey -inform DER -in FILE`"
            }
            Self::Certificate(error) => return error.pt_br(),
            Self::NoKey => "não há uma seção -----BEGIN PRIVATE KEY-----; indique também o arquivo da chave",
            Self::SeveralKeys => "há várias chaves privadas; deixe a que pertence ao certificado",
            Self::KeyTwice => {
                "um arquivo PKCS #12 já tem a chave dentro; não indique a chave, ou informe certificado e chave em PEM"
            }
            Self::KeyKind => {
                "a chave está danificada, ou não é RSA de 2048 bits ou mais, nem P-256, P-384, P-521 ou Ed25519; peça um certificado com uma chave dessas"
            }
            Self::OldEncryption => {
                "a chave está cifrada do modo antigo do OpenSSL; converta com `openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.pem -out new.pem`"
            }
            Self::NoPassphrase => "a chave está cifrada; indique onde está a senha dela",
            Self::WrongPassphrase => {
                "a senha está errada, ou a chave está danificada; confira com `openssl pkey -in FILE -noout`"
            }
            Self::Encryption(error) => return format!("a chave: {}", error.pt_br()),
            Self::Pkcs12(error) => return format!("PKCS #12: {}", error.pt_br()),
            Self::Mismatch => {
                "nenhum certificado ali é desta chave privada; informe um certificado e a chave com que ele foi pedido"
            }
            Self::NotYetValid { days } => {
                return format!(
                    "só vale daqui a {days} dias; confira o relógio desta máquina, ou use até lá o certificado anterior"
                );
            }
            Self::Expired { days } => {
                return format!("venceu há {days} dias; obtenha um novo com quem o emitiu");
            }
        };
        text.to_owned()
    }
}

impl Portuguese for IdentityWarning {
    fn pt_br(&self) -> String {
        match self {
            Self::Source(warning) => warning.pt_br(),
            Self::NotForClients => {
                "o certificado não é feito para clientes (sem clientAuth), e muitos servidores o recusam; peça um que seja".to_owned()
            }
            Self::MayNotSign => {
                "a chave do certificado não pode assinar (sem digitalSignature), e muitos servidores o recusam; peça um cuja chave possa".to_owned()
            }
        }
    }
}
