//! Why a fetch failed, for the log, and the one thing that everyone else hears (requirements.md L-05): whoever may name
//! a URL must not learn from the answer what stands in our network.

/// A fetch failed. Its text is always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the URL could not be fetched")]
pub struct FetchError {
    pub(super) why: Why,
}

impl FetchError {
    /// Whether another try can end no better.
    pub fn is_lasting(self) -> bool {
        self.why.is_policy()
    }

    /// The reason, for logs and metrics alone.
    pub fn reason(self) -> &'static str {
        self.why.as_str()
    }
}

/// Why a fetch failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Not an absolute URL in ASCII, or too long a one.
    NotAUrl,
    /// Neither https nor, where allowed, http.
    Scheme,
    /// Has user information or a fragment.
    Part,
    /// The host is an address, in whichever notation.
    AddressLiteral,
    /// A port that is not listed.
    Port,
    /// The host has an address that must not be reached.
    Address,
    /// The host has no address.
    Unresolved,
    /// No connection.
    Unreachable,
    /// No TLS: certificate, host name, version.
    Tls,
    /// Took too long.
    Timeout,
    /// Waited too long for its turn.
    Busy,
    /// Not HTTP, or a head over its limit.
    MalformedAnswer,
    /// Points elsewhere.
    Redirect,
    /// Compressed.
    Encoded,
    /// A body over its limit.
    BodyTooLarge,
    /// The machine has no root certificates, or they could not be read.
    NoRoots,
}

impl Why {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NotAUrl => "not_a_url",
            Self::Scheme => "scheme",
            Self::Part => "url_part",
            Self::AddressLiteral => "address_literal",
            Self::Port => "port",
            Self::Address => "address",
            Self::Unresolved => "unresolved",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Busy => "busy",
            Self::MalformedAnswer => "malformed_answer",
            Self::Redirect => "redirect",
            Self::Encoded => "encoded",
            Self::BodyTooLarge => "body_too_large",
            Self::NoRoots => "no_roots",
        }
    }

    /// Whether the URL itself is refused, without a look at the network.
    fn is_policy(self) -> bool {
        matches!(self, Self::NotAUrl | Self::Scheme | Self::Part | Self::AddressLiteral | Self::Port)
    }
}

impl From<Why> for FetchError {
    fn from(why: Why) -> Self {
        Self { why }
    }
}
