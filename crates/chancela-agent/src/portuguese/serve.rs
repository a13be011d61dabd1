//! Why the agent's process cannot serve, and why a call to it gave nothing.

use super::{Portuguese, of_text};
use crate::socket::{ClientError, ServeError};

impl Portuguese for ServeError {
    fn pt_br(&self) -> String {
        match self {
            Self::NoPlace => {
                "XDG_RUNTIME_DIR não está definida; indique o socket com `agent.socket`".to_owned()
            }
            Self::Bind { key, path, error } => format!(
                "{}: {}; verifique as permissões da pasta, ou indique outro socket com `{key}`",
                path.display(),
                error.pt_br()
            ),
            Self::NoSocket(path, key) => format!(
                "{}: ali há um arquivo que não é um socket; remova-o, ou indique outro socket com `{key}`",
                path.display()
            ),
            Self::Taken(path, key) => format!(
                "{}: um agente já escuta ali; pare-o, ou indique outro socket com `{key}`",
                path.display()
            ),
            Self::Passed(error) => format!(
                "o socket que o systemd criou não pode ser usado: {}; a unit dele precisa de um `ListenStream=` com um caminho",
                error.pt_br()
            ),
            Self::ManyPassed(count) => format!(
                "o systemd criou {count} sockets e o agente usa um só; deixe um único `ListenStream=` na unit"
            ),
            Self::Tcp { key, address, error } => {
                format!("{address}: {}; indique outro endereço com `{key}`", error.pt_br())
            }
            Self::Unknown { key, name, known } => format!(
                "{key} indica o provedor {name:?}, e a configuração não tem nenhum com esse nome; ela tem: {known}"
            ),
            Self::Wait(error) => format!(
                "não foi possível esperar pelos sockets: {}; ainda há descritores de arquivo (ulimit -n)?",
                error.pt_br()
            ),
        }
    }
}

impl Portuguese for ClientError {
    fn pt_br(&self) -> String {
        match self {
            Self::NoAgent { path, error } => format!(
                "{}: {}; o agente está em execução? Inicie-o com `chancela agent run`",
                path.display(),
                error.pt_br()
            ),
            Self::Cut => "a resposta do agente foi cortada; peça de novo".to_owned(),
            Self::Protocol { path } => format!(
                "{}: quem escuta ali não responde como um agente; é o socket de outro programa?",
                path.display()
            ),
            Self::Timeout => "o agente não respondeu a tempo; veja `chancela agent status`".to_owned(),
            Self::Refused(problem) => of_text(&problem.detail),
        }
    }
}
