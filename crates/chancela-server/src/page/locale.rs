//! Languages of the pages, and which one a person gets.

use super::text::{self, Texts};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// Brazilian Portuguese: what a person gets who asked for nothing that we speak.
    #[default]
    PtBr,
    /// English.
    En,
}

impl Locale {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::PtBr, Self::En];

    /// The first that asks for a language we speak: `ui_locales` of the request (OpenID Connect Core §3.1.2.1), the
    /// choice that the browser remembers, `Accept-Language` (RFC 9110 §12.5.4).
    pub fn choose(ui_locales: Option<&str>, remembered: Option<&str>, accept_language: Option<&str>) -> Self {
        let asked = ui_locales.into_iter().flat_map(str::split_ascii_whitespace).chain(remembered);
        asked
            .filter_map(Self::of_tag)
            .next()
            .or_else(|| accept_language.and_then(Self::of_accept_language))
            .unwrap_or_default()
    }

    /// The language for a tag (RFC 5646): any Portuguese is ours, any English too.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("pt") {
            Some(Self::PtBr)
        } else if language.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// The heaviest range that we speak; of equals the first.
    fn of_accept_language(header: &str) -> Option<Self> {
        let mut best: Option<(Self, u16)> = None;
        for range in header.split(',').take(32) {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = weight(parameters);
            let heavier = weight > best.map_or(0, |(_, heaviest)| heaviest);
            if let Some(locale) = Self::of_tag(tag).filter(|_| heavier) {
                best = Some((locale, weight));
            }
        }
        best.map(|(locale, _)| locale)
    }

    /// The language tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::PtBr => "pt-BR",
            Self::En => "en",
        }
    }

    /// The language's own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PtBr => "Português",
            Self::En => "English",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::PtBr => Self::En,
            Self::En => Self::PtBr,
        }
    }

    pub(crate) fn text(self) -> &'static Texts {
        match self {
            Self::PtBr => &text::pt_br::TEXTS,
            Self::En => &text::en::TEXTS,
        }
    }
}

/// The weight in thousandths: `q=0.8` is 800; none is 1000, and one that cannot be read counts as none asked for.
fn weight(parameters: &str) -> u16 {
    let Some(value) = parameters.trim().strip_prefix(['q', 'Q']) else { return 1000 };
    let number = value.trim_start().strip_prefix('=').and_then(|number| number.trim().parse::<f32>().ok());
    match number {
        Some(number) if (0.0..=1.0).contains(&number) => (number * 1000.0) as u16,
        _ => 0,
    }
}
