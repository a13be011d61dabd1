//! Why a token request, or the request that begins a login, cannot be sent.

use super::{Portuguese, of_text};
use chancela_core::message::authorization_request::LoginError as BeginError;
use chancela_core::message::token_request::EncodeError;
use chancela_core::scope::ScopeError;

impl Portuguese for EncodeError {
    fn pt_br(&self) -> String {
        match self {
            Self::Grant { grant, offered } => {
                format!("este endpoint não oferece o grant {grant}; use um destes: {offered}")
            }
            Self::Encoding => {
                "este endpoint não lê nenhum corpo que se possa escrever aqui; o dialeto dele precisa de `form` ou `json` em request.encodings, e de `json` para um escopo que é um array".to_owned()
            }
            Self::Scope(error) => {
                format!("{}; separe os escopos com um espaço, sem aspas nem acentos", error.pt_br())
            }
            Self::CommaInScope => {
                "este endpoint separa escopos com vírgulas, então nenhum pode conter uma; separe-os com espaços aqui".to_owned()
            }
            Self::TooManyScopes { max, given } => format!(
                "foram pedidos {given} escopos e este endpoint dá no máximo {max} por token; peça menos, ou vários tokens"
            ),
            Self::ScopeNotExact(scope) => {
                format!("este endpoint aceita um único escopo; peça exatamente: {scope}")
            }
            Self::MissingScope => {
                "este endpoint não dá token sem escopo; diga quais escopos pedir".to_owned()
            }
            Self::MethodNotOffered { method, offered } => {
                format!("este endpoint não aceita {method}; escolha um destes: {offered}")
            }
            Self::MethodLacks { method, lacks } => {
                format!("{method} precisa de {}; informe o que falta, ou escolha outro método", of_text(lacks))
            }
            Self::NoMethod { offered } => format!(
                "nenhum dos métodos deste endpoint ({offered}) serve com o que foi informado; informe o client_secret, o certificado de cliente ou a chave de que um deles precisa"
            ),
            Self::MissingMutualTls => {
                "este endpoint quer um certificado de cliente na conexão; diga qual certificado e qual chave usar".to_owned()
            }
            Self::MissingChainToken { from } => format!(
                "este endpoint precisa de um token de acesso do endpoint {from:?}; peça primeiro a esse, e informe o token dele"
            ),
            Self::MissingCertificate { header } => format!(
                "este endpoint precisa do certificado do cliente no cabeçalho {header}; informe o certificado em PEM"
            ),
            Self::UnreadableCertificate { header } => format!(
                "o certificado para o cabeçalho {header} não é legível; informe um certificado X.509 em PEM (-----BEGIN CERTIFICATE-----)"
            ),
            Self::MissingApiKey { header } => format!(
                "este endpoint precisa da chave da aplicação no cabeçalho {header}; informe a chave que o provedor emitiu"
            ),
            Self::MissingHeader { header } => {
                format!("este endpoint precisa do cabeçalho {header}; informe o valor dele")
            }
            Self::MissingTenant => {
                "o caminho deste endpoint indica um tenant; informe o id do tenant".to_owned()
            }
            Self::InvalidTenant => {
                "o tenant não é um segmento de um caminho; informe o id dele, com letras, dígitos e - . _ ~".to_owned()
            }
            Self::Empty(what) => format!("está vazio: {}; informe um valor", of_text(what)),
            Self::ControlCharacter(what) => format!(
                "há uma quebra de linha ou outro caractere de controle em {}; guarde o valor sem isso (printf em vez de echo)",
                of_text(what)
            ),
            Self::ColonInId => {
                "um id com dois-pontos não pode ser enviado como está em HTTP Basic; confira o id, ou configure basic_encoding = \"form\" no dialeto se o provedor o decodifica".to_owned()
            }
            Self::Header { name } => format!(
                "o cabeçalho {name} não pode ser enviado, porque o HTTP não permite ali quebra de linha, acento nem outro caractere especial; confira o valor dele"
            ),
            Self::NotTaken(what) => {
                format!("este endpoint não recebe {}; retire isso da configuração", of_text(what))
            }
        }
    }
}

impl Portuguese for ScopeError {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::TooLong => "o escopo é mais longo do que se lê aqui",
            Self::Character => "o escopo contém um caractere que nenhum escopo pode conter",
        };
        text.to_owned()
    }
}

impl Portuguese for BeginError {
    fn pt_br(&self) -> String {
        match self {
            Self::Length(what) => {
                format!("está vazio ou longo demais: {}; informe um valor de tamanho usual", of_text(what))
            }
            Self::RedirectUri => {
                "o redirect URI não é uma URI absoluta sem fragmento; informe a que o provedor cadastrou"
                    .to_owned()
            }
            Self::MissingNonce => "o escopo openid precisa de um nonce; informe um aleatório".to_owned(),
            Self::ScopeNotExact(scope) => {
                format!("este provedor aceita um único escopo para logins; peça exatamente: {scope}")
            }
            Self::Parameter(name) => {
                format!("o parâmetro {name} é definido pelo próprio login; retire-o")
            }
        }
    }
}
