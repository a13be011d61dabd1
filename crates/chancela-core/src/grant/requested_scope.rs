//! What a requested scope becomes: within what exists, what the client may have, and what the dialect demands.

use crate::dialect::{ScopeRules, WhenScopeAbsent, WhenScopeUngranted};
use crate::rejection::{Rejection, Rule};
use crate::scope::{Scope, ScopeError};

/// Decides on `requested` (as sent; `None` if absent) for a client that may have `allowed`. `exists` says whether a
/// scope is in the realm's catalogue.
///
/// # Errors
/// The rule that the request breaks.
pub fn decide(
    requested: Option<&str>,
    rules: &ScopeRules,
    exact: Option<&Scope>,
    allowed: &Scope,
    exists: &dyn Fn(&str) -> bool,
) -> Result<Scope, Rejection> {
    let Some(text) = requested else {
        return match rules.when_absent {
            WhenScopeAbsent::All => Ok(cut(allowed, rules.max)),
            WhenScopeAbsent::None => Ok(Scope::empty()),
            WhenScopeAbsent::Reject => Err(Rule::MissingScope.into()),
        };
    };
    let scope = if text == allowed.as_str() { allowed.clone() } else { parse(text)? };
    if let Some(max) = rules.max.filter(|max| scope.len() > usize::from(*max)) {
        return Err(Rejection::with(Rule::TooManyScopes, u32::from(max)));
    }
    let granted = scope.is_subset_of(allowed);
    if !granted && !scope.iter().all(|token| allowed.contains(token) || exists(token)) {
        return Err(Rule::UnknownScope.into());
    }
    if exact.is_some_and(|exact| !(exact.is_subset_of(&scope) && scope.is_subset_of(exact))) {
        return Err(Rule::ScopeNotExact.into());
    }
    match rules.when_ungranted {
        _ if granted => Ok(scope),
        WhenScopeUngranted::Reject => Err(Rule::UngrantedScope.into()),
        WhenScopeUngranted::Narrow => {
            let narrowed = scope.intersection(allowed);
            if narrowed.is_empty() { Err(Rule::UngrantedScope.into()) } else { Ok(narrowed) }
        }
    }
}

/// Reads a scope with the rule that a malformed one breaks.
///
/// # Errors
/// [`Rule::ScopeTooLong`] or [`Rule::MalformedScope`].
pub fn parse(text: &str) -> Result<Scope, Rejection> {
    Scope::parse(text).map_err(|error| match error {
        ScopeError::TooLong => Rule::ScopeTooLong.into(),
        ScopeError::Character => Rule::MalformedScope.into(),
    })
}

fn cut(scope: &Scope, max: Option<u16>) -> Scope {
    match max {
        Some(max) if scope.len() > usize::from(max) => scope.iter().take(usize::from(max)).collect(),
        _ => scope.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    fn decide_with(requested: Option<&str>, rules: &ScopeRules) -> Result<Scope, Rejection> {
        decide(requested, rules, None, &scope("a b c"), &|token| "a b c d".contains(token))
    }

    #[test]
    fn an_absent_scope_is_what_the_dialect_says() {
        let mut rules = ScopeRules { max: Some(2), ..Default::default() };
        assert_eq!(decide_with(None, &rules).unwrap(), scope("a b"));
        rules.when_absent = WhenScopeAbsent::None;
        assert_eq!(decide_with(None, &rules).unwrap(), Scope::empty());
        rules.when_absent = WhenScopeAbsent::Reject;
        assert_eq!(decide_with(None, &rules).unwrap_err().rule, Rule::MissingScope);
    }

    #[test]
    fn unknown_ungranted_and_too_many_are_told_apart() {
        let mut rules = ScopeRules { max: Some(2), ..Default::default() };
        assert_eq!(decide_with(Some("a x"), &rules).unwrap_err().rule, Rule::UnknownScope);
        assert_eq!(decide_with(Some("a d"), &rules).unwrap_err().rule, Rule::UngrantedScope);
        assert_eq!(decide_with(Some("a b c"), &rules).unwrap_err(), Rejection::with(Rule::TooManyScopes, 2));
        rules.when_ungranted = WhenScopeUngranted::Narrow;
        assert_eq!(decide_with(Some("a d"), &rules).unwrap(), scope("a"));
        assert_eq!(decide_with(Some("d"), &rules).unwrap_err().rule, Rule::UngrantedScope);
    }

    #[test]
    fn an_exact_list_is_accepted_in_any_order_only_whole() {
        let (rules, exact, allowed) = (ScopeRules::default(), scope("a b"), scope("a b c"));
        let decide = |text| decide(Some(text), &rules, Some(&exact), &allowed, &|_| true);
        assert_eq!(decide("b a").unwrap(), scope("b a"));
        for wrong in ["a", "a b c"] {
            assert_eq!(decide(wrong).unwrap_err().rule, Rule::ScopeNotExact, "{wrong}");
        }
    }

    proptest! {
        /// F-06.
        #[test]
        fn nothing_is_granted_beyond_request_and_registration(
            requested in proptest::option::of("[a-f]( [a-f]){0,7}"), allowed in "[a-f]( [a-f]){0,7}", narrow: bool,
        ) {
            let rules = ScopeRules {
                when_ungranted: if narrow { WhenScopeUngranted::Narrow } else { WhenScopeUngranted::Reject },
                ..Default::default()
            };
            let allowed = scope(&allowed);
            if let Ok(granted) = decide(requested.as_deref(), &rules, None, &allowed, &|_| true) {
                prop_assert!(granted.is_subset_of(&allowed));
                if let Some(requested) = requested {
                    prop_assert!(granted.is_subset_of(&scope(&requested)));
                }
            }
        }
    }
}
