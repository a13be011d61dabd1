//! Authentication context classes (OpenID Connect Core §2 `acr`): how strong a login was.

use crate::record::User;

/// One factor.
pub const ONE_FACTOR: &str = "urn:chancela:acr:1fa";
/// Two factors of two kinds.
pub const TWO_FACTORS: &str = "urn:chancela:acr:2fa";
/// A passkey that verified its user: two factors in one, which cannot be given away to another site (the registered
/// name of OpenID Connect Extended Authentication Profile §2).
pub const PHISHING_RESISTANT: &str = "phr";

/// All of them, weakest first.
pub const ALL: [&str; 3] = [ONE_FACTOR, TWO_FACTORS, PHISHING_RESISTANT];

/// Whether a login of class `actual` is at least of class `wanted`.
pub fn satisfies(actual: &str, wanted: &str) -> bool {
    let rank = |class: &str| ALL.iter().position(|own| *own == class);
    match (rank(actual), rank(wanted)) {
        (Some(actual), Some(wanted)) => actual >= wanted,
        _ => actual == wanted,
    }
}

/// The first of the classes in `wanted` that `user` could reach with another factor.
pub fn reachable<'a>(user: &User, wanted: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    wanted.into_iter().find_map(|class| match class {
        TWO_FACTORS if user.has_second_factor() => Some(TWO_FACTORS),
        PHISHING_RESISTANT if !user.passkeys.is_empty() => Some(PHISHING_RESISTANT),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_login_satisfies_a_weaker_demand() {
        assert!(satisfies(TWO_FACTORS, ONE_FACTOR) && satisfies(PHISHING_RESISTANT, TWO_FACTORS));
        assert!(!satisfies(ONE_FACTOR, TWO_FACTORS) && !satisfies(TWO_FACTORS, PHISHING_RESISTANT));
        assert!(!satisfies(TWO_FACTORS, "urn:another") && satisfies("urn:another", "urn:another"));
    }
}
