//! The credentials of the server under test, and how they are put in the place of placeholders.

use super::Captures;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::BTreeMap;

/// All but the unreserved characters of RFC 3986 §2.3: a path with an encoded one is another path.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One client of the realm under test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientFixture {
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub client_secret: String,
    /// Its certificate in PEM.
    pub certificate_pem: Option<String>,
    /// The authorities' certificates in PEM.
    pub certificate_chain_pem: Option<String>,
    /// Its certificate's key in PEM.
    pub private_key_pem: Option<String>,
}

/// What placeholders stand for in one realm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fixtures {
    /// Clients by label.
    pub clients: BTreeMap<String, ClientFixture>,
    /// A user's name.
    pub username: Option<String>,
    /// That user's password.
    pub password: Option<String>,
    /// That user's tenant.
    pub tenant: Option<String>,
    /// A certificate request in PEM, which a test makes.
    pub certificate_request_pem: Option<String>,
    /// Values captured from earlier answers; a test adds what [`super::Exchange::check`] returns.
    pub tokens: Captures,
}

/// How a value is written where its placeholder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Raw,
    Form,
    Json,
    /// As it is; line breaks of the whole body are CRLF (RFC 7578 §4.1).
    Multipart,
}

impl Encoding {
    /// That of a body with these headers.
    pub(super) fn of_body(headers: &[(String, String)]) -> Self {
        let is = |wanted: &str| {
            headers
                .iter()
                .any(|(name, value)| name.eq_ignore_ascii_case("content-type") && value.starts_with(wanted))
        };
        if is("application/x-www-form-urlencoded") {
            Self::Form
        } else if is("application/json") {
            Self::Json
        } else if is("multipart/form-data") {
            Self::Multipart
        } else {
            Self::Raw
        }
    }

    fn write(self, value: &str) -> String {
        match self {
            Self::Raw | Self::Multipart => value.to_owned(),
            Self::Form => utf8_percent_encode(value, RESERVED).to_string(),
            Self::Json => {
                let quoted = Value::from(value).to_string();
                quoted
                    .strip_prefix('"')
                    .and_then(|rest| rest.strip_suffix('"'))
                    .unwrap_or_default()
                    .to_owned()
            }
        }
    }
}

impl Fixtures {
    /// From one realm of `sandbox.json`: every client by its label, and the first user.
    pub fn from_sandbox(realm: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = |name: &str| realm.get(name).and_then(Value::as_array).into_iter().flatten();
        let clients = list("clients")
            .filter_map(|client| {
                let fixture = ClientFixture {
                    client_id: text(&client["client_id"])?,
                    client_secret: text(&client["client_secret"]).unwrap_or_default(),
                    certificate_pem: text(&client["certificate_pem"]),
                    certificate_chain_pem: text(&client["certificate_chain_pem"]),
                    private_key_pem: text(&client["private_key_pem"]),
                };
                Some((text(&client["label"])?, fixture))
            })
            .collect();
        let user = list("users").next();
        let of_user = |name: &str| user.and_then(|user| text(&user[name]));
        Self {
            clients,
            username: of_user("username"),
            password: of_user("password"),
            tenant: of_user("tenant"),
            certificate_request_pem: None,
            tokens: Captures::new(),
        }
    }

    /// `template` with every placeholder filled in.
    pub(super) fn fill(&self, template: &str, encoding: Encoding) -> Result<String, String> {
        let mut out = String::with_capacity(template.len());
        for part in parts(template) {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Placeholder(name) => match self.value(name)? {
                    Some(value) => out.push_str(&encoding.write(&value)),
                    None => return Err(format!("{{{{{name}}}}} is not a placeholder of requests")),
                },
            }
        }
        Ok(out)
    }

    /// What `{{name}}` stands for; `None` if it is no placeholder for a known value.
    pub(super) fn value(&self, name: &str) -> Result<Option<String>, String> {
        let missing = || format!("{{{{{name}}}}} stands for nothing in this realm");
        let (kind, label) = name.split_once(':').unwrap_or((name, ""));
        let client = || self.clients.get(label).ok_or_else(missing);
        Ok(Some(match kind {
            "client_id" => client()?.client_id.clone(),
            "client_secret" => client()?.client_secret.clone(),
            "basic" => STANDARD.encode(format!("{}:{}", client()?.client_id, client()?.client_secret)),
            "certificate" => {
                let pem = client()?.certificate_pem.as_deref().ok_or_else(missing)?;
                pem.lines().collect::<Vec<_>>().join(" ").trim().to_owned()
            }
            "username" => self.username.clone().ok_or_else(missing)?,
            "password" => self.password.clone().ok_or_else(missing)?,
            "csr" => self.certificate_request_pem.clone().ok_or_else(missing)?.trim().to_owned(),
            "tenant" => self.tenant.clone().ok_or_else(missing)?,
            "token" => self.tokens.get(label).cloned().ok_or_else(missing)?,
            _ => return Ok(None),
        }))
    }
}

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// The pieces of a template in order. Braces that do not close are text.
pub(super) fn parts(template: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}").filter(|(name, _)| is_name(name)) else {
            // Not a placeholder: JSON may have two braces in a row.
            let at = before.len() + 1;
            out.push(Part::Text(&rest[..at]));
            rest = &rest[at..];
            continue;
        };
        out.push(Part::Text(before));
        out.push(Part::Placeholder(name));
        rest = tail;
    }
    out.push(Part::Text(rest));
    out
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:-".contains(&b))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn acme() -> Fixtures {
        Fixtures::from_sandbox(&serde_json::json!({
            "clients": [
                { "label": "demo", "client_id": "id", "client_secret": "s+\"1", "certificate_pem": "-----BEGIN\nAB\n-----END\n" },
                { "label": "public", "client_id": "open", "client_secret": null, "certificate_pem": null },
            ],
            "users": [{ "username": "ana", "password": "p w", "tenant": null }],
        }))
    }

    #[test]
    fn a_value_is_written_as_its_place_demands() {
        let fixtures = acme();
        assert_eq!(fixtures.fill("a={{client_secret:demo}}&b", Encoding::Form).unwrap(), "a=s%2B%221&b");
        assert_eq!(
            fixtures.fill(r#"{"a":{"b":"{{client_secret:demo}}"}}"#, Encoding::Json).unwrap(),
            r#"{"a":{"b":"s+\"1"}}"#
        );
        assert_eq!(fixtures.fill("Basic {{basic:demo}}", Encoding::Raw).unwrap(), "Basic aWQ6cysiMQ==");
        assert_eq!(fixtures.fill("{{certificate:demo}}", Encoding::Raw).unwrap(), "-----BEGIN AB -----END");
        assert_eq!(fixtures.fill("{{username}}/{{password}}", Encoding::Form).unwrap(), "ana/p%20w");
    }

    #[test]
    fn a_json_value_that_starts_with_a_quote_keeps_it() {
        assert_eq!(Encoding::Json.write("\"x\""), r#"\"x\""#);
    }

    #[test]
    fn a_placeholder_that_stands_for_nothing_is_an_error() {
        let fixtures = acme();
        for template in
            ["{{client_id:nobody}}", "{{certificate:public}}", "{{tenant}}", "{{token:first}}", "{{uuid}}"]
        {
            assert!(fixtures.fill(template, Encoding::Raw).is_err(), "{template}");
        }
    }
}
