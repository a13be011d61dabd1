//! Why a request was refused: one rule for each thing that can be wrong. A rejection is logged, counted and audited by
//! its rule; the client hears only the error code and a sentence that never repeats anything of the request.
//!
//! Dialects may give a rule another status, code or sentence, but not another meaning.

use crate::error_code::ErrorCode;
use http::StatusCode;
use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($( $variant:ident, $name:literal, $code:ident, $text:literal; )+) => {
        /// A rule that a request can break. The name is stable: dialect files, logs and metrics use it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Rule {
            $( #[doc = $text] #[serde(rename = $name)] $variant, )+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The rule's stable name.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// The error that the rule becomes unless the dialect says otherwise.
            pub const fn code(self) -> ErrorCode {
                match self { $( Self::$variant => ErrorCode::$code, )+ }
            }

            /// The sentence for the client in English; `{n}` stands for the rejection's number.
            pub const fn text(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }
    };
}

rules! {
    MethodNotAllowed, "method_not_allowed", InvalidRequest, "This endpoint answers only to the method in the Allow header.";
    BodyTooLarge, "body_too_large", InvalidRequest, "The request body is larger than {n} bytes.";
    BodyTooSlow, "body_too_slow", InvalidRequest, "The request body did not arrive in time.";
    MissingContentType, "missing_content_type", InvalidRequest, "The request has no Content-Type, or more than one.";
    UnsupportedContentType, "unsupported_content_type", InvalidRequest, "The Content-Type is not one that this endpoint reads.";
    MalformedBody, "malformed_body", InvalidRequest, "The request body is not what its Content-Type says.";
    BodyNotObject, "body_not_object", InvalidRequest, "The JSON body is not an object of strings.";
    BodyNestedTooDeep, "body_nested_too_deep", InvalidRequest, "The JSON body is nested too deep.";
    TooManyParameters, "too_many_parameters", InvalidRequest, "The request has more than {n} parameters.";
    ParameterTooLong, "parameter_too_long", InvalidRequest, "A parameter's name or value is too long.";
    DuplicateParameter, "duplicate_parameter", InvalidRequest, "A parameter occurs more than once.";
    ParameterInQuery, "parameter_in_query", InvalidRequest, "Credentials and tokens are not accepted in the URL; send them in the body.";
    MissingHeader, "missing_header", InvalidRequest, "A header that this endpoint requires is missing or has another value.";

    MissingCredentials, "missing_credentials", InvalidClient, "The request has no client credentials.";
    MalformedAuthorization, "malformed_authorization", InvalidClient, "The Authorization header is not well-formed Basic authentication.";
    AmbiguousAuthorization, "ambiguous_authorization", InvalidRequest, "The request has more than one Authorization header.";
    SeveralAuthentications, "several_authentications", InvalidRequest, "The request authenticates the client in more than one way.";
    ClientIdMismatch, "client_id_mismatch", InvalidClient, "The client_id in the body is not the one in the Authorization header.";
    UnknownClient, "unknown_client", InvalidClient, "Client authentication failed.";
    WrongSecret, "wrong_secret", InvalidClient, "Client authentication failed.";
    DisabledClient, "disabled_client", InvalidClient, "Client authentication failed.";
    SecretEndsInNewline, "secret_ends_in_newline", InvalidClient, "The credentials end in a line break; encode them without one (printf, not echo).";
    WrongAuthenticationMethod, "wrong_authentication_method", InvalidClient, "Client authentication failed.";
    UnsupportedAuthenticationMethod, "unsupported_authentication_method", InvalidClient, "This endpoint does not accept client credentials sent in this way.";
    ClientOfAnotherEndpoint, "client_of_another_endpoint", InvalidClient, "These credentials belong to another token endpoint of this provider.";
    InvalidPartner, "invalid_partner", InvalidClient, "Partner authentication failed.";

    MissingGrantType, "missing_grant_type", InvalidRequest, "The parameter grant_type is missing.";
    UnsupportedGrantType, "unsupported_grant_type", UnsupportedGrantType, "This endpoint does not support the grant_type.";
    UnauthorizedGrantType, "unauthorized_grant_type", UnauthorizedClient, "This client may not use the grant_type.";

    MissingScope, "missing_scope", InvalidScope, "The parameter scope is missing.";
    MalformedScope, "malformed_scope", InvalidScope, "The scope contains a character that no scope may contain.";
    ScopeTooLong, "scope_too_long", InvalidScope, "The scope is longer than this server reads.";
    TooManyScopes, "too_many_scopes", InvalidScope, "At most {n} scopes may be requested for one token.";
    UnknownScope, "unknown_scope", InvalidScope, "The scope contains a value that this server does not know.";
    UngrantedScope, "ungranted_scope", InvalidScope, "The scope contains a value that this client may not be granted.";
    ScopeNotExact, "scope_not_exact", InvalidScope, "The scope must be exactly the list that this endpoint documents.";
    ScopeWidened, "scope_widened", InvalidScope, "The scope contains a value that was not granted originally.";

    MissingChainToken, "missing_chain_token", InvalidRequest, "The header with the access token of the first step is missing or occurs twice.";
    UnknownChainToken, "unknown_chain_token", InvalidClient, "The access token of the first step is not one that this server issued, or it has expired or was revoked; repeat the first step.";
    ExpiredChainToken, "expired_chain_token", InvalidClient, "The access token of the first step has expired; repeat the first step.";
    ForeignChainToken, "foreign_chain_token", InvalidClient, "The access token of the first step belongs to another application.";
    MissingCertificate, "missing_certificate", InvalidRequest, "The header with the client certificate is missing or occurs twice.";
    MalformedCertificate, "malformed_certificate", InvalidRequest, "The header with the client certificate holds no readable X.509 certificate in PEM or base64.";
    UnregisteredCertificate, "unregistered_certificate", InvalidClient, "The client certificate is not the one registered for this client.";
    CertificateOutsideValidity, "certificate_outside_validity", InvalidClient, "The client certificate has expired or is not yet valid.";

    MissingClientCertificate, "missing_client_certificate", InvalidClient, "This request needs a client certificate (mutual TLS), and the connection showed none.";
    UntrustedClientCertificate, "untrusted_client_certificate", InvalidClient, "The client certificate was not issued by an authority that is trusted here, or its chain is incomplete.";
    UnsuitableClientCertificate, "unsuitable_client_certificate", InvalidClient, "The client certificate is not one for client authentication: it is an authority's, a server's, or its key or signature is too weak.";
    RevokedClientCertificate, "revoked_client_certificate", InvalidClient, "The client certificate was revoked.";
    ForeignClientCertificate, "foreign_client_certificate", InvalidClient, "Client authentication failed.";
    AmbiguousClientCertificate, "ambiguous_client_certificate", InvalidRequest, "The proxy's client certificate header occurs twice, cannot be read, or is not authentic.";
    UnboundScope, "unbound_scope", InvalidScope, "The scope contains a value that is granted only to tokens that are bound to a client certificate; connect with one.";

    MalformedCertificateRequest, "malformed_certificate_request", InvalidRequest, "The body is not one PKCS 10 certificate request in PEM or DER.";
    UnprovenKey, "unproven_key", InvalidRequest, "The certificate request is not signed by the private key of its own public key, or not with SHA-256 (Ed25519 aside).";
    WeakKey, "weak_key", InvalidRequest, "The key is not accepted: it must be RSA with 2048 to 4096 bits, P-256, P-384 or Ed25519, and not known to be weak.";
    KeyInUse, "key_in_use", InvalidRequest, "The key belongs to another certificate, or to one that was revoked; make a new one.";
    MalformedLifetime, "malformed_lifetime", InvalidRequest, "The lifetime must be a whole number of days from 1 to {n}.";
    WeakPassphrase, "weak_passphrase", InvalidRequest, "The passphrase is too weak: it must have at least {n} characters, with upper-case and lower-case letters, digits and symbols.";
    TooManyCertificates, "too_many_certificates", InvalidRequest, "The client has {n} valid certificates already, which is the limit; revoke one first.";
    ForeignOrganization, "foreign_organization", AccessDenied, "The access token is not one of this organization.";
    RegisteredClientOrders, "registered_client_orders", AccessDenied, "A client that registered itself uses the certificate of its registration; the holder of that certificate orders new ones.";
    UnknownCertificate, "unknown_certificate", InvalidRequest, "There is no such certificate.";
    CertificateNotRenewable, "certificate_not_renewable", InvalidRequest, "Only a valid certificate of this server's own authority can be renewed, over a connection that shows it.";
    IssuingSuspended, "issuing_suspended", TemporarilyUnavailable, "The certificate authority cannot sign at the moment; ask again later.";

    MalformedClientMetadata, "malformed_client_metadata", InvalidClientMetadata, "The client metadata is not a JSON object of the members that RFC 7591 defines, or a member has a value that is not allowed.";
    UnauthorizedRegistration, "unauthorized_registration", AccessDenied, "The client certificate does not allow this registration.";
    TooManyRegistrations, "too_many_registrations", InvalidClientMetadata, "The organization has {n} registered clients already, which is the limit; delete one first.";
    InvalidRegistrationToken, "invalid_registration_token", InvalidToken, "The registration access token is not good for this client.";

    TokenOfAnotherCertificate, "token_of_another_certificate", InvalidToken, "The access token is bound to a client certificate, and the connection did not show that one.";
    InsufficientScope, "insufficient_scope", InsufficientScope, "The access token's scope does not allow this.";
    EmptyDemand, "empty_demand", InvalidRequest, "The query demands a scope or an audience and names none.";
    WrongAudience, "wrong_audience", InvalidToken, "The access token is for another resource server.";

    MissingUsername, "missing_username", InvalidRequest, "The parameter username is missing.";
    MissingPassword, "missing_password", InvalidRequest, "The parameter password is missing.";
    PasswordTooLong, "password_too_long", InvalidRequest, "The password is longer than this server reads.";
    WrongPassword, "wrong_password", InvalidGrant, "The username or password is wrong.";
    UnknownUser, "unknown_user", InvalidGrant, "The username or password is wrong.";
    DisabledUser, "disabled_user", InvalidGrant, "The username or password is wrong.";
    AmbiguousUser, "ambiguous_user", InvalidGrant, "The username or password is wrong.";
    MissingSecondFactor, "missing_second_factor", InvalidGrant, "The username or password is wrong.";

    MissingRefreshToken, "missing_refresh_token", InvalidRequest, "The parameter refresh_token is missing.";
    UnknownRefreshToken, "unknown_refresh_token", InvalidGrant, "The refresh token is not good.";
    ExpiredRefreshToken, "expired_refresh_token", InvalidGrant, "The refresh token is not good.";
    ForeignRefreshToken, "foreign_refresh_token", InvalidGrant, "The refresh token is not good.";
    ReusedRefreshToken, "reused_refresh_token", InvalidGrant, "The refresh token is not good.";
    RevokedGrant, "revoked_grant", InvalidGrant, "The refresh token is not good.";

    MalformedQuery, "malformed_query", InvalidRequest, "The request is not well-formed: a percent sign without two digits, or text that is not UTF-8.";
    MissingClientId, "missing_client_id", InvalidRequest, "The parameter client_id is missing.";
    UnknownClientAtAuthorization, "unknown_client_at_authorization", InvalidRequest, "The client_id is not one that this server knows.";
    MissingRedirectUri, "missing_redirect_uri", InvalidRequest, "The parameter redirect_uri is missing.";
    UnregisteredRedirectUri, "unregistered_redirect_uri", InvalidRequest, "The redirect_uri is not one that is registered for this client.";
    MissingResponseType, "missing_response_type", InvalidRequest, "The parameter response_type is missing.";
    UnsupportedResponseType, "unsupported_response_type", UnsupportedResponseType, "This server supports only the response_type code.";
    UnsupportedResponseMode, "unsupported_response_mode", InvalidRequest, "This server supports only the response modes query and form_post.";
    LoginHintTooLong, "login_hint_too_long", InvalidRequest, "The login_hint is longer than {n} bytes.";
    UiLocalesTooLong, "ui_locales_too_long", InvalidRequest, "The ui_locales are longer than {n} bytes.";
    StateTooLong, "state_too_long", InvalidRequest, "The state is longer than {n} bytes.";
    NonceTooLong, "nonce_too_long", InvalidRequest, "The nonce is longer than {n} bytes.";
    MissingCodeChallenge, "missing_code_challenge", InvalidRequest, "The parameter code_challenge is missing.";
    UnsupportedCodeChallengeMethod, "unsupported_code_challenge_method", InvalidRequest, "The code_challenge_method must be S256.";
    MalformedCodeChallenge, "malformed_code_challenge", InvalidRequest, "The code_challenge must be 43 characters of base64url.";
    MalformedPrompt, "malformed_prompt", InvalidRequest, "The prompt has a value that this server does not know, or none beside another.";
    MalformedMaxAge, "malformed_max_age", InvalidRequest, "The max_age is not a number of seconds.";
    MalformedClaims, "malformed_claims", InvalidRequest, "The claims parameter is not the JSON object that OpenID Connect defines.";
    RequestObjectNotSupported, "request_object_not_supported", RequestNotSupported, "This server does not read request objects.";
    RequestUriNotSupported, "request_uri_not_supported", RequestUriNotSupported, "This server does not read request objects by reference.";
    RegistrationNotSupported, "registration_not_supported", RegistrationNotSupported, "This server does not register clients within a request.";
    UnknownResource, "unknown_resource", InvalidTarget, "The resource is not one that this server issues tokens for.";
    ExtraParameterMissing, "extra_parameter_missing", InvalidRequest, "A parameter that this endpoint requires is missing or has another value.";
    LoginRequired, "login_required", LoginRequired, "The user has to log in.";
    ConsentRequired, "consent_required", ConsentRequired, "The user has to consent.";
    AccountSelectionRequired, "account_selection_required", AccountSelectionRequired, "The user has to choose an account.";
    ConsentRefused, "consent_refused", AccessDenied, "The user refused.";
    LoginCancelled, "login_cancelled", AccessDenied, "The user cancelled.";
    UnmetAuthenticationRequirements, "unmet_authentication_requirements", UnmetAuthenticationRequirements, "The user cannot be authenticated as the request demands.";

    UnprovenForm, "unproven_form", InvalidRequest, "The form was not made for this browser, or lay open for too long.";

    MissingCode, "missing_code", InvalidRequest, "The parameter code is missing.";
    UnknownCode, "unknown_code", InvalidGrant, "The authorization code is not good.";
    ExpiredCode, "expired_code", InvalidGrant, "The authorization code is not good.";
    ForeignCode, "foreign_code", InvalidGrant, "The authorization code is not good.";
    SpentCode, "spent_code", InvalidGrant, "The authorization code is not good.";
    RevokedCode, "revoked_code", InvalidGrant, "The authorization code is not good.";
    RedirectUriMismatch, "redirect_uri_mismatch", InvalidGrant, "The redirect_uri is not the one of the authorization request.";
    MissingCodeVerifier, "missing_code_verifier", InvalidGrant, "The parameter code_verifier is missing.";
    WrongCodeVerifier, "wrong_code_verifier", InvalidGrant, "The code_verifier does not fit the code_challenge.";
    UnexpectedCodeVerifier, "unexpected_code_verifier", InvalidGrant, "The request has a code_verifier, but the authorization request had no code_challenge.";
    UserGone, "user_gone", InvalidGrant, "The user can no longer log in.";

    MissingAccessToken, "missing_access_token", InvalidToken, "The request has no access token.";
    SeveralAccessTokens, "several_access_tokens", InvalidRequest, "The request has more than one access token.";
    InvalidAccessToken, "invalid_access_token", InvalidToken, "The access token is unknown, has expired or was revoked.";
    AccessTokenWithoutOpenid, "access_token_without_openid", InsufficientScope, "The access token's scope does not contain openid.";

    InvalidIdTokenHint, "invalid_id_token_hint", InvalidRequest, "The id_token_hint is not an ID token of this server.";
    ForeignIdTokenHint, "foreign_id_token_hint", InvalidRequest, "The id_token_hint was issued to another client than client_id names.";
    UnknownClientAtLogout, "unknown_client_at_logout", InvalidRequest, "The client is not one that this server knows.";
    UnregisteredPostLogoutRedirectUri, "unregistered_post_logout_redirect_uri", InvalidRequest, "The post_logout_redirect_uri is not one that is registered for this client.";

    MissingToken, "missing_token", InvalidRequest, "The parameter token is missing.";
    IntrospectionByPublicClient, "introspection_by_public_client", InvalidClient, "Client authentication failed.";

    RateLimited, "rate_limited", TemporarilyUnavailable, "Too many requests; wait {n} seconds.";
    Overloaded, "overloaded", TemporarilyUnavailable, "The server is busy; ask again shortly.";
    StoreFailed, "store_failed", ServerError, "The server could not complete the request.";
}

/// A broken rule and the number that its sentence may name (a limit, or seconds to wait).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", rule.name())]
pub struct Rejection {
    /// The rule.
    pub rule: Rule,
    /// Limit or seconds, by the rule; 0 where it has none.
    pub number: u32,
}

impl Rejection {
    /// A rejection whose sentence names `number`.
    pub const fn with(rule: Rule, number: u32) -> Self {
        Self { rule, number }
    }

    /// The sentence for the client: `text` (the rule's own, or a dialect's) with the number in place.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{n}", &self.number.to_string())
    }

    /// Seconds after which asking again may help, for `Retry-After`.
    pub const fn retry_after(&self) -> Option<u32> {
        match self.rule {
            Rule::RateLimited => Some(self.number),
            Rule::Overloaded => Some(1),
            _ => None,
        }
    }

    /// The status that HTTP itself demands for the rule, whatever the dialect; `None` where the error code decides.
    pub const fn http_status(&self) -> Option<StatusCode> {
        match self.rule {
            Rule::MethodNotAllowed => Some(StatusCode::METHOD_NOT_ALLOWED),
            Rule::BodyTooLarge => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Rule::BodyTooSlow => Some(StatusCode::REQUEST_TIMEOUT),
            Rule::UnsupportedContentType | Rule::MissingContentType => {
                Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Rule::RateLimited => Some(StatusCode::TOO_MANY_REQUESTS),
            Rule::ForeignOrganization | Rule::UnauthorizedRegistration | Rule::RegisteredClientOrders => {
                Some(StatusCode::FORBIDDEN)
            }
            Rule::UnknownCertificate => Some(StatusCode::NOT_FOUND),
            Rule::TooManyCertificates => Some(StatusCode::CONFLICT),
            _ => None,
        }
    }
}

impl From<Rule> for Rejection {
    fn from(rule: Rule) -> Self {
        Self { rule, number: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// only %x20-21 / %x23-5B / %x5D-7E in `error_description`.
    #[test]
    fn every_sentence_has_only_the_characters_that_rfc_6749_allows() {
        for rule in Rule::ALL {
            assert!(
                rule.text().bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
                "{}",
                rule.name()
            );
        }
    }

    /// EN-06: an outsider cannot tell an unknown client from a wrong secret or a disabled client.
    #[test]
    fn unknown_wrong_and_disabled_say_the_same() {
        for (a, b) in [
            (Rule::UnknownClient, Rule::WrongSecret),
            (Rule::UnknownClient, Rule::DisabledClient),
            (Rule::UnknownClient, Rule::WrongAuthenticationMethod),
            (Rule::UnknownClient, Rule::ForeignClientCertificate),
            (Rule::UnknownUser, Rule::WrongPassword),
            (Rule::UnknownUser, Rule::DisabledUser),
            (Rule::UnknownUser, Rule::MissingSecondFactor),
            (Rule::UnknownRefreshToken, Rule::ReusedRefreshToken),
        ] {
            assert_eq!((a.code(), a.text()), (b.code(), b.text()));
        }
    }
}
