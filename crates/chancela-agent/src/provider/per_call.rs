//! What an API call carries that no list of headers can say once for all: values that are new in each call, and parameters of
//! its address (the dialect's `[api]`).

use super::issuer::fresh;
use chancela_core::entropy::Entropy;
use chancela_core::secret::Secret;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::sync::Arc;

/// All but the unreserved characters (RFC 3986 section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What differs from call to call, or stands in the address.
pub(super) struct PerCall {
    /// Headers whose value is new in each call.
    pub(super) fresh: Vec<HeaderName>,
    /// Parameters of the query.
    pub(super) query: Vec<(String, Secret)>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl PerCall {
    /// `None` if nothing does.
    pub(super) fn of(
        fresh: Vec<HeaderName>,
        query: Vec<(String, Secret)>,
        entropy: &Arc<dyn Entropy>,
    ) -> Option<Arc<Self>> {
        let entropy = Arc::clone(entropy);
        (!fresh.is_empty() || !query.is_empty()).then(|| Arc::new(Self { fresh, query, entropy }))
    }

    /// Headers of one call.
    pub(super) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.fresh.iter().filter_map(|name| {
            // A correlation id is of hexadecimal digits.
            Some((name.clone(), HeaderValue::from_str(&fresh(&*self.entropy)).ok()?))
        })
    }

    /// The address with the parameters, whatever it brought under their names. `None` if it is none then.
    pub(super) fn address(&self, uri: &Uri) -> Option<Uri> {
        if self.query.is_empty() {
            return Some(uri.clone());
        }
        let is_ours = |pair: &str| {
            let name = pair.split('=').next().unwrap_or_default();
            let name = percent_decode_str(name).decode_utf8_lossy();
            self.query.iter().any(|(own, _)| *own == *name)
        };
        let brought = uri.query().unwrap_or_default().split('&');
        let brought = brought.filter(|pair| !pair.is_empty() && !is_ours(pair)).map(str::to_owned);
        let ours = self.query.iter().map(|(name, value)| {
            let encode = |text| utf8_percent_encode(text, RESERVED);
            format!("{}={}", encode(name.as_str()), encode(value.expose()))
        });
        let query: Vec<_> = brought.chain(ours).collect();
        let mut parts = uri.clone().into_parts();
        let text = format!("{}?{}", uri.path(), query.join("&"));
        parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_core::entropy::Seeded;
    use proptest::prelude::*;

    fn per_call(query: &[(&str, &str)]) -> PerCall {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        PerCall { fresh: vec![HeaderName::from_static("x-id")], query, entropy: Arc::new(Seeded::new(1)) }
    }

    #[test]
    fn parameters_are_added_and_take_the_place_of_those_of_their_name() {
        let own = per_call(&[("gw-dev-app-key", "a b&c=d#é")]);
        for (from, to) in [
            ("https://api.example", "https://api.example/?gw-dev-app-key=a%20b%26c%3Dd%23%C3%A9"),
            ("/pix?inicio=1&fim=2", "/pix?inicio=1&fim=2&gw-dev-app-key=a%20b%26c%3Dd%23%C3%A9"),
            (
                "/pix?gw-dev-app-key=x&a=&gw%2Ddev-app-key=y&&b",
                "/pix?a=&b&gw-dev-app-key=a%20b%26c%3Dd%23%C3%A9",
            ),
        ] {
            assert_eq!(own.address(&from.parse().unwrap()).unwrap().to_string(), to);
        }
        let none = per_call(&[]);
        assert_eq!(none.address(&"/a?b".parse().unwrap()).unwrap(), "/a?b");
    }

    #[test]
    fn each_call_has_another_id() {
        let own = per_call(&[]);
        let ids: Vec<_> = (0..2).flat_map(|_| own.headers()).collect();
        assert!(ids.len() == 2 && ids[0].0 == ids[1].0 && ids[0].1 != ids[1].1, "{ids:?}");
    }

    proptest! {
        /// What the parameters are can be read back, and nothing else of the address is another.
        #[test]
        fn parameters_are_what_a_server_reads(value in "\\PC{0,20}", query in "[a-z=&%0-9]{0,20}") {
            let uri: Uri = format!("https://api.example/path?{query}").parse().unwrap();
            let to = per_call(&[("own", &value)]).address(&uri).unwrap();
            let read = to.query().unwrap().rsplit('&').next().unwrap().strip_prefix("own=").unwrap();
            prop_assert_eq!(percent_decode_str(read).decode_utf8().unwrap(), value);
            prop_assert_eq!((to.host(), to.path()), (uri.host(), uri.path()));
        }
    }
}
