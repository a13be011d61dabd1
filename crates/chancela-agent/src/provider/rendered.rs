//! The headers of a token's calls, written once for each token: calls are many, and tokens few.

use super::line::Line;
use super::{Inner, ProviderError};
use crate::engine::{Fingerprint, Issued, Served};
use chancela_core::dpop::TOKEN_TYPE;
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

type Headers = Vec<(HeaderName, HeaderValue)>;

/// What was written, and for which tokens.
pub(super) struct Rendered {
    tokens: Vec<Fingerprint>,
    is_bound: bool,
    headers: Headers,
}

impl Rendered {
    fn is_of(&self, served: &Served, is_bound: bool) -> bool {
        self.is_bound == is_bound && self.tokens.iter().eq(tokens(served).map(|token| &token.fingerprint))
    }
}

impl Inner {
    /// Headers that are the same for every call, the token's own first; their values are marked sensitive.
    pub(super) fn headers(
        &self,
        line: &Line,
        served: &Served,
        is_bound: bool,
    ) -> Result<Headers, ProviderError> {
        if let Some(known) = line.rendered.load().as_ref().filter(|own| own.is_of(served, is_bound)) {
            return Ok(known.headers.clone());
        }
        let headers = self.render(line, served, is_bound)?;
        let tokens = tokens(served).map(|token| token.fingerprint).collect();
        line.rendered.store(Some(Arc::new(Rendered { tokens, is_bound, headers: headers.clone() })));
        Ok(headers)
    }

    fn render(&self, line: &Line, served: &Served, is_bound: bool) -> Result<Headers, ProviderError> {
        let unfit =
            |name: &str| ProviderError::Header { provider: self.name.clone(), header: name.to_owned() };
        let write = |name: &str, text: &str| {
            let mut value = HeaderValue::from_str(text).map_err(|_| unfit(name))?;
            value.set_sensitive(true);
            Ok::<_, ProviderError>((HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit(name))?, value))
        };
        let mut out: Headers = Vec::with_capacity(2);
        let steps = self.endpoints().skip(self.steps.len().saturating_sub(served.chain.len() + 1));
        for (place, (endpoint, token)) in steps.zip(tokens(served)).enumerate() {
            // The last step's token alone is bound (RFC 9449 section 7.1).
            let scheme = match is_bound && place == served.chain.len() {
                true => TOKEN_TYPE,
                false => endpoint.token.scheme.as_str(),
            };
            let joint = if scheme.is_empty() { "" } else { " " };
            let header =
                write(&endpoint.token.header, &[scheme, joint, token.access_token.expose()].concat())?;
            // The token that was asked for stands first, and alone in its header.
            out.retain(|(name, _)| *name != header.0);
            out.insert(0, header);
        }
        for (name, value) in &line.headers {
            out.push(write(name, value.expose())?);
        }
        Ok(out)
    }
}

/// Those of earlier steps first.
fn tokens(served: &Served) -> impl Iterator<Item = &Arc<Issued>> {
    served.chain.iter().chain([&served.token])
}
