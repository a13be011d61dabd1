//! Wrong usage, in Portuguese: what clap found, from the parts that it names. What it names otherwise is shown in its words.

use chancela_agent::portuguese::of_text;
use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error as _;

/// The whole message, or `None` where clap's own has to do.
pub(super) fn message(error: &Error) -> Option<String> {
    let what = what(error)?;
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let near = kinds.iter().flat_map(|kind| texts(error, *kind)).collect::<Vec<_>>();
    let near = match near.is_empty() {
        true => String::new(),
        false => format!("\n\n  dica: existe '{}'", near.join("', '")),
    };
    let usage = texts(error, ContextKind::Usage).concat();
    let usage = match usage.is_empty() {
        true => String::new(),
        false => format!("\n\n{}", usage.replacen("Usage: ", "Uso: ", 1)),
    };
    Some(format!("erro: {what}{near}{usage}\n\nPara mais informações, use '--help'.\n"))
}

fn what(error: &Error) -> Option<String> {
    let one = |kind| texts(error, kind).into_iter().next().unwrap_or_default();
    let argument = || [one(ContextKind::InvalidArg), one(ContextKind::InvalidSubcommand)].concat();
    let value = || one(ContextKind::InvalidValue);
    let list = |kind| texts(error, kind).join("\n  ");
    Some(match error.kind() {
        ErrorKind::UnknownArgument => format!("argumento inesperado '{}'", argument()),
        ErrorKind::InvalidSubcommand => {
            format!("não há o comando '{}'", one(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingSubcommand => {
            let known = texts(error, ContextKind::ValidSubcommand).join(", ");
            format!("'{}' precisa de um comando\n  [comandos: {known}]", one(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => {
            format!("faltam argumentos obrigatórios:\n  {}", list(ContextKind::InvalidArg))
        }
        ErrorKind::ArgumentConflict => {
            let other = list(ContextKind::PriorArg);
            match other.is_empty() {
                true => format!("o argumento '{}' não pode ser usado com outros que foram dados", argument()),
                false if other == argument() => {
                    format!("o argumento '{other}' não pode ser usado mais de uma vez")
                }
                false => format!("o argumento '{}' não pode ser usado com:\n  {other}", argument()),
            }
        }
        ErrorKind::InvalidValue => {
            let known = texts(error, ContextKind::ValidValue).join(", ");
            let known = if known.is_empty() { known } else { format!("\n  [valores possíveis: {known}]") };
            match value().is_empty() {
                true => format!("falta um valor para '{}'{known}", argument()),
                false => format!("o valor '{}' não serve para '{}'{known}", value(), argument()),
            }
        }
        ErrorKind::ValueValidation => {
            let why = error.source().map(|why| format!(": {}", of_text(&why.to_string())));
            format!("o valor '{}' não serve para '{}'{}", value(), argument(), why.unwrap_or_default())
        }
        ErrorKind::TooManyValues => {
            format!("o valor '{}' não é esperado por '{}'", value(), argument())
        }
        _ => return None,
    })
}

fn texts(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}
