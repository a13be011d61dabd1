//! Why a provider gives no token, and why there is no agent.

use super::{Portuguese, of_text};
use crate::agent::AgentError;
use crate::engine::{PlanError, Reason, Refusal};
use crate::provider::{ProviderError, Timetable, span};
use chancela_core::dialect::DialectError;
use chancela_core::entropy::EntropyError;

impl Portuguese for ProviderError {
    fn pt_br(&self) -> String {
        match self {
            Self::Dialect { provider, error } => {
                format!(
                    "{provider}: {}; indique um com `dialect`, veja `chancela dialect list`",
                    error.pt_br()
                )
            }
            Self::Environment { provider, known } => {
                format!("{provider}: o dialeto tem os ambientes {known}; indique um com `environment`")
            }
            Self::NoAddress { provider } => {
                format!("{provider}: o dialeto não sabe o endereço do provedor; informe-o com `address`")
            }
            Self::Address { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::Endpoint { provider, known } => {
                format!("{provider}: o dialeto tem os endpoints de token {known}; indique um com `endpoint`")
            }
            Self::Step { provider, step, known } => {
                format!("{provider}: não há a etapa {step:?}; o dialeto tem: {known}")
            }
            Self::Identity { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::Authorities { path, error } => format!(
                "{}: {}; `ca` indica um arquivo PEM com pelo menos um certificado",
                path.display(),
                error.pt_br()
            ),
            Self::Proxy(error) => format!("http.proxy: {}", error.pt_br()),
            Self::Source { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::Missing { provider, key, why } => {
                format!("{provider}: falta {}; {}", of_text(key), of_text(why))
            }
            Self::Request { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::Header { provider, header } => format!(
                "{provider}: o valor do cabeçalho {header} não cabe em um cabeçalho; verifique a configuração"
            ),
            Self::Plan { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::TooManyScopes { provider } => {
                format!("{provider}: já são mantidos tokens de 64 escopos diferentes; peça um deles")
            }
            Self::Deadline { provider } => format!(
                "{provider}: não houve token a tempo; espere mais com --timeout, ou veja `chancela agent status`"
            ),
            Self::LoginRequired { provider } => {
                format!("{provider}: ninguém fez login; execute `chancela agent login {provider}`")
            }
            Self::Refused { provider, refusal } => format!("{provider}: {}", refusal.pt_br()),
            Self::NotEnrolled { provider } => {
                format!("{provider}: ainda não há certificado; execute `chancela agent enroll {provider}`")
            }
            Self::Key { provider, key, error } => format!("{provider}: {key}: {}", error.pt_br()),
            Self::KeptKey { provider, error } => {
                format!("{provider}: a chave a que os tokens dele são vinculados: {}", error.pt_br())
            }
            Self::Proof { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::CallAddress => {
                "o endereço da chamada ficaria longo demais com os parâmetros que o provedor quer; encurte-o"
                    .to_owned()
            }
            Self::Interrupted => "o programa está sendo encerrado".to_owned(),
        }
    }
}

impl Portuguese for Refusal {
    fn pt_br(&self) -> String {
        let mut out = self.reason.pt_br();
        if let Some(said) = &self.said {
            out = format!("{out}: {}", of_text(said));
        }
        match self.after {
            Some(after) if after > 0 => format!("{out} (próxima tentativa em {})", span(after)),
            _ => out,
        }
    }
}

impl Portuguese for Reason {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::LoginRequired => "ninguém fez login",
            Self::Unavailable => "o provedor não está disponível",
            Self::Budget => "o endpoint de token já foi chamado tantas vezes quantas pode ser",
            Self::TooEarly => "a sessão ainda não pode ser renovada",
            Self::Credentials => "o provedor não aceita nossas credenciais",
            Self::Request => "o provedor não aceita a requisição",
            Self::Configuration => "a requisição não pode ser feita",
            Self::TooShort => "os tokens do provedor nunca duram tanto; peça menos com --min-ttl",
            Self::LifeUnknown => "ninguém diz quanto tempo um token dura; o dialeto precisa de um prazo",
            Self::Cache => "o cache não pode ser usado",
            Self::Unregistered => "não existe esse token",
        };
        text.to_owned()
    }
}

impl Portuguese for PlanError {
    fn pt_br(&self) -> String {
        match self {
            Self::StepUnknown => "uma etapa vem antes daquela de cujo token ela precisa".to_owned(),
            Self::TooManySteps => "um token precisa de mais de 8 etapas".to_owned(),
        }
    }
}

impl Portuguese for AgentError {
    fn pt_br(&self) -> String {
        match self {
            Self::Key(error) => error.pt_br(),
            Self::Cache(error) => error.pt_br(),
            Self::Entropy(error) => error.pt_br(),
            Self::Record(error) => error.pt_br(),
            Self::Unknown { name, known } => {
                format!("não há o provedor {name:?} na configuração; ela tem: {known}")
            }
            Self::Provider(error) => error.pt_br(),
        }
    }
}

impl Portuguese for DialectError {
    fn pt_br(&self) -> String {
        match self {
            Self::Unknown { name, known } => format!("não há o dialeto {name:?}; existem: {known}"),
            Self::Syntax { file, line, message } => format!("{file}:{line}: {}", of_text(message)),
            Self::Meaning { file, key, message } => format!("{file}: {key}: {}", of_text(message)),
        }
    }
}

impl Portuguese for EntropyError {
    fn pt_br(&self) -> String {
        "a fonte de números aleatórios falhou".to_owned()
    }
}

impl Portuguese for Timetable {
    fn pt_br(&self) -> String {
        let Self { life, soft, hard, jitter_percent } = self;
        format!(
            "Um token de {life} s é renovado quando restam {soft} s e não é entregue com menos de {hard} s; as instâncias diferem em até {jitter_percent} %."
        )
    }
}
