//! Why an enrolment does not go on, and why a request cannot be signed.

use super::{Portuguese, of_text};
use crate::calendar::DueError;
use crate::enrolment::EnrolmentError;
use crate::proof::ProveError;
use chancela_core::jose::PrivateKeyError;
use chancela_core::message::certificate_order::client::OrderError;

impl Portuguese for EnrolmentError {
    fn pt_br(&self) -> String {
        match self {
            Self::Unknown { name, known } => {
                format!("não há o provedor {name:?} na configuração; ela tem: {known}")
            }
            Self::NotConfigured { provider, template } => format!(
                "{provider}: não há [provider.{provider}.enrollment]; a configuração dele seria\n\n{template}"
            ),
            Self::Configuration { provider, why } => format!("{provider}: {}", of_text(why)),
            Self::Provider(error) => error.pt_br(),
            Self::Order { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::Request { provider, error } => {
                format!("{provider}: {}; corrija `enrollment.subject`", of_text(&error.to_string()))
            }
            Self::Source { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::Identity { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::Key { provider } => format!("{provider}: não foi possível criar uma chave; tente de novo"),
            Self::Sealed { provider, error } => format!(
                "{provider}: o provedor emitiu um certificado, e a chave dele não abre com a nossa senha ({}); peça a revogação do certificado, e execute `chancela agent enroll {provider} --again`",
                error.pt_br()
            ),
            Self::InTheWay { path } => format!(
                "{} já existe, e nada é sobrescrito; indique outro arquivo na configuração, ou mude este de lugar",
                path.display()
            ),
            Self::NothingToRenew { provider } => format!(
                "{provider}: não há certificado para renovar; execute `chancela agent enroll {provider}`"
            ),
            Self::Transport { provider, step, error } => {
                format!("{provider}: {}: {}", of_text(step), error.pt_br())
            }
            Self::Refused { provider, step, said } => {
                format!("{provider}: {}: {}", of_text(step), of_text(said))
            }
            Self::Uncertain { provider, at, why, most } => format!(
                "{provider}: um certificado foi pedido em {at}, e não se sabe se o provedor o emitiu{}; pergunte ao provedor (ele dá no máximo {most} por vez) e, quando nenhum estiver perdido ou houver lugar para outro, execute `chancela agent enroll {provider} --again`",
                of_text(why)
            ),
            Self::Waits { provider, key } => format!(
                "{provider}: o pedido espera pela aprovação do provedor; peça o certificado ao provedor quando existir, e ponha-o com a chave {} no arquivo que `certificate` indica",
                key.display()
            ),
            Self::NotProven { error } => format!(
                "o certificado novo está guardado e ainda não está em uso, porque não deu um token: {}; depois execute o mesmo comando de novo, ou peça outro com --again",
                error.pt_br()
            ),
            Self::File { path, error } => format!(
                "{}: {}; verifique a pasta, as permissões e o disco dela, e execute o mesmo comando de novo",
                path.display(),
                error.pt_br()
            ),
            Self::Journal { path, why } => format!(
                "{}: não é possível ler o que foi feito até aqui: {}; verifique que o provedor não emitiu nenhum certificado desde então, e mude o arquivo de lugar para começar de novo",
                path.display(),
                of_text(why)
            ),
            Self::Foreign { path, of } => format!(
                "{} é de outro pedido de certificado ({of}); dê a cada provedor e ambiente um arquivo de `certificate` próprio",
                path.display()
            ),
            Self::Busy { path } => format!(
                "outro processo já está pedindo um certificado ({} está travado); espere por ele, e veja `chancela agent certificate show`",
                path.display()
            ),
        }
    }
}

impl Portuguese for OrderError {
    fn pt_br(&self) -> String {
        match self {
            Self::MissingOrganization => {
                "o caminho de um pedido indica nossa organização; diga qual (o provedor deu a chave dela)".to_owned()
            }
            Self::Passphrase(error) => {
                format!("{}; escolha uma que atenda à regra do provedor", of_text(&error.to_string()))
            }
            Self::KeyOrigin => "o provedor não recebe pedidos deste tipo; verifique o dialeto dele".to_owned(),
            Self::Lifetime(most) => {
                format!("o provedor não recebe esse prazo; retire-o, ou peça no máximo {most} dias")
            }
            Self::Unwritable => {
                "o pedido não pode ser escrito; verifique se a organização e o token só têm caracteres simples".to_owned()
            }
        }
    }
}

impl Portuguese for PrivateKeyError {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::Absent => {
                "não há uma chave privada; informe PKCS #8 em PEM (-----BEGIN PRIVATE KEY-----) ou um JWK privado, como `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` cria"
            }
            Self::OtherForm => {
                "a chave está cifrada ou em uma forma mais antiga; converta com `openssl pkcs8 -topk8 -nocrypt -in OLD.pem -out NEW.pem`"
            }
            Self::Jwk => "o JWK não é legível; informe uma chave como objeto JSON, e não um conjunto",
            Self::Public => {
                "o JWK não tem a parte privada (d); informe a chave privada e não o que se publica dela"
            }
            Self::Kind => {
                "a chave está danificada, ou não é P-256, nem Ed25519, nem RSA de 2048 bits ou mais; crie outra"
            }
            Self::Algorithm(name) => {
                return format!(
                    "a chave não pode assinar com {name}; indique um algoritmo do tipo dela, ou nenhum"
                );
            }
        };
        text.to_owned()
    }
}

impl Portuguese for ProveError {
    fn pt_br(&self) -> String {
        match self {
            Self::Proof(error) => of_text(&error.to_string()),
            Self::Entropy(error) => format!("{}; tente de novo", error.pt_br()),
        }
    }
}

impl Portuguese for DueError {
    fn pt_br(&self) -> String {
        of_text(&self.to_string())
    }
}
