//! What a client may be that sends users here: redirect URIs, codes, refresh tokens, subjects, algorithms and logout
//! (RFC 7591 §2, OpenID Connect Registration §2, and the logout specifications' members).

use super::client_metadata::NewClient;
use crate::realm::Realm;
use chancela_core::client_auth::Method;
use chancela_core::record::{ApplicationType, RefreshTokenPolicy, SubjectType};
use chancela_core::redirect_uri::{self, Registration};
use chancela_core::text::is_plain;
use serde_json::{Value, json};

/// Longest lifetime of a code in seconds, where the dialect's own is not longer (requirement E-03).
const MAX_CODE_LIFETIME: u32 = 60;
/// Most URIs of one kind.
const MAX_URIS: usize = 100;
/// Longest name in bytes.
const MAX_NAME_BYTES: usize = 200;

/// The host whose clients share pairwise subjects, if the metadata names one; all rules for clients that send users here
/// pass.
///
/// # Errors
/// What is wrong, beginning with the member's name.
pub(super) fn check(realm: &Realm, new: &NewClient) -> Result<Option<Box<str>>, String> {
    check_name(new.client_name.as_deref())?;
    check_redirect_uris(realm, new)?;
    check_codes_and_tokens(realm, new)?;
    check_logout(realm, new)?;
    check_sector(new)
}

/// Requirement M-07.
fn check_name(name: Option<&str>) -> Result<(), String> {
    match name {
        Some(name) if name.is_empty() || name.len() > MAX_NAME_BYTES || !is_plain(name) => Err(format!(
            "client_name: must be 1 to {MAX_NAME_BYTES} bytes without line breaks and invisible characters"
        )),
        _ => Ok(()),
    }
}

/// On an issuer without TLS, which only a developer's machine has, anything may be without.
fn registration(realm: &Realm, new: &NewClient) -> Registration {
    Registration { application_type: new.application_type, danger_allow_http: !realm.location.secure }
}

fn check_redirect_uris(realm: &Realm, new: &NewClient) -> Result<(), String> {
    if new.redirect_uris.len() > MAX_URIS || new.post_logout_redirect_uris.len() > MAX_URIS {
        return Err(format!("redirect_uris: at most {MAX_URIS} can be registered"));
    }
    for uri in &new.redirect_uris {
        redirect_uri::register(uri, registration(realm, new))
            .map_err(|problem| format!("redirect_uris: {uri:?} {problem}"))?;
    }
    for uri in &new.post_logout_redirect_uris {
        check_uri(realm, new, uri)
            .map_err(|problem| format!("post_logout_redirect_uris: {uri:?} {problem}"))?;
    }
    match &new.response_types {
        None => Ok(()),
        Some(types) if *types == json!(["code"]) || *types == Value::Array(Vec::new()) => Ok(()),
        Some(_) => Err("response_types: this server knows only [\"code\"]".into()),
    }
}

/// As a redirect URI; `http` on this machine is for every client.
fn check_uri(realm: &Realm, new: &NewClient, uri: &str) -> Result<(), String> {
    let loopback = ["127.0.0.1", "[::1]", "localhost"];
    let here = redirect_uri::host(uri).is_some_and(|host| loopback.contains(&host));
    let rules = registration(realm, new);
    let rules = Registration { danger_allow_http: rules.danger_allow_http || here, ..rules };
    redirect_uri::register(uri, rules).map_err(|problem| problem.to_string())
}

fn check_codes_and_tokens(realm: &Realm, new: &NewClient) -> Result<(), String> {
    let public = new.token_endpoint_auth_method == Some(Method::None);
    if public && new.require_pkce == Some(false) {
        return Err("require_pkce: a public client always needs it".into());
    }
    if public && new.refresh_token_policy == Some(RefreshTokenPolicy::None) {
        return Err("refresh_token_policy: a public client's refresh tokens must be rotated or bound".into());
    }
    let longest = realm.dialect.authorization.code_lifetime.max(MAX_CODE_LIFETIME);
    if new.authorization_code_lifetime.is_some_and(|seconds| !(1..=longest).contains(&seconds)) {
        return Err(format!(
            "authorization_code_lifetime: must be from 1 to {longest} seconds in this realm"
        ));
    }
    if new.refresh_token_lifetime == Some(0) {
        return Err("refresh_token_lifetime: must be at least 1 second".into());
    }
    Ok(())
}

fn check_logout(realm: &Realm, new: &NewClient) -> Result<(), String> {
    if let Some(uri) = &new.backchannel_logout_uri {
        check_server_uri(realm, new, uri).map_err(|problem| format!("backchannel_logout_uri: {problem}"))?;
    }
    if let Some(uri) = &new.frontchannel_logout_uri {
        check_server_uri(realm, new, uri).map_err(|problem| format!("frontchannel_logout_uri: {problem}"))?;
        // OpenID Connect Front-Channel Logout §2.
        let own = redirect_uri::origin(uri);
        if !new.redirect_uris.iter().any(|registered| redirect_uri::origin(registered) == own) {
            return Err(
                "frontchannel_logout_uri: must have scheme, host and port of one of the redirect URIs".into(),
            );
        }
    }
    Ok(())
}

/// A URI of a server: nothing of an application's own.
fn check_server_uri(realm: &Realm, new: &NewClient, uri: &str) -> Result<(), String> {
    let web = NewClient { application_type: ApplicationType::Web, ..new.clone() };
    check_uri(realm, &web, uri)
}

/// OpenID Connect Core §8.1. The document behind the URI would let several hosts be one sector; it is not fetched, so the
/// host must be that of every redirect URI.
fn check_sector(new: &NewClient) -> Result<Option<Box<str>>, String> {
    let mut hosts = new.redirect_uris.iter().map(|uri| redirect_uri::host(uri).unwrap_or(""));
    let Some(uri) = &new.sector_identifier_uri else {
        let first = hosts.next();
        if new.subject_type == SubjectType::Pairwise && hosts.any(|host| Some(host) != first) {
            return Err("subject_type: pairwise needs redirect URIs of one host in this version".into());
        }
        return Ok(None);
    };
    let https = uri.starts_with("https://");
    match redirect_uri::host(uri).filter(|_| https) {
        None => Err("sector_identifier_uri: is not an https URI".into()),
        Some(sector) if hosts.all(|host| host == sector) => Ok(Some(sector.into())),
        Some(_) => Err(
            "sector_identifier_uri: must have the host of every redirect URI; documents of other hosts are not fetched in \
             this version"
                .into(),
        ),
    }
}
