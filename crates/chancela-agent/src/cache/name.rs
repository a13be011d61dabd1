//! Names of the cache's files: the key's digest, and what the file is for.

use crate::engine::TokenKey;
use chancela_core::secret::{from_hex, hex};

/// What a file of the cache is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The sealed record.
    Record,
    /// A record that is being written.
    New,
    /// The lock. It is never deleted: who deletes it and who makes it anew would each hold one.
    Lock,
    /// When a token endpoint was called.
    Calls,
    /// A sealed secret.
    Secret,
    /// A record that could not be read, by its number.
    SetAside(u32),
}

/// The name of a key's file.
pub(super) fn of(key: &TokenKey, kind: Kind) -> String {
    let digest = hex(key.as_bytes());
    match kind {
        Kind::Record => format!("{digest}.record"),
        Kind::New => format!("{digest}.new"),
        Kind::Lock => format!("{digest}.lock"),
        Kind::Calls => format!("{digest}.calls"),
        Kind::Secret => format!("{digest}.secret"),
        Kind::SetAside(0) => format!("{digest}.bad"),
        Kind::SetAside(number) => format!("{digest}.bad.{number}"),
    }
}

/// What a name says; `None` for a file that is none of the cache's.
pub(super) fn kind(name: &str) -> Option<(TokenKey, Kind)> {
    let (digest, rest) = name.split_once('.')?;
    let key = TokenKey::from_bytes(from_hex(digest)?);
    let kind = match rest {
        "record" => Kind::Record,
        "new" => Kind::New,
        "lock" => Kind::Lock,
        "calls" => Kind::Calls,
        "secret" => Kind::Secret,
        "bad" => Kind::SetAside(0),
        other => Kind::SetAside(other.strip_prefix("bad.")?.parse().ok()?),
    };
    Some((key, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_made() {
        let key = TokenKey::of(&["a"]);
        let plain = [Kind::Record, Kind::New, Kind::Lock, Kind::Calls, Kind::Secret];
        for made in plain.into_iter().chain([Kind::SetAside(0), Kind::SetAside(7)]) {
            assert_eq!(kind(&of(&key, made)), Some((key, made)));
        }
        for other in ["", ".record", "README", "ab.record", &format!("{}.txt", hex(key.as_bytes()))] {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
