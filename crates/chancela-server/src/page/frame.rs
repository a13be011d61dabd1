//! What all pages have: language, the realm's name, the way to the other language, and the shape of a form.

use super::asset;
use super::locale::Locale;
use super::shown::Shown;
use super::text::Texts;

/// What all pages have.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The page's language.
    pub locale: Locale,
    /// Whose page it is: the realm's title.
    pub realm: Shown,
    /// Where the same page stands in the other language; `None` where there is no address that shows it.
    pub other_language: Option<String>,
    /// Whether the issuer is https: the page then tells the browser to stay there.
    pub https: bool,
}

impl Frame {
    /// A frame without a switch to the other language.
    pub fn new(locale: Locale, realm: impl Into<Shown>, https: bool) -> Self {
        Self { locale, realm: realm.into(), other_language: None, https }
    }

    /// With a switch to the other language, which stands at `address`.
    #[must_use]
    pub fn with_other_language(mut self, address: impl Into<String>) -> Self {
        self.other_language = Some(address.into());
        self
    }

    pub(crate) fn text(&self) -> &'static Texts {
        self.locale.text()
    }

    /// The stylesheet, inlined in each page so that none loads anything.
    pub(crate) fn style(&self) -> &'static str {
        asset::STYLE
    }

    pub(crate) fn passkey_script(&self) -> &'static str {
        asset::PASSKEY
    }

    pub(crate) fn submit_script(&self) -> &'static str {
        asset::SUBMIT
    }

    pub(crate) fn leave_script(&self) -> &'static str {
        asset::LEAVE
    }

    pub(crate) fn moment(&self, seconds: &i64) -> String {
        super::date::moment(*seconds, self.locale)
    }
}

/// Where the forms of a page go, and what they carry unseen.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// The address; a path of ours.
    pub action: String,
    /// Hidden fields: name and exact value, such as the request and the value against forgery.
    pub hidden: Vec<(&'static str, String)>,
}

impl Form {
    /// A form without hidden fields.
    pub fn to(action: impl Into<String>) -> Self {
        Self { action: action.into(), hidden: Vec::new() }
    }

    /// With one more hidden field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }
}

/// Who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    /// The name by which the user is addressed; the username where none is known.
    pub name: Shown,
    /// The username.
    pub username: Shown,
}

impl Person {
    /// A person with a name and a username, which may be the same.
    pub fn new(name: impl Into<Shown>, username: impl Into<Shown>) -> Self {
        Self { name: name.into(), username: username.into() }
    }

    /// Two letters that stand for the person where there is no picture.
    pub(crate) fn initials(&self) -> String {
        let mut words =
            self.name.as_str().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let first = words.next().and_then(|word| word.chars().next());
        let last = words.next_back().and_then(|word| word.chars().next());
        first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
    }

    /// Whether there is a name beside the username.
    pub(crate) fn is_named(&self) -> bool {
        self.name.as_str() != self.username.as_str()
    }
}
