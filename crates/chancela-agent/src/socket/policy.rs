//! Who may do what: rules on what the kernel says of the other end of a socket.

use crate::config::{AllowConfig, Operation};

/// The process at the other end, as the kernel noted it when it connected (`SO_PEERCRED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// For the log alone: by the time it is read, the number may be another process's.
    pub(crate) pid: Option<i32>,
}

/// The rules.
#[derive(Debug)]
pub(crate) struct Policy {
    own: u32,
    rules: Vec<AllowConfig>,
}

impl Policy {
    /// These rules, in a process of the user `own`.
    pub(crate) const fn new(own: u32, rules: Vec<AllowConfig>) -> Self {
        Self { own, rules }
    }

    /// Whether a caller may do this for some provider.
    pub(super) fn allows_any(&self, caller: Caller, operation: Operation) -> bool {
        self.allows_where(caller, operation, |providers| !providers.is_empty())
    }

    /// Whether a caller may do this for `provider`.
    pub(crate) fn allows(&self, caller: Caller, operation: Operation, provider: &str) -> bool {
        self.allows_where(caller, operation, |providers| providers.iter().any(|one| one == provider))
    }

    fn allows_where(&self, caller: Caller, operation: Operation, fits: impl Fn(&[String]) -> bool) -> bool {
        if self.rules.is_empty() {
            return caller.uid == self.own;
        }
        self.rules.iter().any(|rule| {
            rule.uid.is_none_or(|uid| uid == caller.uid)
                && rule.gid.is_none_or(|gid| gid == caller.gid)
                && rule.operations.as_ref().is_none_or(|operations| operations.contains(&operation))
                && rule.providers.as_deref().is_none_or(&fits)
        })
    }

    /// Whether somebody else than the own user may do anything.
    pub(super) fn names_others(&self) -> bool {
        self.rules.iter().any(|rule| rule.uid != Some(self.own))
    }

    /// All providers that the rules name.
    pub(super) fn providers(&self) -> impl Iterator<Item = &String> {
        self.rules.iter().filter_map(|rule| rule.providers.as_ref()).flatten()
    }

    /// The one group of all rules that name others, if they name only one: the socket is made its.
    pub(super) fn group(&self) -> Option<u32> {
        let mut groups = self.rules.iter().filter(|rule| rule.uid != Some(self.own)).map(|rule| rule.gid);
        let first = groups.next()??;
        groups.all(|gid| gid == Some(first)).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(uid: Option<u32>, gid: Option<u32>, providers: &[&str]) -> AllowConfig {
        let providers = providers.iter().map(|name| (*name).to_owned()).collect();
        AllowConfig { uid, gid, providers: Some(providers), operations: Some(vec![Operation::Token]) }
    }

    fn caller(uid: u32, gid: u32) -> Caller {
        Caller { uid, gid, pid: Some(1) }
    }

    #[test]
    fn without_rules_the_own_user_alone_may_do_anything() {
        let policy = Policy::new(1000, vec![]);
        assert!(policy.allows(caller(1000, 5), Operation::Token, "a"));
        assert!(!policy.allows(caller(0, 0), Operation::Status, "a") && !policy.names_others());
        assert!(!policy.allows_any(caller(1001, 1000), Operation::Events));
    }

    #[test]
    fn every_part_of_a_rule_must_fit() {
        let policy = Policy::new(1000, vec![rule(Some(1001), Some(7), &["a"])]);
        assert!(policy.allows(caller(1001, 7), Operation::Token, "a"));
        for (caller, operation, provider) in [
            (caller(1001, 8), Operation::Token, "a"),
            (caller(1002, 7), Operation::Token, "a"),
            (caller(1001, 7), Operation::Status, "a"),
            (caller(1001, 7), Operation::Token, "b"),
            (caller(1000, 7), Operation::Token, "a"),
        ] {
            assert!(!policy.allows(caller, operation, provider), "{caller:?} {operation:?} {provider}");
        }
        assert!(policy.names_others());
    }

    #[test]
    fn the_socket_gets_a_group_only_where_there_is_one() {
        let group = |rules| Policy::new(1000, rules).group();
        assert_eq!(group(vec![rule(None, Some(7), &[]), rule(Some(1000), None, &[])]), Some(7));
        assert_eq!(group(vec![rule(None, Some(7), &[]), rule(None, Some(8), &[])]), None);
        assert_eq!(group(vec![rule(Some(1001), None, &[])]), None);
        assert_eq!(group(vec![]), None);
    }
}
