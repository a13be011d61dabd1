//! The body of a token request as bytes: a form or a JSON object. Both are written into room for the longest that they
//! can be, because a buffer that grows leaves a copy of the secrets behind, and are wiped when they are dropped.

use crate::dialect::JsonLayout;
use crate::dialect::json::Writer;
use crate::message::authorization_request::append;
use bytes::Bytes;
use zeroize::Zeroizing;

/// A parameter's value.
#[derive(Debug)]
pub(in crate::message) enum Written<'a> {
    Text(&'a str),
    List(Vec<&'a str>),
}

impl Written<'_> {
    fn texts(&self) -> &[&str] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(texts) => texts,
        }
    }
}

/// The longest text: each byte as six, each value with its quotes and comma.
fn room(parameters: &[(&str, Written<'_>)]) -> usize {
    let value = |text: &&str| 6 * text.len() + 3;
    let parameter = |(name, written): &(&str, Written<'_>)| {
        6 * name.len() + 6 + written.texts().iter().map(value).sum::<usize>()
    };
    parameters.iter().map(parameter).sum::<usize>() + 2
}

/// `application/x-www-form-urlencoded`; `None` if a value is a list.
pub(in crate::message) fn form(parameters: &[(&str, Written<'_>)]) -> Option<Bytes> {
    let mut body = Zeroizing::new(String::with_capacity(room(parameters)));
    for (name, written) in parameters {
        let Written::Text(text) = written else { return None };
        append(&mut body, name, text);
    }
    Some(Bytes::from_owner(body))
}

/// A JSON object.
pub(super) fn json(parameters: &[(&str, Written<'_>)]) -> Bytes {
    let mut writer = Writer::over(Vec::with_capacity(room(parameters)), JsonLayout::COMPACT);
    writer.begin_object();
    for (name, written) in parameters {
        writer.key(name);
        match written {
            Written::Text(text) => writer.string(text),
            Written::List(texts) => writer.strings(texts.iter().copied()),
        }
    }
    writer.end_object();
    Bytes::from_owner(Zeroizing::new(writer.into_bytes()))
}
