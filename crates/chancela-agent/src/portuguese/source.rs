//! Why a source gives no secret, and why a text names none. As in English, nothing has any part of a secret.

use super::Portuguese;
use crate::source::{CommandLineError, SourceError, SourceProblem, SourceSyntaxError, SourceWarning};

impl Portuguese for SourceError {
    fn pt_br(&self) -> String {
        format!("{}: {}", self.from, self.problem.pt_br())
    }
}

impl Portuguese for SourceProblem {
    fn pt_br(&self) -> String {
        match self {
            Self::Unreadable(error) => {
                format!("{}; verifique se existe e se este usuário pode ler", error.pt_br())
            }
            Self::NotAFile => {
                "não é um arquivo comum; indique um arquivo, ou use cmd: para o que um programa imprime".to_owned()
            }
            Self::Writable { mode } => format!(
                "qualquer um nesta máquina pode alterá-lo (modo {mode:o}); execute chmod 0600 nele, e dê a ele um segredo novo"
            ),
            Self::TooLarge => "mais de 64 KiB, o que nenhum segredo tem; indique outra origem".to_owned(),
            Self::Empty => "vazio; ponha o segredo ali".to_owned(),
            Self::NotText => {
                "não é texto UTF-8; um arquivo em forma binária, como PKCS #12, não é um segredo deste tipo".to_owned()
            }
            Self::Unset => "a variável não está definida; defina-a para este programa".to_owned(),
            Self::NoCredentials => {
                "não há $CREDENTIALS_DIRECTORY; acrescente LoadCredential= ou LoadCredentialEncrypted= à unit, e inicie-a pelo systemd".to_owned()
            }
            Self::NotStarted(error) => {
                format!("não pode ser iniciado: {}; informe o programa com o caminho completo", error.pt_br())
            }
            Self::TimedOut => {
                "não terminou em 10 segundos e foi parado; execute-o à mão para ver o que ele espera".to_owned()
            }
            Self::Failed(status) => format!(
                "terminou com {}; execute-o à mão para ver o motivo, pois o que ele diz nunca é mostrado",
                status.pt_br()
            ),
            Self::NoKeyring(error) => format!(
                "o programa do chaveiro não pode ser iniciado: {}; instale secret-tool (libsecret-tools), ou use file: ou systemd-cred:",
                error.pt_br()
            ),
            Self::NotInKeyring(status) => format!(
                "o chaveiro não entregou nada ({}); guarde o segredo com `secret-tool store --label=chancela service chancela account NAME` (macOS: `security add-generic-password -s chancela -a NAME -w`), ou use file: ou systemd-cred: onde ninguém desbloqueia um chaveiro",
                status.pt_br()
            ),
            Self::Spent => {
                "a entrada padrão não pôde ser lida antes; inicie o programa de novo, e dê a ela só o segredo".to_owned()
            }
        }
    }
}

impl Portuguese for SourceWarning {
    fn pt_br(&self) -> String {
        match self {
            Self::OpenToOthers { path, mode } => {
                let path = path.display();
                format!("{path} está aberto a outros (modo {mode:o}); execute: chmod 0600 {path}")
            }
        }
    }
}

impl Portuguese for SourceSyntaxError {
    fn pt_br(&self) -> String {
        match self {
            Self::Literal => {
                "um segredo nunca fica na configuração nem em uma opção; guarde-o em outro lugar e indique onde: file:PATH, env:NAME, cmd:PROGRAM ARGUMENTS, keyring:NAME, systemd-cred:NAME ou stdin".to_owned()
            }
            Self::Empty => {
                "nada vem depois dos dois-pontos; escreva file:PATH, env:NAME, cmd:PROGRAM, keyring:NAME ou systemd-cred:NAME".to_owned()
            }
            Self::Tilde => "só um shell sabe o que é ~; escreva o caminho a partir de /".to_owned(),
            Self::VariableName => {
                "env: espera o nome de uma variável, com letras, dígitos e _; escreva-o sem $".to_owned()
            }
            Self::Name => {
                "o nome não pode ter / nem caracteres de controle, não pode começar com -, e não pode ser . nem ..".to_owned()
            }
            Self::Command(error) => format!("cmd: {}", error.pt_br()),
        }
    }
}

impl Portuguese for CommandLineError {
    fn pt_br(&self) -> String {
        let text = match self {
            Self::Empty => "não há programa; escreva cmd:PROGRAM ARGUMENTS",
            Self::Open => "uma aspa não foi fechada, ou nada vem depois de uma barra invertida",
            Self::Shell => {
                "nenhum shell lê isto, então | & ; < > ( ) $ ` * ? e quebras de linha não fazem nada aqui; ponha-os entre aspas simples, ou execute um shell: cmd:sh -c '…'"
            }
            Self::Zero => "um argumento não pode ter um byte zero",
        };
        text.to_owned()
    }
}
