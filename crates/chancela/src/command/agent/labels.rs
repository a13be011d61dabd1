//! What `agent status` shows to people, in Portuguese. Programs read JSON, whose names are the same in every language.

use crate::language::Locale;
use chancela_agent::engine::Reason;
use chancela_agent::portuguese::{Portuguese, of_text};
use serde_json::Value;

/// Names of what is shown.
const NAMES: &[(&str, &str)] = &[
    ("provider", "provedor"),
    ("state", "situação"),
    ("token", "token"),
    ("seconds_left", "segundos restantes"),
    ("scope", "escopo"),
    ("logged_in_at", "login em"),
    ("session_ends_at", "sessão até"),
    ("certificate_ends_at", "certificado até"),
    ("refused", "motivo"),
    ("said", "resposta"),
    ("next_attempt_in", "próxima tentativa em"),
    ("error", "erro"),
];

/// How a token stands.
const STATES: &[(&str, &str)] = &[
    ("ready", "pronto"),
    ("login required", "falta fazer login"),
    ("nothing is kept", "nada é guardado"),
    ("none yet", "nenhum ainda"),
    ("unusable", "não pode ser usado"),
];

fn of<'t>(table: &[(&str, &'t str)], english: &'t str) -> &'t str {
    table.iter().find(|(own, _)| *own == english).map_or(english, |(_, portuguese)| portuguese)
}

/// One provider's lines in the person's language.
pub(super) fn shown(provider: Value, locale: Locale) -> Value {
    match (locale, provider) {
        (Locale::PtBr, Value::Object(members)) => {
            let members = members.into_iter();
            members.map(|(name, value)| (of(NAMES, &name).to_owned(), word(&name, value))).collect()
        }
        (_, provider) => provider,
    }
}

fn word(name: &str, value: Value) -> Value {
    match (name, value) {
        ("state", Value::String(state)) => of(STATES, &state).into(),
        ("refused", Value::String(reason)) => {
            Reason::named(&reason).map_or_else(|| reason.clone(), |reason| reason.pt_br()).into()
        }
        ("said" | "error", Value::String(text)) => of_text(&text).into(),
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn people_read_portuguese_and_names_and_values_stay() {
        let provider = json!({
            "provider": "bank",
            "state": "none yet",
            "token": null,
            "refused": "credentials",
            "said": "the provider answered 401 invalid_client (who?); log in again",
            "next_attempt_in": 61,
        });
        assert_eq!(shown(provider.clone(), Locale::En), provider);
        let expected = json!({
            "provedor": "bank",
            "situação": "nenhum ainda",
            "token": null,
            "motivo": "o provedor não aceita nossas credenciais",
            "resposta": "o provedor respondeu 401 invalid_client (who?); faça login de novo",
            "próxima tentativa em": 61,
        });
        assert_eq!(shown(provider, Locale::PtBr), expected);
    }
}
