//! Why the cache, or its key, cannot be used.

use super::Portuguese;
use crate::cache::{CacheError, CacheKeyError, Unreadable};

impl Portuguese for CacheError {
    fn pt_br(&self) -> String {
        match self {
            Self::Directory { path, error } => format!(
                "pasta do cache {}: {}; indique uma pasta que este usuário possa criar e escrever",
                path.display(),
                error.pt_br()
            ),
            Self::Foreign { path, owner } => format!(
                "a pasta do cache {} pertence ao usuário {owner}; execute como esse usuário, ou indique outra pasta",
                path.display()
            ),
            Self::OpenToOthers { path, mode } => {
                let path = path.display();
                format!(
                    "a pasta do cache {path} está aberta a outros (modo {mode:o}); execute: chmod 0700 {path}"
                )
            }
            Self::Read { path, error } => {
                format!("{}: {}; verifique se este usuário pode ler", path.display(), error.pt_br())
            }
            Self::Write { path, error } => format!(
                "{} não pode ser escrito: {}; o que havia antes continua; verifique se o disco tem espaço e não é somente leitura",
                path.display(),
                error.pt_br()
            ),
            Self::Lock { path, error } => format!(
                "{} não pode ser travado: {}; o cache precisa estar em uma pasta que este usuário possa escrever, em um sistema de arquivos com travas",
                path.display(),
                error.pt_br()
            ),
            Self::Busy { key, patience } => format!(
                "outro processo está renovando o token {key} há {patience:?}; tente de novo e, se continuar assim, encerre esse processo"
            ),
            Self::Unreadable { path, reason } => format!("{}: {}", path.display(), reason.pt_br()),
            Self::Newer { key, on_disk, ours } => format!(
                "o cache tem a alteração {on_disk} do token {key}, e esta é a alteração {ours}; carregue-a e tente de novo"
            ),
            Self::TooLarge(key) => format!(
                "o registro do token {key} é maior que 1 MiB; os tokens do provedor não podem ser guardados, então use --memory"
            ),
            Self::Seal => "a selagem de um registro falhou; nada foi escrito; tente de novo".to_owned(),
        }
    }
}

impl Portuguese for Unreadable {
    fn pt_br(&self) -> String {
        match self {
            Self::Damaged => {
                "danificado, ou trazido de outro lugar; restaure-o de um backup, ou ponha-o de lado e faça login de novo".to_owned()
            }
            Self::UnknownKey(key) => format!(
                "selado com a chave {key}, que não está configurada; acrescente essa chave às chaves antigas, ou ponha o arquivo de lado e faça login de novo"
            ),
            Self::NewerFormat(format) => format!(
                "no formato {format}, que uma versão mais nova deste programa escreve; use essa versão, ou ponha o arquivo de lado e faça login de novo"
            ),
            Self::OtherContents => {
                "selado por outra versão deste programa, que guardava outras coisas; use essa versão, ou ponha o arquivo de lado e faça login de novo".to_owned()
            }
        }
    }
}

impl Portuguese for CacheKeyError {
    fn pt_br(&self) -> String {
        match self {
            Self::Missing => {
                "o cache não tem chave, e tokens nunca são escritos às claras; crie uma com `(umask 077; openssl rand -hex 32 > FILE)` e indique-a como file:FILE, keyring:NAME ou systemd-cred:NAME, ou mantenha os tokens só na memória com --memory".to_owned()
            }
            Self::Source(error) => format!("chave do cache: {}", error.pt_br()),
            Self::Short => {
                "a chave do cache tem menos de 32 bytes; crie uma com `openssl rand -hex 32`".to_owned()
            }
            Self::Derivation => "não foi possível derivar uma chave; tente de novo".to_owned(),
            Self::File { path, error } => format!(
                "chave nova {}: {}; indique um arquivo que ainda não exista, em uma pasta que este usuário possa escrever",
                path.display(),
                error.pt_br()
            ),
            Self::Entropy(error) => error.pt_br(),
        }
    }
}
