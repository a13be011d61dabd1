//! Arguments of `chancela client`.

use super::Target;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum ClientAction {
    /// Register a client; its generated secret is shown once
    Create(Box<ClientCreate>),
    /// Show all clients
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Show one client
    Show {
        #[command(flatten)]
        target: Target,
        /// Its id
        client_id: String,
    },
    /// Register clients from RFC 7591 metadata: one JSON object or an array
    Import {
        #[command(flatten)]
        target: Target,
        /// The file; standard input if it is -
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Make a new secret, shown once; the old one goes on working for a while
    RotateSecret {
        #[command(flatten)]
        target: Target,
        /// Its id
        client_id: String,
        /// Seconds for which the old secret still works
        #[arg(long, default_value_t = 86_400, value_name = "SECONDS")]
        overlap: u32,
    },
    /// Refuse the client's requests and its tokens
    Disable {
        #[command(flatten)]
        target: Target,
        /// Its id
        client_id: String,
    },
    /// Accept the client's requests again
    Enable {
        #[command(flatten)]
        target: Target,
        /// Its id
        client_id: String,
    },
    /// Remove a client; its tokens are dead
    Delete {
        #[command(flatten)]
        target: Target,
        /// Its id
        client_id: String,
    },
}

/// A client as it is created.
#[derive(Debug, Args)]
pub(crate) struct ClientCreate {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Name for people
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Scope that it may be granted, separated by spaces
    #[arg(long, default_value = "")]
    pub(crate) scope: String,
    /// Grant that it may use (repeat for several) [default: client_credentials; with a redirect URI, authorization_code
    /// and refresh_token]
    #[arg(long = "grant-type", value_name = "GRANT")]
    pub(crate) grant_types: Option<Vec<String>>,
    /// The one way in which it authenticates; any of the dialect's if absent
    #[arg(long, value_name = "METHOD")]
    pub(crate) auth_method: Option<String>,
    /// It has no secret: a program on users' devices, or a page
    #[arg(long, conflicts_with = "auth_method")]
    pub(crate) public: bool,
    /// It runs on users' devices: loopback redirect URIs may have any port
    #[arg(long)]
    pub(crate) native: bool,
    /// Where users come back to after a login (repeat for several)
    #[arg(long = "redirect-uri", value_name = "URI")]
    pub(crate) redirect_uris: Vec<String>,
    /// Where users may go after a logout (repeat for several)
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    pub(crate) post_logout_redirect_uris: Vec<String>,
    /// Where it hears of a session's end from the server
    #[arg(long, value_name = "URI")]
    pub(crate) backchannel_logout_uri: Option<String>,
    /// Where it hears of a session's end from the browser
    #[arg(long, value_name = "URI")]
    pub(crate) frontchannel_logout_uri: Option<String>,
    /// Users are not asked before it gets their tokens: for the operator's own clients
    #[arg(long)]
    pub(crate) no_consent: bool,
    /// Users have another `sub` there than elsewhere
    #[arg(long)]
    pub(crate) pairwise: bool,
    /// Algorithm of its ID tokens
    #[arg(long, value_name = "ALG")]
    pub(crate) id_token_alg: Option<String>,
    /// Lifetime of its authorization codes in seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) authorization_code_lifetime: Option<u32>,
    /// Lifetime of its refresh tokens in seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) refresh_token_lifetime: Option<u32>,
    /// What its refresh tokens do: none (they stay), rotate or bound
    #[arg(long, value_name = "POLICY")]
    pub(crate) refresh_token_policy: Option<String>,
    /// Accept authorization requests without a code challenge from it
    #[arg(long)]
    pub(crate) danger_pkce_optional: bool,
    /// Tenant
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Token endpoint that it belongs to, in dialects with several steps
    #[arg(long)]
    pub(crate) token_endpoint: Option<String>,
    /// Client of the earlier step
    #[arg(long, value_name = "CLIENT_ID")]
    pub(crate) chained_to: Option<String>,
    /// File with the certificate that it presents in a header, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// Subject of its certificate as RFC 4514 writes it, for tls_client_auth; if absent, certificates that the realm's own
    /// authority issued to it
    #[arg(long, value_name = "DN", conflicts_with = "tls_san_dns")]
    pub(crate) tls_subject_dn: Option<String>,
    /// DNS name in its certificate, for tls_client_auth
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_san_dns: Option<String>,
    /// SHA-256 of the one authority whose certificates are its own, 64 hexadecimal digits
    #[arg(long, value_name = "SHA256")]
    pub(crate) tls_issuer: Option<String>,
    /// All its access tokens are bound to its certificate
    #[arg(long)]
    pub(crate) bound_tokens: bool,
    /// The organization that it belongs to
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// File with its public keys (JWKS), for self_signed_tls_client_auth with x5c
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks: Option<PathBuf>,
    /// Lifetime of its access tokens in seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) access_token_lifetime: Option<u32>,
    /// It is a resource server: it may introspect any token of the realm
    #[arg(long)]
    pub(crate) may_introspect_any: bool,
    /// It is a partner platform, for dialects with a partner header
    #[arg(long)]
    pub(crate) partner: bool,
}
