//! Why a login or logout failed.

use super::{Portuguese, of_text};
use crate::login::LoginError;
use crate::provider::UNBOUND;

impl Portuguese for LoginError {
    fn pt_br(&self) -> String {
        match self {
            Self::Agent(error) => error.pt_br(),
            Self::Provider(error) => error.pt_br(),
            Self::NoLogin { provider } => format!(
                "{provider}: os tokens dele não precisam de login; peça um, ou configure grant = \"authorization_code\""
            ),
            Self::NoRedirect { provider } => format!(
                "{provider}: falta login.redirect; informe o redirect URI que o provedor cadastrou, como http://127.0.0.1:8976/callback"
            ),
            Self::NotKept { provider } => format!(
                "{provider}: o login seria esquecido quando este programa terminasse; dê à configuração um [cache] com uma chave"
            ),
            Self::Begin { provider, error } => format!("{provider}: {}", error.pt_br()),
            Self::Scope { provider, error } => format!("{provider}: {}; corrija `scope`", error.pt_br()),
            Self::Listen { address, error } => format!(
                "não é possível escutar em {address} ({}); encerre o programa que escuta ali, ou cadastre outra porta e configure login.redirect com ela (a porta 0 usa qualquer uma livre)",
                error.pt_br()
            ),
            Self::PasteOnly => {
                "a resposta do provedor não chega aqui sozinha; cole o endereço que o navegador mostra no final".to_owned()
            }
            Self::TimedOut => "ninguém fez login a tempo; comece o login de novo".to_owned(),
            Self::Pasted { redirect } => format!(
                "essa não é a resposta; cole o endereço inteiro que o navegador mostra no final: ele começa com {redirect}"
            ),
            Self::Answer(error) => error.pt_br(),
            Self::Transport { provider, error } => format!(
                "{provider}: {}; um código é enviado uma só vez, então comece o login de novo",
                error.pt_br()
            ),
            Self::Refused { provider, refusal } => format!(
                "{provider}: {}; um código é enviado uma só vez, então comece o login de novo",
                refusal.pt_br()
            ),
            Self::DeviceOnly { provider } => format!(
                "{provider}: o grant dele é device_code; faça login com `chancela agent login --device {provider}`"
            ),
            Self::NoDevice { provider } => format!(
                "{provider}: o dialeto dele não tem um endpoint de autorização de dispositivos; faça login com um navegador, ou indique ali o endpoint com [device_authorization] path"
            ),
            Self::Unreached { provider, error } => {
                format!("{provider}: {}; nada foi começado, então tente de novo", error.pt_br())
            }
            Self::NoCodes { provider, refusal } => {
                format!("{provider}: não foi possível começar um login por dispositivo: {}", refusal.pt_br())
            }
            Self::CodeExpired { provider } => {
                format!("{provider}: ninguém digitou o código a tempo; comece o login de novo")
            }
            Self::Denied { provider } => format!(
                "{provider}: o login foi recusado no outro aparelho; comece de novo se isso foi um engano"
            ),
            Self::DeviceRefused { provider, refusal } => {
                format!("{provider}: {}; comece o login de novo", refusal.pt_br())
            }
            Self::Unbound { provider } => {
                format!("{provider}: {}; depois comece o login de novo", of_text(UNBOUND))
            }
            Self::NotRevoked { provider, why } => format!(
                "{provider}: {}; a sessão pode continuar lá, então encerre-a nas páginas do próprio provedor",
                of_text(why)
            ),
            Self::Nonce { provider } => format!(
                "{provider}: os tokens pertencem a outro login que não o começado aqui; foram descartados; comece o login de novo"
            ),
            Self::Cache(error) => error.pt_br(),
            Self::Entropy(error) => format!("{}; tente de novo", error.pt_br()),
        }
    }
}
