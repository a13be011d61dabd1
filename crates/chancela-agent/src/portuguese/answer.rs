//! What a provider answered: refusals at the token endpoint and at a login, with its own words as they are.

use super::Portuguese;
use chancela_core::message::authorization_response::AuthorizationAnswerError;
use chancela_core::message::token_refusal::{RefusalClass, TokenRefusal};
use std::fmt::Write;

impl Portuguese for TokenRefusal {
    fn pt_br(&self) -> String {
        if self.status.is_redirection() {
            let host = self.redirected_to.as_deref();
            let place = host.map_or_else(|| "para outro lugar".into(), |host| format!("para o host {host}"));
            return format!(
                "o provedor redireciona {place}, e credenciais não vão junto; corrija o endereço do provedor"
            );
        }
        let mut out = format!("o provedor respondeu {}", self.status.as_u16());
        // Writing to a String does not fail.
        if let Some(error) = &self.error {
            let _ = write!(out, " {}", error.as_str());
        }
        if let Some(description) = &self.description {
            let _ = write!(out, " ({description})");
        }
        out.push_str(match self.class {
            RefusalClass::Busy => "; espere e peça de novo",
            RefusalClass::Garbled => {
                " e nenhum token legível; verifique se o endereço é o do endpoint de token"
            }
            RefusalClass::Credentials => {
                "; verifique o client_id, o segredo e o certificado dele, e se o provedor permite este endereço"
            }
            RefusalClass::Request => "; compare escopo, grant e endereço com o que o provedor cadastrou",
            RefusalClass::Grant => "; faça login de novo",
        });
        if let Some(seconds) = self.retry_after {
            let _ = write!(out, ", não antes de passarem {seconds} segundos");
        }
        out
    }
}

impl Portuguese for AuthorizationAnswerError {
    fn pt_br(&self) -> String {
        match self {
            Self::Malformed => "a resposta do provedor não é legível; comece o login de novo".to_owned(),
            Self::State => {
                "a resposta não pertence ao login começado aqui; comece o login de novo, em uma só janela".to_owned()
            }
            Self::Issuer => {
                "a resposta não é do emissor que foi consultado; verifique o endereço do provedor, e não faça login ali até que esteja certo".to_owned()
            }
            Self::Refused { error, description } => {
                let said = description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
                format!(
                    "o provedor recusou o login: {}{said}; corrija isso, e comece o login de novo",
                    error.as_str()
                )
            }
        }
    }
}
