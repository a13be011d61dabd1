//! Why there is no answer, and which addresses are refused.

use super::Portuguese;
use crate::transport::{Lost, ProxyError, TargetError, TransportError};

impl Portuguese for TransportError {
    fn pt_br(&self) -> String {
        match self {
            Self::NoRoots => {
                "nenhuma autoridade certificadora é confiável; instale os certificados do sistema, ou indique os do provedor com `ca`".to_owned()
            }
            Self::Resolve(name) => {
                format!("o nome {name} não pode ser resolvido; verifique o endereço e os servidores de DNS")
            }
            Self::Connect(place, error) => format!(
                "não foi possível conectar a {place} ({}); verifique o endereço, o firewall e a configuração de proxy",
                error.pt_br()
            ),
            Self::ConnectTimeout(place) => format!(
                "{place} não aceitou a conexão a tempo; verifique o firewall, ou se o provedor conhece o seu endereço"
            ),
            Self::Proxy(proxy, status) => format!(
                "o proxy {proxy} respondeu {status} ao CONNECT; verifique se ele permite este host, e as credenciais dele"
            ),
            Self::ProxyProtocol(proxy) => format!("o proxy {proxy} não respondeu como um proxy HTTP responde"),
            Self::ServerCertificate(host, why) => {
                format!("o certificado de {host} não é confiável ({why}); verifique o endereço e `ca`")
            }
            Self::Tls(host, why) => format!("o TLS com {host} falhou ({why})"),
            Self::ClientCertificate(why) => format!(
                "o servidor não aceita o certificado de cliente ({why}); verifique se o provedor o conhece e se ele é válido"
            ),
            Self::Lost(lost) => lost.pt_br(),
        }
    }
}

impl Portuguese for Lost {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::Timeout => "o provedor não respondeu a tempo; mesmo assim, ele pode ter agido",
            Self::Broken => {
                "a conexão terminou antes de chegar a resposta inteira; mesmo assim, o provedor pode ter agido"
            }
            Self::TooLarge => {
                "a resposta é maior que qualquer resposta com token; verifique se o endereço é o do endpoint de token"
            }
            Self::Encoded => "a resposta veio comprimida, embora ninguém tenha pedido isso",
        };
        text.to_owned()
    }
}

impl Portuguese for TargetError {
    fn pt_br(&self) -> String {
        match self {
            Self::Malformed(text) => {
                format!("{text:?} não é um endereço; escreva https://HOST[:PORT][/PATH]")
            }
            Self::Superfluous(host) => {
                let host = host.as_ref().map(|host| format!(" de {host}")).unwrap_or_default();
                format!(
                    "o endereço{host} tem um nome de usuário, uma query ou um fragmento; escreva https://HOST[:PORT][/PATH]"
                )
            }
            Self::Plain(text) => {
                format!("{text:?} não é https; segredos vão por http apenas para esta própria máquina")
            }
        }
    }
}

impl Portuguese for ProxyError {
    fn pt_br(&self) -> String {
        "o endereço do proxy precisa ser http://[USER:PASSWORD@]HOST[:PORT]".to_owned()
    }
}
