//! Answers that are not the endpoint's own: refusals in a realm's words, pages of gateways, changed members.

use super::action::{Edit, Page};
use bytes::Bytes;
use chancela_core::message::{bearer, error_response};
use chancela_core::rejection::Rejection;
use chancela_server::router::Route;
use http::{HeaderMap, Response};
use serde_json::{Map, Value};

/// A refusal as the endpoint of `route` would give it.
pub(super) fn refusal(route: Option<&Route>, rejection: Rejection, headers: &HeaderMap) -> Response<Bytes> {
    let mut response = match route {
        Some(Route::Token(realm, index)) => match realm.endpoints.get(*index) {
            Some(endpoint) => error_response::encode(&endpoint.dialect, &realm.name, rejection),
            None => error_response::encode_standard(&realm.name, rejection),
        },
        Some(Route::Resource(realm) | Route::UserInfo(realm) | Route::Verification(realm)) => {
            bearer::refuse(&realm.name, "", rejection)
        }
        Some(
            Route::Introspection(realm)
            | Route::Revocation(realm)
            | Route::Browser(realm, _)
            | Route::Jwks(realm)
            | Route::Metadata(realm)
            | Route::Certificates(realm)
            | Route::Certificate(realm)
            | Route::Registration(realm)
            | Route::RegisteredClient(realm)
            | Route::Ocsp(realm)
            | Route::Authority(realm),
        ) => error_response::encode_standard(&realm.name, rejection),
        Some(Route::Json(_) | Route::Extension(_)) | None => error_response::encode_standard("", rejection),
    };
    for (name, value) in headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

/// An answer as of a gateway that did not ask the endpoint.
pub(super) fn page(page: &Page) -> Response<Bytes> {
    replaced(Response::new(Bytes::new()), page)
}

/// Another body, with its type and, if the page has one, another status. Other headers stay.
pub(super) fn replaced(mut response: Response<Bytes>, page: &Page) -> Response<Bytes> {
    *response.body_mut() = Bytes::from(page.body.clone());
    *response.status_mut() = page.status.unwrap_or(response.status());
    for (name, value) in &page.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

/// Other members, if the answer is a JSON object; otherwise the answer as it is.
pub(super) fn edited(mut response: Response<Bytes>, edit: &Edit) -> Response<Bytes> {
    let Ok(mut members) = serde_json::from_slice::<Map<String, Value>>(response.body()) else {
        return response;
    };
    for name in &edit.as_text {
        if let Some(value) = members.get_mut(name).filter(|value| !value.is_string()) {
            *value = Value::from(value.to_string());
        }
    }
    for name in &edit.remove {
        members.shift_remove(name);
    }
    for (name, value) in &edit.set {
        members.insert(name.clone(), value.clone());
    }
    *response.body_mut() = Value::Object(members).to_string().into();
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn edit(set: Value, remove: &[&str], as_text: &[&str]) -> Edit {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Edit { set: set.as_object().unwrap().clone(), remove: own(remove), as_text: own(as_text) }
    }

    #[test]
    fn members_are_changed_and_the_others_keep_their_order() {
        let body = r#"{"access_token":"a","token_type":"Bearer","expires_in":300,"scope":"x"}"#;
        let edited = edited(
            Response::new(Bytes::from_static(body.as_bytes())),
            &edit(
                json!({ "scope": ["x"], "n": 0 }),
                &["token_type", "absent"],
                &["expires_in", "access_token", "absent"],
            ),
        );
        assert_eq!(edited.body(), r#"{"access_token":"a","expires_in":"300","scope":["x"],"n":0}"#);
    }

    #[test]
    fn what_is_no_object_stays_as_it_is() {
        for body in ["", "[1]", "<html>", "{\"a\":"] {
            let response = Response::new(Bytes::from_static(body.as_bytes()));
            assert_eq!(edited(response, &edit(json!({ "a": 1 }), &[], &[])).body(), body);
        }
    }
}
