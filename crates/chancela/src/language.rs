//! The language in which the program speaks to the person who runs it: chosen once, from the environment, and passed on. What
//! programs read (JSON, exit codes, log lines, the configuration) is the same in each.
//!
//! Owns the choice and sentences in both languages; not the sentences of the client side's errors (`chancela_agent::portuguese`),
//! nor those of pages, which ask the browser.

pub(crate) use chancela_server::page::Locale;

use chancela_agent::portuguese::{Portuguese, of_text};
use std::ffi::OsString;
use std::fmt::Display;

/// The program's own variable. The others choose the language of all programs.
const OWN: &str = "CHANCELA_LANG";
/// In the order of POSIX.1-2024 Base Definitions section 8.2.
const OF_ALL: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// A sentence in both languages, with the same facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) english: String,
    pub(crate) portuguese: String,
}

/// A sentence in both languages: two format texts that name the same variables.
macro_rules! said {
    ($english:literal, $portuguese:literal $(,)?) => {
        $crate::language::Said { english: format!($english), portuguese: format!($portuguese) }
    };
}
pub(crate) use said;

impl Said {
    /// Of an error.
    pub(crate) fn of(error: &(impl Display + Portuguese)) -> Self {
        Self { english: error.to_string(), portuguese: error.pt_br() }
    }

    /// Of a sentence that is there as a text alone: in Portuguese if it is one of the agent's.
    pub(crate) fn of_text(english: String) -> Self {
        Self { portuguese: of_text(&english), english }
    }

    /// The sentence.
    pub(crate) fn within(&self, locale: Locale) -> &str {
        match locale {
            Locale::En => &self.english,
            Locale::PtBr => &self.portuguese,
        }
    }
}

/// The language that the environment asks for; English if it asks for nothing that we speak. A variable that is empty is not
/// set.
///
/// # Errors
/// `CHANCELA_LANG` names no language of ours: what to do, and the language that it would be without it.
pub(crate) fn choose(variable: impl Fn(&str) -> Option<OsString>) -> Result<Locale, (Said, Locale)> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let of_all = OF_ALL.iter().find_map(|name| set(name)).map_or(Locale::En, |value| of_locale(&value));
    let Some(own) = set(OWN) else { return Ok(of_all) };
    match own.to_str() {
        Some(tag) if tag.eq_ignore_ascii_case("pt-BR") => Ok(Locale::PtBr),
        Some(tag) if tag.eq_ignore_ascii_case("en") => Ok(Locale::En),
        _ => Err((
            said!(
                "{OWN} is pt-BR or en; set one of them, or unset it",
                "{OWN} é pt-BR ou en; defina um deles, ou remova a variável"
            ),
            of_all,
        )),
    }
}

/// Of a locale's name, `language[_territory][.codeset][@modifier]`: any Portuguese is ours.
fn of_locale(value: &OsString) -> Locale {
    let value = value.to_string_lossy();
    let language = value.split(['_', '-', '.', '@']).next().unwrap_or_default();
    if language.eq_ignore_ascii_case("pt") { Locale::PtBr } else { Locale::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(set: &[(&str, &str)]) -> Result<Locale, (Said, Locale)> {
        choose(|name| set.iter().find(|(own, _)| *own == name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn the_own_variable_wins_then_those_of_posix_in_their_order() {
        for (set, locale) in [
            (&[][..], Locale::En),
            (&[("LANG", "pt_BR.UTF-8")], Locale::PtBr),
            (&[("LANG", "pt")], Locale::PtBr),
            (&[("LANG", "pt_PT@euro")], Locale::PtBr),
            (&[("LANG", "C")], Locale::En),
            (&[("LANG", "C.UTF-8")], Locale::En),
            (&[("LANG", "ptx")], Locale::En),
            (&[("LANG", "de_DE.UTF-8")], Locale::En),
            (&[("LANG", "pt_BR"), ("LC_MESSAGES", "en_US")], Locale::En),
            (&[("LC_MESSAGES", "en_US"), ("LC_ALL", "pt_BR")], Locale::PtBr),
            (&[("LC_ALL", ""), ("LANG", "pt_BR")], Locale::PtBr),
            (&[("LC_ALL", "C"), ("LANG", "pt_BR")], Locale::En),
            (&[("LC_ALL", "C"), ("CHANCELA_LANG", "pt-BR")], Locale::PtBr),
            (&[("LC_ALL", "pt_BR"), ("CHANCELA_LANG", "en")], Locale::En),
            (&[("LC_ALL", "pt_BR"), ("CHANCELA_LANG", "")], Locale::PtBr),
        ] {
            assert_eq!(chosen(set), Ok(locale), "{set:?}");
        }
    }

    #[test]
    fn an_own_language_that_we_do_not_speak_is_refused_with_those_that_we_do() {
        for value in ["fr", "pt_BR", "pt", "english"] {
            let (said, locale) = chosen(&[("CHANCELA_LANG", value), ("LANG", "pt_BR.UTF-8")]).unwrap_err();
            assert_eq!(locale, Locale::PtBr);
            for text in [said.english, said.portuguese] {
                assert!(
                    text.contains("CHANCELA_LANG") && text.contains("pt-BR") && text.contains("en"),
                    "{text}"
                );
            }
        }
    }
}
