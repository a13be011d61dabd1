//! The words of the table and of the lines, for people. Programs read JSON, whose names are the same in every language.

use crate::language::{Locale, Said, said};
use chancela_agent::engine::Reason;
use chancela_agent::portuguese::{Portuguese, of_text};

/// How a token stands.
const STATES: &[(&str, &str)] = &[
    ("ready", "pronto"),
    ("login required", "falta fazer login"),
    ("nothing is kept", "nada é guardado"),
    ("none yet", "nenhum ainda"),
    ("unusable", "não pode ser usado"),
];

/// The words of one language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words(pub(super) Locale);

impl Words {
    fn of(self, said: &Said) -> String {
        said.within(self.0).to_owned()
    }

    pub(super) const fn head(self) -> [&'static str; 6] {
        match self.0 {
            Locale::En => ["PROVIDER", "STATE", "TOKEN", "LEFT", "RENEWED IN", "SCOPE"],
            Locale::PtBr => ["PROVEDOR", "SITUAÇÃO", "TOKEN", "RESTA", "RENOVA EM", "ESCOPO"],
        }
    }

    pub(super) const fn wrong(self) -> &'static str {
        match self.0 {
            Locale::En => "WHAT IS WRONG",
            Locale::PtBr => "O QUE HÁ DE ERRADO",
        }
    }

    pub(super) const fn ends(self) -> &'static str {
        match self.0 {
            Locale::En => "WHAT ENDS NEXT",
            Locale::PtBr => "O QUE TERMINA A SEGUIR",
        }
    }

    pub(super) const fn due(self) -> &'static str {
        match self.0 {
            Locale::En => "due",
            Locale::PtBr => "agora",
        }
    }

    pub(super) fn state(self, english: &'static str) -> &'static str {
        let found = STATES.iter().find(|(own, _)| *own == english && self.0 == Locale::PtBr);
        found.map_or(english, |(_, portuguese)| portuguese)
    }

    /// What ends.
    pub(super) fn thing(self, english: &'static str) -> &'static str {
        match (self.0, english) {
            (Locale::PtBr, "session") => "sessão",
            (Locale::PtBr, "certificate") => "certificado",
            (_, other) => other,
        }
    }

    pub(super) fn until(self, what: &'static str, moment: &str) -> String {
        let what = self.thing(what);
        self.of(&said!("{what} until {moment}", "{what} até {moment}"))
    }

    pub(super) fn token(self, token: &str, left: i64) -> String {
        let span = self.span(left);
        self.of(&said!("token {token} for {span}", "token {token} por {span}"))
    }

    /// When something ends.
    pub(super) fn within(self, seconds: i64) -> String {
        let span = self.span(seconds);
        match (self.0, seconds) {
            (Locale::PtBr, ..0) => "já terminou".to_owned(),
            _ => self.of(&said!("in {span}", "em {span}")),
        }
    }

    /// Seconds for people.
    pub(super) fn span(self, seconds: i64) -> String {
        match seconds {
            ..0 => self.of(&said!("the past", "o passado")),
            0..120 => format!("{seconds} s"),
            120..7200 => format!("{} min", seconds / 60),
            7200..172_800 => format!("{} h", seconds / 3600),
            _ => {
                let days = seconds / 86_400;
                self.of(&said!("{days} days", "{days} dias"))
            }
        }
    }

    pub(super) fn text(self, english: &str) -> String {
        match self.0 {
            Locale::En => english.to_owned(),
            Locale::PtBr => of_text(english),
        }
    }

    /// A refusal: why, what was said, and when the next attempt is.
    pub(super) fn refusal(self, reason: &str, said: Option<&str>, next: Option<i64>) -> String {
        let reason = match (self.0, Reason::named(reason)) {
            (Locale::PtBr, Some(reason)) => reason.pt_br(),
            _ => reason.to_owned(),
        };
        let said = said.map(|said| format!(": {}", self.text(said))).unwrap_or_default();
        let next = next.map(|left| {
            let span = self.span(left);
            self.of(&said!(" (next attempt in {span})", " (próxima tentativa em {span})"))
        });
        format!("{reason}{said}{}", next.unwrap_or_default())
    }
}
