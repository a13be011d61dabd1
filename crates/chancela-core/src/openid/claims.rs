//! Claims about a user: the `claims` request parameter (OpenID Connect Core §5.5), and which of a user's claims a client
//! gets by scope (§5.4) and by request.

use crate::rejection::{Rejection, Rule};
use crate::scope::Scope;
use crate::strict_json;
use serde_json::{Map, Value};

/// Most bytes of the parameter.
pub const MAX_BYTES: usize = 8 * 1024;
/// Most claims in one of its members, and most values that are named for one claim.
pub const MAX_CLAIMS: usize = 64;
/// Most bytes of a claim's name.
pub const MAX_NAME_BYTES: usize = 128;

/// Scopes that stand for claims (OpenID Connect Core §5.4).
pub const SCOPES: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// What only the server says; a user's record cannot.
const RESERVED: [&str; 21] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "events",
    "cnf",
    "client_id",
    "scope",
    "typ",
];

/// What an authorization request asks for singly.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClaimsRequest {
    raw: Map<String, Value>,
    /// Claims for the ID token.
    pub id_token: Vec<ClaimRequest>,
    /// Claims for UserInfo.
    pub userinfo: Vec<ClaimRequest>,
}

/// One claim that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRequest {
    /// Its name.
    pub name: Box<str>,
    /// Whether the client says that it cannot do without.
    pub essential: bool,
    /// The values that it may have (`value` or `values`), the preferred first; any if there is none.
    pub values: Vec<Value>,
}

impl ClaimRequest {
    /// Whether `value` is one that was asked for.
    pub fn accepts(&self, value: &Value) -> bool {
        self.values.is_empty() || self.values.contains(value)
    }
}

impl ClaimsRequest {
    /// Reads the parameter.
    ///
    /// # Errors
    /// [`Rule::MalformedClaims`] if it is not the object that the specification defines, or is beyond the limits.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let object = Some(text).filter(|text| text.len() <= MAX_BYTES);
        let object = object.and_then(|text| strict_json::object(text.as_bytes()));
        object.and_then(Self::of).ok_or_else(|| Rule::MalformedClaims.into())
    }

    /// From the object that a grant kept; `None` if it is not one that [`ClaimsRequest::parse`] would have read.
    pub fn of(raw: Map<String, Value>) -> Option<Self> {
        let (id_token, userinfo) = (list(raw.get("id_token"))?, list(raw.get("userinfo"))?);
        Some(Self { raw, id_token, userinfo })
    }

    /// The object as it was sent, for a grant to keep.
    pub const fn as_map(&self) -> &Map<String, Value> {
        &self.raw
    }

    /// The object as it was sent, for a grant to keep.
    pub fn into_map(self) -> Map<String, Value> {
        self.raw
    }

    /// Whether a user who is `sub` to the client may be the one of the answer (OpenID Connect Core §5.5.1).
    pub fn allows_subject(&self, sub: &str) -> bool {
        let sub = Value::from(sub);
        self.named("sub").all(|claim| claim.accepts(&sub))
    }

    /// Whether a login may have this `acr`: only an essential request for it refuses others.
    pub fn allows_acr(&self, acr: &str) -> bool {
        let acr = Value::from(acr);
        self.named("acr").all(|claim| !claim.essential || claim.accepts(&acr))
    }

    /// Values of `acr` that are asked for, the preferred first, and whether nothing else will do.
    pub fn acr(&self) -> (Vec<&str>, bool) {
        let values = self.named("acr").flat_map(|claim| &claim.values).filter_map(Value::as_str).collect();
        (values, self.named("acr").any(|claim| claim.essential && !claim.values.is_empty()))
    }

    fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ClaimRequest> {
        self.id_token.iter().chain(&self.userinfo).filter(move |claim| &*claim.name == name)
    }
}

/// The requests of one member; members of a request that nobody defined are ignored, as §5.5.1 says.
fn list(member: Option<&Value>) -> Option<Vec<ClaimRequest>> {
    let claims = match member {
        None | Some(Value::Null) => return Some(Vec::new()),
        Some(Value::Object(claims)) if claims.len() <= MAX_CLAIMS => claims,
        Some(_) => return None,
    };
    claims.iter().map(|(name, request)| one(name, request)).collect()
}

fn one(name: &str, request: &Value) -> Option<ClaimRequest> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return None;
    }
    let mut claim = ClaimRequest { name: name.into(), essential: false, values: Vec::new() };
    let members = match request {
        Value::Null => return Some(claim),
        Value::Object(members) => members,
        _ => return None,
    };
    if let Some(essential) = members.get("essential") {
        claim.essential = essential.as_bool()?;
    }
    claim.values.extend(members.get("value").cloned());
    if let Some(values) = members.get("values") {
        claim.values.extend(values.as_array().filter(|values| !values.is_empty())?.iter().cloned());
    }
    let textual = name != "sub" && name != "acr" || claim.values.iter().all(Value::is_string);
    (textual && claim.values.len() <= MAX_CLAIMS).then_some(claim)
}

/// The claims of `user` (a record's claims) that `scope` and `requests` ask for. A claim that was asked for with other
/// values than the user's is left out; what only the server says never comes from here.
pub fn pick(user: &Map<String, Value>, scope: &Scope, requests: &[ClaimRequest]) -> Map<String, Value> {
    let by_scope =
        SCOPES.iter().filter(|(name, _)| scope.contains(name)).flat_map(|(_, claims)| claims.iter());
    let mut out: Map<String, Value> =
        by_scope.filter_map(|name| Some(((*name).to_owned(), user.get(*name)?.clone()))).collect();
    for request in requests {
        let name = &*request.name;
        match user.get(name).filter(|_| !RESERVED.contains(&name)) {
            Some(value) if request.accepts(value) => out.insert(name.to_owned(), value.clone()),
            _ => out.remove(name),
        };
    }
    out.retain(|_, value| !value.is_null());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn alice() -> Map<String, Value> {
        object(json!({
            "name": "Alice", "email": "alice@example.com", "email_verified": true, "phone_number": "+55 11 90000-0000",
            "cpf": "12345678909", "sub": "mallory", "iss": "https://evil.test", "nickname": null,
        }))
    }

    #[test]
    fn the_example_of_the_specification_is_read_as_it_means() {
        let request = ClaimsRequest::parse(
            r#"{"userinfo":{"given_name":{"essential":true},"nickname":null,"email":{"essential":true},
                "email_verified":{"essential":true},"picture":null,"http://example.info/claims/groups":null},
                "id_token":{"auth_time":{"essential":true},"acr":{"values":["urn:mace:incommon:iap:silver"]}}}"#,
        )
        .unwrap();
        assert_eq!((request.userinfo.len(), request.id_token.len()), (6, 2));
        assert_eq!(request.userinfo.iter().filter(|claim| claim.essential).count(), 3);
        assert_eq!(request.acr(), (vec!["urn:mace:incommon:iap:silver"], false));
        assert!(request.allows_acr("other"), "a voluntary acr refuses nothing");
        assert_eq!(ClaimsRequest::of(request.as_map().clone()), Some(request));
    }

    #[test]
    fn other_objects_are_refused_and_unknown_members_are_not() {
        for text in [
            "",
            "[]",
            "null",
            "nonsense",
            r#"{"userinfo":[]}"#,
            r#"{"userinfo":"name"}"#,
            r#"{"id_token":{"name":true}}"#,
            r#"{"id_token":{"name":{"essential":"true"}}}"#,
            r#"{"id_token":{"name":{"values":"x"}}}"#,
            r#"{"id_token":{"name":{"values":[]}}}"#,
            r#"{"id_token":{"":null}}"#,
            r#"{"id_token":{"sub":{"value":1}}}"#,
            r#"{"id_token":{"acr":{"values":["a",{}]}}}"#,
            r#"{"id_token":{"name":null,"name":null}}"#,
        ] {
            assert_eq!(ClaimsRequest::parse(text).unwrap_err().rule, Rule::MalformedClaims, "{text}");
        }
        for text in ["{}", r#"{"userinfo":null}"#, r#"{"x":1,"userinfo":{"name":{"x":1}}}"#] {
            assert!(ClaimsRequest::parse(text).is_ok(), "{text}");
        }
    }

    /// DO-01.
    #[test]
    fn the_limits_hold() {
        let many: Map<_, _> = (0..=MAX_CLAIMS).map(|n| (n.to_string(), Value::Null)).collect();
        let values: Vec<_> = (0..=MAX_CLAIMS).collect();
        for value in [
            json!({ "userinfo": many }),
            json!({ "userinfo": { "n".repeat(MAX_NAME_BYTES + 1): null } }),
            json!({ "userinfo": { "name": { "values": values } } }),
            json!({ "x": "x".repeat(MAX_BYTES) }),
        ] {
            assert!(ClaimsRequest::parse(&value.to_string()).is_err());
        }
    }

    #[test]
    fn a_named_subject_or_an_essential_acr_must_be_met() {
        let request = ClaimsRequest::parse(
            r#"{"id_token":{"sub":{"value":"a"},"acr":{"essential":true,"values":["x","y"]}}}"#,
        )
        .unwrap();
        assert!(request.allows_subject("a") && !request.allows_subject("b"));
        assert!(request.allows_acr("y") && !request.allows_acr("z"));
        assert_eq!(request.acr(), (vec!["x", "y"], true));
        assert!(ClaimsRequest::default().allows_subject("anyone"));
    }

    #[test]
    fn claims_come_by_scope_and_by_request_and_never_speak_for_the_server() {
        let scope = |text| Scope::parse(text).unwrap();
        let request = |text: &str| ClaimsRequest::parse(text).unwrap().userinfo;
        assert!(pick(&alice(), &scope("openid"), &[]).is_empty());
        assert_eq!(
            pick(&alice(), &scope("openid profile email"), &[]),
            object(json!({ "name": "Alice", "email": "alice@example.com", "email_verified": true }))
        );
        let asked = request(
            r#"{"userinfo":{"cpf":null,"name":{"value":"Bruno"},"sub":null,"iss":null,"nickname":null,"none":null}}"#,
        );
        assert_eq!(pick(&alice(), &scope("profile"), &asked), object(json!({ "cpf": "12345678909" })));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in ".{0,200}") {
            let _ = ClaimsRequest::parse(&text);
        }

        #[test]
        fn what_was_read_reads_again_and_picks_only_from_the_user(names in proptest::collection::vec("[a-z_]{1,12}", 0..8)) {
            let members: Map<_, _> = names.iter().map(|name| (name.clone(), Value::Null)).collect();
            let text = json!({ "userinfo": members }).to_string();
            let request = ClaimsRequest::parse(&text).unwrap();
            let picked = pick(&alice(), &Scope::empty(), &request.userinfo);
            prop_assert!(picked.iter().all(|(name, value)| alice().get(name) == Some(value)));
            prop_assert_eq!(ClaimsRequest::of(request.into_map()).unwrap().userinfo.len(), members.len());
        }
    }
}
