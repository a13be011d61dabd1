//! The facts of the built-in files, as the providers' pages state them.

use chancela_core::client_auth::Method::{self, ClientSecretBasic, ClientSecretPost};
use chancela_core::dialect::{
    Authorization, BodyEncoding, CredentialFormat, Dialect, Grant, Library, RefreshPolicy, ResponseParameter,
    ScopeMeaning, Thumbprint, TokenEndpoint, TokenFormat, TrailingNewline, WhenScopeAbsent, survey,
};
use chancela_core::error_code::ErrorCode;
use chancela_core::jose::JwsAlgorithm;
use chancela_core::message::token_response::TokenResponse;
use chancela_core::rejection::Rule;
use chancela_core::scope::Scope;
use std::ops::RangeInclusive;

pub(crate) fn load(name: &str) -> std::sync::Arc<Dialect> {
    Library::builtin().load(name).unwrap_or_else(|error| panic!("{error}"))
}

fn members(endpoint: &TokenEndpoint) -> Vec<&str> {
    endpoint.response.members.iter().map(|member| member.name.as_str()).collect()
}

fn grants(endpoint: &TokenEndpoint) -> Vec<(&str, Grant)> {
    endpoint.request.grants.iter().map(|(wire, grant)| (wire.as_str(), *grant)).collect()
}

#[test]
fn every_file_loads_and_is_served_whole() {
    let library = Library::builtin();
    let names: Vec<&str> = library.names().collect();
    assert_eq!(
        names,
        [
            "banco-do-brasil",
            "bankly",
            "bs2",
            "btg",
            "celcash",
            "celcoin",
            "cora",
            "efi",
            "inter",
            "itau",
            "santander",
            "semear",
            "sicoob",
            "standard",
            "vantage"
        ]
    );
    for name in names {
        assert_eq!(survey::unsupported(&load(name)), [] as [String; 0], "{name}");
    }
    let bases: Vec<&str> = library.files().filter(|name| name.starts_with("base/")).collect();
    assert_eq!(bases, ["base/identity_server", "base/keycloak", "base/layer7", "base/sensedia"]);
    for name in bases {
        let (_, text) = library.source(name).unwrap();
        assert!(text.contains(&format!("\nname = {name:?}\n")), "{name}");
    }
}

#[test]
fn what_is_dangerous_is_known_by_name() {
    let dangers = |name| survey::dangers(&load(name));
    assert_eq!(dangers("bankly"), [] as [String; 0]);
    assert_eq!(dangers("celcash"), [] as [String; 0]);
    assert_eq!(dangers("standard"), [] as [String; 0]);
    for neighbour in ["banco-do-brasil", "celcoin", "efi", "inter", "itau", "santander", "sicoob"] {
        assert_eq!(dangers(neighbour), [] as [String; 0], "{neighbour}");
    }
    for consents in ["btg", "cora"] {
        assert_eq!(dangers(consents), ["authorization.danger_pkce_optional"], "{consents}");
    }
    let password = "token_endpoint.token.request.grants.password = danger_password";
    assert_eq!(dangers("bs2"), ["authorization.danger_pkce_optional", password]);
    assert_eq!(dangers("vantage"), ["authorization.danger_redirect_uri_prefix", password]);
    assert_eq!(
        dangers("semear"),
        [
            "token_endpoint.application.requires.danger_client_certificate",
            "token_endpoint.application.token.jwt.thumbprint = danger_hex"
        ]
    );
}

#[test]
fn bankly_is_as_its_page_says() {
    let dialect = load("bankly");
    let endpoint = dialect.token_endpoint("token").unwrap();
    assert_eq!(endpoint.paths, ["/connect/token"]);
    assert_eq!(endpoint.request.encodings, [BodyEncoding::Form]);
    assert_eq!(grants(endpoint), [("client_credentials", Grant::ClientCredentials)]);
    assert_eq!(endpoint.client_authentication.methods, [ClientSecretPost]);
    assert_eq!(dialect.credentials.client_id, CredentialFormat::Uuid);
    assert_eq!((endpoint.scope.max, endpoint.scope.when_absent), (Some(10), WhenScopeAbsent::All));
    assert_eq!(dialect.scopes.len(), 35 + 1);
    assert!(dialect.scopes.contains_key("certificate.create"));
    assert_eq!(
        members(endpoint),
        ["id_token", "access_token", "expires_in", "token_type", "refresh_token", "scope"]
    );
    for environment in ["sandbox", "production"] {
        assert_eq!(dialect.access_token_lifetime(endpoint, environment), 3600);
    }
    assert_eq!(endpoint.errors.code[&ErrorCode::InvalidClient].status, Some(400));
}

#[test]
fn bs2_is_as_its_pages_and_recordings_say() {
    let dialect = load("bs2");
    let endpoint = dialect.token_endpoint("token").unwrap();
    assert_eq!(endpoint.paths, ["/auth/oauth/v2/token"]);
    assert_eq!(endpoint.client_authentication.methods, [ClientSecretBasic, ClientSecretPost]);
    assert_eq!(
        grants(endpoint),
        [
            ("authorization_code", Grant::AuthorizationCode),
            ("client_credentials", Grant::ClientCredentials),
            ("password", Grant::DangerPassword),
            ("refresh_token", Grant::RefreshToken)
        ]
    );
    assert_eq!(endpoint.token.format, TokenFormat::Uuid);
    assert_eq!(dialect.access_token_lifetime(endpoint, "homologation"), 420);
    assert_eq!(dialect.access_token_lifetime(endpoint, "production"), 300);
    assert_eq!(dialect.refresh_token_lifetime(endpoint, "production"), 600);
    assert_eq!((endpoint.refresh.policy, endpoint.refresh.sliding), (RefreshPolicy::Rotate, true));
    assert_eq!(endpoint.rate_limit.map(|limit| (limit.requests, limit.period)), Some((10, 60)));
    assert_eq!(dialect.credentials.client_id, CredentialFormat::Hex { prefix: "l7".into(), length: 32 });
    assert_eq!(
        dialect.credentials.client_secret,
        CredentialFormat::Hex { prefix: String::new(), length: 32 }
    );
    for scope in
        "cob.write cob.read dict.write dict.read webhook.read webhook.write pix.read pix.write".split(' ')
    {
        assert!(dialect.scopes.contains_key(scope), "{scope}");
    }
    assert_eq!(dialect.endpoints.authorization, "/api-banking/auth/oauth/v2/authorize");
}

#[test]
fn semear_is_two_steps_with_credentials_of_their_own() {
    let dialect = load("semear");
    let gateway = dialect.token_endpoint("gateway").unwrap();
    assert_eq!(gateway.paths, ["/oauth/access-token"]);
    assert_eq!(gateway.request.encodings, [BodyEncoding::Json]);
    assert_eq!(gateway.client_authentication.methods, [ClientSecretBasic]);
    assert_eq!(gateway.client_authentication.trailing_newline, TrailingNewline::Trim);
    assert_eq!((gateway.token.format, gateway.token.lifetime), (TokenFormat::Uuid, 86_400));
    assert_eq!((gateway.token.header.as_str(), gateway.token.scheme.as_str()), ("access_token", ""));
    assert_eq!(gateway.response.token_type, "access_token");
    assert_eq!(gateway.scope.when_absent, WhenScopeAbsent::None);

    let application = dialect.token_endpoint("application").unwrap();
    assert_eq!(application.paths, ["/oauth-apipix/oauth/token"]);
    assert_eq!(application.request.encodings, [BodyEncoding::Form]);
    assert_eq!(application.client_authentication.methods, [ClientSecretPost]);
    assert_eq!(application.client_authentication.trailing_newline, TrailingNewline::Reject);
    let chained = application.requires.access_token.as_ref().unwrap();
    assert_eq!((chained.header.as_str(), chained.from.as_str()), ("access_token", "gateway"));
    assert_eq!(application.requires.danger_client_certificate.as_ref().unwrap().header, "client-cert");
    assert_eq!(application.exact_scope.as_ref().unwrap().len(), 13);
    assert_eq!((application.token.format, application.token.lifetime), (TokenFormat::Jwt, 3600));
    assert_eq!(
        (application.token.header.as_str(), application.token.scheme.as_str()),
        ("Authorization", "Bearer")
    );
    let jwt = &application.token.jwt;
    assert_eq!((jwt.algorithm, jwt.typ.as_str(), jwt.kid), (JwsAlgorithm::Rs256, "JWT", false));
    assert_eq!(jwt.thumbprint, Thumbprint::DangerHex);
    let claims: Vec<&str> = jwt.claims.iter().map(|claim| claim.name.as_str()).collect();
    assert_eq!(claims, ["scope", "iss", "cnf", "exp", "iat", "client_id", "cid"]);
    for endpoint in [gateway, application] {
        assert_eq!(members(endpoint), ["access_token", "token_type", "expires_in"]);
    }
    assert_eq!(application.response.token_type, "Bearer");
}

#[test]
fn celcash_is_as_its_page_says() {
    let dialect = load("celcash");
    let endpoint = dialect.token_endpoint("token").unwrap();
    assert_eq!(endpoint.paths, ["/v2/token"]);
    assert_eq!(
        (endpoint.request.encodings.as_slice(), endpoint.request.json_labelled_as_form),
        (&[BodyEncoding::Json][..], true)
    );
    assert_eq!(grants(endpoint), [("authorization_code", Grant::ClientCredentials)]);
    assert_eq!(endpoint.client_authentication.methods, [ClientSecretBasic]);
    let partner = endpoint.client_authentication.partner.as_ref().unwrap();
    assert_eq!((partner.header.as_str(), partner.scheme.as_str()), ("AuthorizationPartner", ""));
    assert_eq!((endpoint.token.format, endpoint.token.lifetime), (TokenFormat::Hex, 600));
    assert_eq!(members(endpoint), ["access_token", "token_type", "expires_in", "scope"]);
    assert_eq!(dialect.scopes.len(), 19 + 2);
    assert_eq!(dialect.scopes["webhooks.write"], ScopeMeaning::Text("Webhooks: Apenas escrita".into()));
}

/// Rules that belong to parts of other dialects, or to endpoints that answer in the RFC's shape.
const NOT_AT_CELCASH: [Rule; 23] = [
    Rule::MissingChainToken,
    Rule::UnknownChainToken,
    Rule::ExpiredChainToken,
    Rule::ForeignChainToken,
    Rule::MissingCertificate,
    Rule::MalformedCertificate,
    Rule::UnregisteredCertificate,
    Rule::CertificateOutsideValidity,
    Rule::MissingUsername,
    Rule::MissingPassword,
    Rule::PasswordTooLong,
    Rule::WrongPassword,
    Rule::MissingSecondFactor,
    Rule::UnknownUser,
    Rule::DisabledUser,
    Rule::AmbiguousUser,
    Rule::MissingRefreshToken,
    Rule::UnknownRefreshToken,
    Rule::ExpiredRefreshToken,
    Rule::ForeignRefreshToken,
    Rule::ReusedRefreshToken,
    Rule::RevokedGrant,
    Rule::ScopeNotExact,
];

/// Rules of the authorization endpoint, its codes, UserInfo, introspection and revocation lie between these two.
const ELSEWHERE: RangeInclusive<Rule> = Rule::MalformedQuery..=Rule::IntrospectionByPublicClient;

/// So do those of mutual TLS, certificates and registration, which it does not have.
const OF_CERTIFICATES: RangeInclusive<Rule> = Rule::MissingClientCertificate..=Rule::WrongAudience;

#[test]
fn celcash_says_everything_in_portuguese() {
    let dialect = load("celcash");
    let errors = &dialect.token_endpoint("token").unwrap().errors;
    let elsewhere = |rule: &&Rule| {
        ELSEWHERE.contains(*rule) || OF_CERTIFICATES.contains(*rule) || NOT_AT_CELCASH.contains(*rule)
    };
    for rule in Rule::ALL.iter().filter(|rule| !elsewhere(rule)) {
        let own = errors.rule.get(rule).unwrap_or_else(|| panic!("nothing is said for {}", rule.name()));
        assert!(own.field.is_some() && own.detail.is_some(), "{}", rule.name());
        let general = own
            .description
            .as_ref()
            .or(errors.code.get(&rule.code()).and_then(|over| over.description.as_ref()));
        assert!(general.is_some(), "{}", rule.name());
        let counted = |text: &str| text.contains("{n}");
        let detail = own.detail.as_deref().unwrap_or_default();
        assert_eq!(counted(detail), counted(rule.text()), "the number of {}", rule.name());
    }
}

#[test]
fn vantage_is_as_its_page_says() {
    let dialect = load("vantage");
    let endpoint = dialect.token_endpoint("token").unwrap();
    assert_eq!(endpoint.paths, ["/auth2/connect/token", "/auth2/{tenant}/connect/token"]);
    assert_eq!(dialect.endpoints.authorization, "/auth2/connect/authorize");
    assert_eq!(
        grants(endpoint),
        [
            ("authorization_code", Grant::AuthorizationCode),
            ("client_credentials", Grant::ClientCredentials),
            ("password", Grant::DangerPassword),
            ("refresh_token", Grant::RefreshToken)
        ]
    );
    assert_eq!(endpoint.client_authentication.methods, [ClientSecretPost, ClientSecretBasic]);
    assert_eq!(
        (endpoint.token.format, endpoint.token.jwt.algorithm),
        (TokenFormat::Jwt, JwsAlgorithm::Rs256)
    );
    assert_eq!(endpoint.token.jwt.typ, "at+jwt");
    for environment in ["us", "eu", "au"] {
        assert_eq!(dialect.access_token_lifetime(endpoint, environment), 86_400);
        assert_eq!(dialect.refresh_token_lifetime(endpoint, environment), 2_592_000);
    }
    assert_eq!((endpoint.refresh.policy, endpoint.refresh.sliding), (RefreshPolicy::Rotate, false));
    assert_eq!(endpoint.refresh.absolute_lifetime, 2_592_000);
    assert_eq!(endpoint.refresh.requires_scope.as_deref(), Some("offline_access"));
    let scopes: Vec<&str> = dialect.scopes.keys().map(String::as_str).collect();
    assert_eq!(scopes, ["global.wildcard", "offline_access", "openid", "permissions", "publicapi.all"]);
    assert_eq!(
        members(endpoint),
        ["id_token", "access_token", "expires_in", "token_type", "refresh_token", "scope"]
    );
}

#[test]
fn vantage_authorizes_as_its_page_says() {
    let dialect = load("vantage");
    let rules = &dialect.authorization;
    assert_eq!(rules.code_lifetime, 300);
    assert!(rules.danger_redirect_uri_prefix && !rules.danger_pkce_optional);
    let fixed: Vec<_> = rules.parameters.iter().map(|p| (p.name.as_str(), p.value.as_str())).collect();
    assert_eq!(fixed, [("productId", "a8548c9b-cb90-4c66-8567-d7372bb9b963")]);
    assert_eq!(rules.scope_exactly.as_deref(), Some("openid permissions global.wildcard"));
    assert_eq!(rules.scope_optional.as_deref(), Some("offline_access"));
    assert_eq!(rules.response, [ResponseParameter::Scope, ResponseParameter::SessionState]);
    assert_eq!(rules.error_fragment.as_deref(), Some("_=_"));
    let ScopeMeaning::Sentences { pt_br, en } = &dialect.scopes["global.wildcard"] else { panic!() };
    assert_eq!((pt_br.len(), en.len()), (3, 3));
    assert_eq!(pt_br[1], "Acessar skills no tenant do Vantage em nome do usuário");
}

/// What people read on a consent page exists in both languages wherever people consent.
#[test]
fn scopes_of_dialects_with_openid_speak_both_languages() {
    let library = Library::builtin();
    for dialect in library.names().map(load).filter(|dialect| dialect.scopes.contains_key("openid")) {
        for (name, meaning) in &dialect.scopes {
            let both = matches!(meaning, ScopeMeaning::Sentences { pt_br, en } if !pt_br.is_empty() && !en.is_empty());
            assert!(both, "{} {name}", dialect.name);
        }
    }
}

#[test]
fn standard_is_the_vocabularys_default() {
    let dialect = load("standard");
    let endpoint = dialect.token_endpoint("token").unwrap();
    assert_eq!(endpoint.paths, ["/oauth/token"]);
    assert_eq!(
        endpoint.client_authentication.methods,
        [
            ClientSecretBasic,
            ClientSecretPost,
            Method::TlsClientAuth,
            Method::SelfSignedTlsClientAuth,
            Method::None
        ]
    );
    assert_eq!(
        grants(endpoint),
        [
            ("authorization_code", Grant::AuthorizationCode),
            ("client_credentials", Grant::ClientCredentials),
            ("refresh_token", Grant::RefreshToken)
        ]
    );
    assert_eq!(dialect.authorization, Authorization::default());
    assert_eq!((endpoint.refresh.policy, endpoint.refresh.sliding), (RefreshPolicy::Rotate, true));
    assert_eq!((endpoint.refresh.lifetime, endpoint.refresh.absolute_lifetime), (1_209_600, 7_776_000));
    assert_eq!(
        (endpoint.token.format, endpoint.token.jwt.algorithm),
        (TokenFormat::Jwt, JwsAlgorithm::Es256)
    );
    assert_eq!(dialect.access_token_lifetime(endpoint, "default"), 300);
    assert_eq!(
        members(endpoint),
        [
            "access_token",
            "token_type",
            "expires_in",
            "refresh_token",
            "refresh_token_expires_in",
            "id_token",
            "scope"
        ]
    );
}

/// EN-06, in every dialect: an outsider cannot tell an unknown client from a wrong secret or a disabled client.
#[test]
fn no_dialect_tells_unknown_wrong_and_disabled_apart() {
    let library = Library::builtin();
    for name in library.names() {
        for endpoint in &load(name).token_endpoints {
            let said = |rule| endpoint.errors.rule.get(&rule);
            for rule in [Rule::WrongSecret, Rule::DisabledClient, Rule::WrongAuthenticationMethod] {
                assert_eq!(said(rule), said(Rule::UnknownClient), "{name}, {}", rule.name());
            }
            for rule in [Rule::WrongPassword, Rule::DisabledUser, Rule::AmbiguousUser] {
                assert_eq!(said(rule), said(Rule::UnknownUser), "{name}, {}", rule.name());
            }
        }
    }
}

/// The recorded answer says `Content-Length: 141`.
#[test]
fn the_recorded_bs2_answer_is_written_to_the_byte() {
    let dialect = load("bs2");
    let response = TokenResponse {
        id_token: None,
        access_token: "36ee37ec-a475-4068-8f6e-e08dd2b8880d".into(),
        expires_in: 420,
        expires_at: 0,
        scope: Scope::parse("pix.write pix.read").unwrap(),
        refresh_token: None,
    }
    .encode(dialect.token_endpoint("token").unwrap());
    assert_eq!(
        std::str::from_utf8(response.body()).unwrap(),
        "{\r\n  \"access_token\":\"36ee37ec-a475-4068-8f6e-e08dd2b8880d\",\r\n  \"token_type\":\"Bearer\",\r\n  \"expires_in\":420,\r\n  \"scope\":\"pix.write pix.read\"\r\n}"
    );
    assert_eq!(response.body().len(), 141);
    assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
}
