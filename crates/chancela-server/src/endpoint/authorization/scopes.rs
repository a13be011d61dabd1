//! What scopes mean, in words.

use crate::page::Locale;
use crate::realm::Realm;
use chancela_core::dialect::ScopeMeaning;

/// What a scope means, in sentences of a language.
pub(in crate::endpoint) fn meanings(realm: &Realm, scope: &str, locale: Locale) -> Vec<String> {
    match realm.directory.meaning(scope) {
        Some(ScopeMeaning::Text(text)) if !text.is_empty() => vec![text],
        Some(ScopeMeaning::Sentences { pt_br, en }) => match (locale, pt_br.is_empty(), en.is_empty()) {
            (Locale::PtBr, false, _) | (Locale::En, false, true) => pt_br,
            _ => en,
        },
        _ => Vec::new(),
    }
}
