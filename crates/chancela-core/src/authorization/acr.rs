//! Authentication context classes (OpenID Connect Core §2 `acr`): how strong a login was.

use crate::authentication::factor::Acr;
use crate::record::User;

/// One factor.
pub const ONE_FACTOR: &str = Acr::OneFactor.as_str();
/// Two factors of two kinds.
pub const TWO_FACTORS: &str = Acr::TwoFactors.as_str();
/// A passkey that verified its user: two factors in one, which cannot be given away to another site.
pub const PHISHING_RESISTANT: &str = Acr::PhishingResistant.as_str();

/// All of them, weakest first.
pub const ALL: [&str; 3] = [ONE_FACTOR, TWO_FACTORS, PHISHING_RESISTANT];

/// Whether a login of class `actual` is at least of class `wanted`.
pub fn satisfies(actual: &str, wanted: &str) -> bool {
    match (Acr::parse(actual), Acr::parse(wanted)) {
        (Some(actual), Some(wanted)) => actual >= wanted,
        _ => actual == wanted,
    }
}

/// The first of the classes in `wanted` that `user` could reach with another factor.
pub fn reachable<'a>(user: &User, wanted: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    let stronger = |acr: &Acr| *acr > Acr::OneFactor && acr.is_reachable(user);
    wanted.into_iter().filter_map(Acr::parse).find(stronger).map(Acr::as_str)
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
