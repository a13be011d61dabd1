//! The headers of every page, in one place (A-05, B-15, B-16).

use super::asset::HASHES;
use super::frame::Frame;
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A script that a page may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// Passkeys.
    Passkey,
    /// Sends a form by itself.
    Submit,
    /// Leaves after a front-channel logout.
    Leave,
}

/// Where the forms of a page may lead; browsers apply it to every redirect that follows the form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Forms {
    /// There is none.
    #[default]
    None,
    /// They stay with us.
    Own,
    /// They end at a redirect URI, or at one that its application goes on to.
    Lead(String),
}

/// What a page may do.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Where its forms may lead.
    pub forms: Forms,
    /// The script that it may run.
    pub script: Option<Script>,
    /// Addresses that it shows in frames.
    pub frames: Vec<String>,
    /// Whether it belongs to an authorization request, which an application may have opened in a window of its own.
    pub in_flow: bool,
}

/// Puts the headers of a page into `headers`.
pub fn secure(headers: &mut HeaderMap, frame: &Frame, policy: &Policy) {
    let fixed = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_LANGUAGE, frame.locale.tag()),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (PERMISSIONS_POLICY, permissions(policy)),
        (RESOURCE_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !policy.in_flow {
        // An application that opened the authorization request in a window waits for that window: cutting the tie
        // there would break it, so pages of the flow go without.
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    }
    if frame.https {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains; preload");
        headers.insert(STRICT_TRANSPORT_SECURITY, two_years);
    }
    let csp = HeaderValue::from_str(&content_security_policy(policy));
    // Every part is ASCII that was checked or is ours; should that ever fail, nothing at all is allowed.
    let csp = csp.unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"));
    headers.insert(CONTENT_SECURITY_POLICY, csp);
}

fn permissions(policy: &Policy) -> &'static str {
    if policy.script == Some(Script::Passkey) {
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), \
         publickey-credentials-create=(self), publickey-credentials-get=(self)"
    } else {
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), \
         publickey-credentials-create=(), publickey-credentials-get=()"
    }
}

fn content_security_policy(policy: &Policy) -> String {
    let mut csp = format!(
        "default-src 'none'; style-src {}; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action ",
        HASHES.style
    );
    match &policy.forms {
        Forms::None => csp.push_str("'none'"),
        Forms::Own => csp.push_str("'self'"),
        Forms::Lead(address) => {
            csp.push_str("'self' https:");
            if let Some(source) = source(address).filter(|source| !source.starts_with("https:")) {
                csp.push(' ');
                csp.push_str(&source);
            }
        }
    }
    if let Some(script) = policy.script {
        csp.push_str("; script-src ");
        csp.push_str(match script {
            Script::Passkey => &HASHES.passkey,
            Script::Submit => &HASHES.submit,
            Script::Leave => &HASHES.leave,
        });
    }
    let mut frames: Vec<String> = policy.frames.iter().filter_map(|address| source(address)).collect();
    frames.sort();
    frames.dedup();
    if !frames.is_empty() {
        csp.push_str("; frame-src ");
        csp.push_str(&frames.join(" "));
    }
    csp
}

/// The source expression that allows an address: its origin, or its scheme alone where an origin cannot be written
/// (private-use schemes, RFC 8252 §7.1, and IPv6 hosts, for which the grammar has no place). `None` for what is no
/// address: nothing of it may end in a header.
fn source(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once(':')?;
    let first = scheme.chars().next()?;
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !first.is_ascii_alphabetic() || !scheme.chars().all(in_scheme) {
        return None;
    }
    let scheme = scheme.to_ascii_lowercase();
    if matches!(scheme.as_str(), "javascript" | "data" | "vbscript" | "blob") {
        return None;
    }
    if !matches!(scheme.as_str(), "http" | "https") {
        return Some(format!("{scheme}:"));
    }
    let authority = rest.strip_prefix("//")?.split(['/', '?', '#', '\\']).next()?;
    if authority.starts_with('[') {
        return Some(format!("{scheme}:"));
    }
    let in_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    (!authority.is_empty() && authority.chars().all(in_host)).then(|| format!("{scheme}://{authority}"))
}
