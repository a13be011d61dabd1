//! What the client side says to people, in Brazilian Portuguese: each sentence has the facts of the English one, in the
//! words of the server's pages. RFC and parameter names, commands, and what a provider or the system said stay as they are.
//!
//! Owns sentences alone: codes, log lines and what programs read are the same in every language. Each `match` names all
//! variants, so that a new error does not compile without its sentence. What was kept as a text, because a cache or another
//! process had it in between, is said by [`of_text`].

mod answer;
mod cache;
mod certificate;
mod config;
mod enrolment;
mod identity;
mod kept;
mod login;
mod phrase;
mod provider;
mod request;
mod samples;
mod serve;
mod source;
mod system;
mod texts;
mod transport;

pub use kept::of_text;

/// Has a sentence in Brazilian Portuguese, beside the English one of its `Display`.
pub trait Portuguese {
    /// The sentence. It has no part of a secret that the English one has not.
    fn pt_br(&self) -> String;
}

impl<T: Portuguese + ?Sized> Portuguese for Box<T> {
    fn pt_br(&self) -> String {
        (**self).pt_br()
    }
}

#[cfg(test)]
mod tests;
