//! Where a request goes below the API's address. What could be read in two ways is refused and not put right: the proxy,
//! the API's own gateway and its program have to see the same path.

use http::Uri;
use http::uri::PathAndQuery;
use std::borrow::Cow;

/// How often a path is decoded in the search for what it hides: more often than any chain of gateways does.
const MOST_ROUNDS: usize = 8;

/// Why a request's target is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathError {
    /// It names no path.
    NoPath,
    /// It has dot segments or begins with two slashes, in whatever spelling.
    Ambiguous,
    /// Together with the base it is no address any more.
    TooLong,
}

/// The path and query below `base`, which has no slash at its end.
pub(super) fn below(base: &str, uri: &Uri) -> Result<PathAndQuery, PathError> {
    let own = uri.path_and_query().ok_or(PathError::NoPath)?;
    let path = own.path();
    if !path.starts_with('/') {
        return Err(PathError::NoPath);
    }
    if !is_plain_path(path) {
        return Err(PathError::Ambiguous);
    }
    if base.is_empty() {
        return Ok(own.clone());
    }
    let joined = [base, own.as_str()].concat();
    PathAndQuery::from_maybe_shared(joined).map_err(|_| PathError::TooLong)
}

/// Whether a path can be read in one way only: no segment is `.` or `..` and none at the beginning is empty, neither as it
/// stands, nor percent-decoded however often, nor with `\` for `/`, nor before a `;` (which some servers cut off).
pub fn is_plain_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    // Nearly all paths end here.
    let is_suspicious = |pair: &[u8]| pair == b"/." || pair == b"//";
    if !bytes.iter().any(|byte| matches!(byte, b'%' | b'\\')) && !bytes.windows(2).any(is_suspicious) {
        return true;
    }
    let mut decoded = Cow::Borrowed(bytes);
    for _ in 0..MOST_ROUNDS {
        if !has_plain_segments(&decoded) {
            return false;
        }
        match percent_encoding::percent_decode(&decoded).into() {
            Cow::Borrowed(_) => return true,
            Cow::Owned(next) => decoded = Cow::Owned(next),
        }
    }
    false
}

fn has_plain_segments(path: &[u8]) -> bool {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    if path.len() > 1 && path.iter().take(2).all(is_slash) {
        return false;
    }
    path.split(is_slash).all(|segment| {
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        // A dot is also what is left of one when a NUL or a blank behind it is cut off.
        let name = name.trim_ascii_end();
        let name = name.strip_suffix(b"\0").unwrap_or(name);
        name != b"." && name != b".."
    })
}

/// Whether `path` is one of `prefixes` or below one, segment by segment.
pub(super) fn is_allowed(path: &str, prefixes: &[String]) -> bool {
    prefixes.iter().any(|prefix| {
        let prefix = prefix.trim_end_matches('/');
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn joined(base: &str, target: &str) -> Result<String, PathError> {
        below(base, &target.parse().unwrap()).map(|path| path.to_string())
    }

    #[test]
    fn a_path_goes_below_the_base_as_it_was_written() {
        for (base, target, whole) in [
            ("", "/", "/"),
            ("/v2", "/", "/v2/"),
            ("/v2", "/pix?inicio=1&fim=%2F..", "/v2/pix?inicio=1&fim=%2F.."),
            ("/v2", "/a%20b/%C3%A9?x=../..", "/v2/a%20b/%C3%A9?x=../.."),
            ("", "/a//b/...;v=1/.hidden/a..b", "/a//b/...;v=1/.hidden/a..b"),
            ("", "/a%2Fb", "/a%2Fb"),
        ] {
            assert_eq!(joined(base, target).as_deref(), Ok(whole));
        }
    }

    #[test]
    fn no_spelling_of_a_step_upwards_or_of_another_host_passes() {
        for target in [
            "/..",
            "/../admin",
            "/a/../../b",
            "/a/./b",
            "/%2e%2e/b",
            "/.%2E/b",
            "/a%2f..%2fb",
            "/a%5c..%5cb",
            "/%252e%252e/b",
            "/%25252e%25252e%25252fb",
            "/..;/b",
            "/..;x=1/b",
            "/%2e%2e%3b/b",
            "/..%00/b",
            "/..%20/b",
            "//other.example/b",
            "/%2fother.example",
            "/%5cother.example",
        ] {
            assert_eq!(joined("/v2", target), Err(PathError::Ambiguous), "{target}");
        }
        assert!(!is_plain_path("/a\\..\\b") && !is_plain_path("\\\\other.example"));
        assert_eq!(joined("", "*"), Err(PathError::NoPath));
    }

    #[test]
    fn what_is_allowed_ends_at_a_segment() {
        let prefixes = ["/pix".to_owned(), "/cob/".to_owned()];
        for path in ["/pix", "/pix/1", "/cob", "/cob/1/2"] {
            assert!(is_allowed(path, &prefixes), "{path}");
        }
        for path in ["/", "/pixel", "/Pix", "/%70ix", "/v1/pix", "/co"] {
            assert!(!is_allowed(path, &prefixes), "{path}");
        }
        assert!(is_allowed("/anything", &["/".to_owned()]) && !is_allowed("/", &[]));
    }

    /// What an API's servers do at most: decode, take every backslash for a slash, cut parameters off, and go up.
    fn resolved(path: &str, rounds: usize) -> Vec<Vec<u8>> {
        let mut bytes = path.as_bytes().to_vec();
        for _ in 0..rounds {
            bytes = percent_encoding::percent_decode(&bytes).collect();
        }
        let mut out: Vec<Vec<u8>> = Vec::new();
        for segment in bytes.split(|byte| matches!(byte, b'/' | b'\\')) {
            match segment.split(|byte| *byte == b';').next().unwrap() {
                b".." => drop(out.pop()),
                b"." | b"" => {}
                _ => out.push(segment.to_vec()),
            }
        }
        out
    }

    proptest! {
        #[test]
        fn whatever_is_let_through_stays_below_the_base(
            parts in prop::collection::vec(
                prop::sample::select(vec!["/", "..", ".", "%2e", "%2E", "%252e", "%2f", "%5c", "%255c", ";", "a", "%", "25", "%00"]),
                0..12,
            ),
            rounds in 0..4_usize,
        ) {
            let target = format!("/{}", parts.concat());
            let Ok(uri) = target.parse::<Uri>() else { return Ok(()) };
            if let Ok(path) = below("/v2/base", &uri) {
                let all = resolved(path.path(), rounds);
                prop_assert!(all.starts_with(&[b"v2".to_vec(), b"base".to_vec()]), "{target} -> {all:?}");
                prop_assert_eq!(path.path(), format!("/v2/base{}", uri.path()));
            }
        }

        #[test]
        fn a_path_of_plain_names_always_passes(names in prop::collection::vec("[a-zA-Z0-9_~-]{1,8}", 1..6)) {
            let target = format!("/{}", names.join("/"));
            prop_assert_eq!(joined("/v2", &target), Ok(format!("/v2{target}")));
        }
    }
}
