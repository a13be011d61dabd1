//! The `claims` parameter (OpenID Connect Core §5.5): claims that a client asks for singly.

use serde_json::{Map, Value};

/// Most bytes of the parameter: a code carries it.
pub const MAX_BYTES: usize = 4096;

/// The two destinations that a claim may be asked for. Other members are for others and are left out.
const DESTINATIONS: [&str; 2] = ["id_token", "userinfo"];

/// What `claims` asks for, well-formed: each claim is `null` or an object of `essential`, `value` and `values`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimsParameter(Map<String, Value>);

impl ClaimsParameter {
    /// Reads the parameter; `None` if it is not what the specification defines.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let Ok(Value::Object(sent)) = serde_json::from_str(text) else { return None };
        let mut kept = Map::new();
        for (destination, claims) in sent {
            if !DESTINATIONS.contains(&destination.as_str()) {
                continue;
            }
            match claims {
                Value::Null => {}
                Value::Object(claims) if claims.values().all(is_request) => {
                    kept.insert(destination, Value::Object(claims));
                }
                _ => return None,
            }
        }
        Some(Self(kept))
    }

    /// The object, with its known members alone.
    pub fn into_object(self) -> Map<String, Value> {
        self.0
    }

    /// Values that `acr` must have one of, if that is essential; an empty list means any.
    pub fn essential_acr(&self) -> Option<Vec<&str>> {
        let acr = self.id_token("acr").filter(|acr| acr.get("essential") == Some(&Value::Bool(true)))?;
        let values = acr.get("values").and_then(Value::as_array).into_iter().flatten();
        Some(values.chain(acr.get("value")).filter_map(Value::as_str).collect())
    }

    /// Whether `acr` is asked for at all, and with which values, where that is not essential.
    pub fn voluntary_acr(&self) -> Vec<&str> {
        let Some(acr) = self.id_token("acr").filter(|_| self.essential_acr().is_none()) else {
            return Vec::new();
        };
        let values = acr.get("values").and_then(Value::as_array).into_iter().flatten();
        values.chain(acr.get("value")).filter_map(Value::as_str).collect()
    }

    /// The one user that the answer may be about (§5.5.1).
    pub fn subject(&self) -> Option<&str> {
        self.id_token("sub")?.get("value")?.as_str()
    }

    fn id_token(&self, claim: &str) -> Option<&Map<String, Value>> {
        self.0.get("id_token")?.get(claim)?.as_object()
    }
}

/// `null`, or an object whose known members have their types.
fn is_request(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => {
            members.get("essential").is_none_or(Value::is_boolean)
                && members.get("values").is_none_or(Value::is_array)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_specification_is_read() {
        let claims = ClaimsParameter::parse(
            r#"{"userinfo":{"given_name":{"essential":true},"nickname":null},
                "id_token":{"auth_time":{"essential":true},"acr":{"values":["urn:mace:incommon:iap:silver"]},
                "sub":{"value":"248289761001"}},"other":1}"#,
        )
        .unwrap();
        assert_eq!(claims.essential_acr(), None);
        assert_eq!(claims.voluntary_acr(), ["urn:mace:incommon:iap:silver"]);
        assert_eq!(claims.subject(), Some("248289761001"));
        assert_eq!(claims.into_object().keys().collect::<Vec<_>>(), ["userinfo", "id_token"]);
    }

    #[test]
    fn an_essential_acr_names_its_values() {
        let values =
            |text: &str| ClaimsParameter::parse(text).unwrap().essential_acr().map(|values| values.join(" "));
        assert_eq!(
            values(r#"{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}"#),
            Some("a b".into())
        );
        assert_eq!(values(r#"{"id_token":{"acr":{"essential":true,"value":"a"}}}"#), Some("a".into()));
        assert_eq!(values(r#"{"id_token":{"acr":{"essential":true}}}"#), Some(String::new()));
        assert_eq!(values(r#"{"id_token":{"acr":null}}"#), None);
        assert_eq!(values(r#"{"userinfo":{"acr":{"essential":true,"value":"a"}}}"#), None);
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "x",
            "[]",
            "1",
            r#"{"id_token":1}"#,
            r#"{"id_token":[]}"#,
            r#"{"id_token":{"acr":1}}"#,
            r#"{"id_token":{"acr":{"essential":"yes"}}}"#,
            r#"{"userinfo":{"acr":{"values":"a"}}}"#,
            &format!("{{\"x\":\"{}\"}}", "a".repeat(MAX_BYTES)),
            &"[".repeat(4000),
        ] {
            assert_eq!(ClaimsParameter::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in ".{0,200}", inner in "[\\{\\}\\[\\]\":,a-z0-9]{0,60}") {
            for text in [text, format!("{{\"id_token\":{{\"acr\":{inner}}}}}")] {
                if let Some(claims) = ClaimsParameter::parse(&text) {
                    let _ = (claims.essential_acr(), claims.voluntary_acr(), claims.subject());
                }
            }
        }
    }
}
