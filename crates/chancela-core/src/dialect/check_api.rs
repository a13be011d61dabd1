//! What the vocabulary alone cannot refuse of where a provider is, and of what its API wants to be called with.

use super::error::{DialectError, meaning};
use super::{Api, ApiParameter, Dialect};
use http::{HeaderName, HeaderValue};

/// Longest address in bytes.
const MAX_URL_BYTES: usize = 2048;

/// Checks the addresses of each environment and `[api]` of each token endpoint.
pub(super) fn check(path: &str, dialect: &Dialect) -> Result<(), DialectError> {
    for (name, environment) in &dialect.environments {
        let key = |rest: &str| format!("environments.{name}.{rest}");
        let own = environment.base_url.iter().map(|url| ("base_url", url));
        let own = own.chain(environment.certificate_url.iter().map(|url| ("certificate_url", url)));
        let others = environment.base_urls.iter().map(|(endpoint, url)| (endpoint.as_str(), url));
        if let Some((wrong, _)) = own.chain(others).find(|(_, url)| !is_base_url(url)) {
            let message =
                format!("{wrong:?} is not https://host, with or without port and path, without / at its end");
            return Err(meaning(path, &key("base_url, base_urls"), message));
        }
        if let Some(unknown) =
            environment.base_urls.keys().find(|name| dialect.token_endpoint(name).is_none())
        {
            return Err(meaning(path, &key("base_urls"), format!("{unknown:?} is not a token endpoint")));
        }
    }
    for endpoint in &dialect.token_endpoints {
        if let Some(message) = contradiction(&endpoint.api, &endpoint.token.header) {
            return Err(meaning(path, &format!("token_endpoint.{}.api", endpoint.name), message));
        }
    }
    Ok(())
}

fn is_base_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]".contains(&b);
    url.len() <= MAX_URL_BYTES
        && !rest.is_empty()
        && !rest.starts_with('/')
        && !rest.ends_with('/')
        && rest.bytes().all(allowed)
}

/// `token_header` is the one that carries the access token.
pub(super) fn contradiction(api: &Api, token_header: &str) -> Option<String> {
    let headers = api.headers.iter().map(|parameter| (parameter, true));
    let query = api.query.iter().map(|parameter| (parameter, false));
    for (at, (parameter, is_header)) in headers.chain(query).enumerate() {
        let name = &parameter.name;
        let earlier = api.headers.iter().chain(&api.query).take(at);
        if earlier.into_iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
            return Some(format!("{name:?} occurs twice"));
        }
        if is_header && !is_free_header(name, token_header) {
            return Some(format!("{name:?} is not a header that HTTP leaves free, or is the token's"));
        }
        if !is_header && (name.is_empty() || !name.bytes().all(is_unreserved)) {
            return Some(format!("{name:?} is not a name of letters, digits and - . _ ~"));
        }
        if let Some(message) = source(parameter) {
            return Some(format!("{name:?} {message}"));
        }
    }
    None
}

fn is_free_header(name: &str, token_header: &str) -> bool {
    let taken = ["host", "content-length", "content-type", "transfer-encoding", "connection", "cookie"];
    HeaderName::from_bytes(name.as_bytes())
        .is_ok_and(|own| !taken.contains(&own.as_str()) && !name.eq_ignore_ascii_case(token_header))
}

const fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

fn source(parameter: &ApiParameter) -> Option<&'static str> {
    let ApiParameter { name: _, value, literal, credential } = parameter;
    let sources =
        usize::from(value.is_some()) + usize::from(literal.is_some()) + usize::from(credential.is_some());
    if sources != 1 {
        return Some("needs exactly one of value, literal and credential");
    }
    if literal.as_ref().is_some_and(|text| text.is_empty() || HeaderValue::from_str(text).is_err()) {
        return Some("has a literal that HTTP does not allow");
    }
    let is_name = |text: &String| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if credential.as_ref().is_some_and(|text| !is_name(text)) {
        return Some("needs a credential of lower-case letters, digits and _");
    }
    None
}
