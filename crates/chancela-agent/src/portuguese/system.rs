//! What the system says: errors by their kind, as Brazilian systems name them, with the number that it gave. A kind without
//! a name here is shown as the system said it.

use super::Portuguese;
use std::io::{Error, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

impl Portuguese for Error {
    fn pt_br(&self) -> String {
        match (self.raw_os_error(), self.get_ref()) {
            (Some(number), _) => match kind(self.kind()) {
                Some(text) => format!("{text} (erro {number} do sistema)"),
                None => self.to_string(),
            },
            // What was wrapped is a sentence of ours, or of a library.
            (None, Some(own)) => super::of_text(&own.to_string()),
            (None, None) => kind(self.kind()).map_or_else(|| self.to_string(), str::to_owned),
        }
    }
}

/// What the system said, from its text.
pub(super) fn of_text(english: &str) -> Option<String> {
    let number = english.strip_suffix(')')?.rsplit_once(" (os error ")?.1.parse().ok()?;
    let error = Error::from_raw_os_error(number);
    (error.to_string() == english).then(|| error.pt_br())
}

impl Portuguese for ExitStatus {
    fn pt_br(&self) -> String {
        match (self.code(), self.signal()) {
            (Some(code), _) => format!("código de saída {code}"),
            (None, Some(signal)) => format!("sinal {signal}"),
            (None, None) => self.to_string(),
        }
    }
}

const fn kind(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "arquivo ou pasta não existe",
        ErrorKind::PermissionDenied => "permissão negada",
        ErrorKind::ConnectionRefused => "conexão recusada",
        ErrorKind::ConnectionReset => "conexão encerrada pela outra ponta",
        ErrorKind::ConnectionAborted => "conexão interrompida",
        ErrorKind::HostUnreachable => "host inalcançável",
        ErrorKind::NetworkUnreachable => "rede inalcançável",
        ErrorKind::NotConnected => "sem conexão",
        ErrorKind::AddrInUse => "endereço já em uso",
        ErrorKind::AddrNotAvailable => "endereço não disponível nesta máquina",
        ErrorKind::BrokenPipe => "quem lia fechou a conexão",
        ErrorKind::AlreadyExists => "já existe",
        ErrorKind::WouldBlock => "está ocupado agora",
        ErrorKind::NotADirectory => "não é uma pasta",
        ErrorKind::IsADirectory => "é uma pasta",
        ErrorKind::DirectoryNotEmpty => "a pasta não está vazia",
        ErrorKind::ReadOnlyFilesystem => "sistema de arquivos somente leitura",
        ErrorKind::StorageFull => "não há espaço no disco",
        ErrorKind::QuotaExceeded => "cota de disco excedida",
        ErrorKind::FileTooLarge => "arquivo grande demais",
        ErrorKind::InvalidInput => "argumento inválido",
        ErrorKind::InvalidData => "dados inválidos",
        ErrorKind::TimedOut => "tempo esgotado",
        ErrorKind::UnexpectedEof => "fim inesperado",
        ErrorKind::OutOfMemory => "memória insuficiente",
        ErrorKind::Unsupported => "o sistema não oferece isso",
        ErrorKind::Interrupted => "operação interrompida",
        _ => return None,
    })
}
