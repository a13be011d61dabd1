//! What a login still needs, and what it amounts to once it is done. Owns the two judgements; does not own how each
//! proof is checked ([`super::totp`], [`super::recovery_code`], [`super::webauthn`], the server's password pool).
//!
//! A factor is something that the user knows or has. A second factor is one of the other kind (requirement O-09): a
//! password and a one-time password are two, a one-time password and a recovery code are one.

use crate::effect::Effect;
use crate::record::User;

/// Authentication context class: how much a login proves. Later ones satisfy demands for earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Acr {
    /// One factor.
    OneFactor,
    /// Two factors of different kinds.
    TwoFactors,
    /// A passkey whose authenticator verified the user: nothing that another site could ask for and pass on.
    PhishingResistant,
}

impl Acr {
    /// Every class, weakest first (`acr_values_supported`).
    pub const ALL: [Self; 3] = [Self::OneFactor, Self::TwoFactors, Self::PhishingResistant];

    /// `acr` on the wire; the last is the registered value (OpenID EAP ACR Values §2).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneFactor => "urn:chancela:acr:1fa",
            Self::TwoFactors => "urn:chancela:acr:2fa",
            Self::PhishingResistant => "phr",
        }
    }

    /// Whether `user` has what it takes.
    pub const fn is_reachable(self, user: &User) -> bool {
        match self {
            Self::OneFactor => true,
            Self::TwoFactors => user.has_second_factor(),
            Self::PhishingResistant => !user.passkeys.is_empty(),
        }
    }

    /// The class of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|acr| acr.as_str() == text)
    }
}

/// A passkey's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyProof {
    /// Somebody touched the authenticator.
    Present,
    /// The authenticator verified its user.
    Verified,
}

/// What was proven in one login so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proven {
    /// The password.
    pub password: bool,
    /// A one-time password or a recovery code.
    pub one_time: bool,
    /// A passkey.
    pub passkey: Option<PasskeyProof>,
}

/// What a login is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Demand {
    /// The class that must be reached. Where a request only wishes for one (`acr_values`), ask with it and, if that
    /// cannot be met, without.
    pub acr: Option<Acr>,
    /// Whether every login of the realm takes two factors.
    pub second_factor: bool,
}

/// What stands between a user and the end of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is done.
    Done(Achieved),
    /// Nothing is proven yet: the password, or a passkey that verifies its user.
    NeedFirstFactor,
    /// One of these as well.
    NeedSecondFactor(SecondFactors),
    /// A second factor is demanded and the user has none: one must be set up first.
    NeedEnrolment,
    /// The user cannot reach what is demanded.
    Unmet,
    /// The user may not log in.
    Disabled,
}

/// What a finished login amounts to (OpenID Connect Core §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Achieved {
    /// Its class.
    pub acr: Acr,
    /// Its methods (RFC 8176).
    pub amr: Vec<Box<str>>,
}

/// Second factors that would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactors {
    /// A one-time password.
    pub totp: bool,
    /// A passkey.
    pub passkey: bool,
    /// Whether that passkey's authenticator must verify the user.
    pub verified: bool,
    /// A recovery code.
    pub recovery_code: bool,
}

/// What `user`, who has `proven` so much, still needs to meet `demand`.
pub fn decide(user: &User, proven: Proven, demand: Demand) -> Verdict {
    if !user.enabled {
        return Verdict::Disabled;
    }
    let own = if user.has_second_factor() || demand.second_factor { Acr::TwoFactors } else { Acr::OneFactor };
    let needed = demand.acr.map_or(own, |acr| acr.max(own));
    let reached = proven.acr();
    match reached {
        Some(acr) if acr >= needed => return Verdict::Done(Achieved { acr, amr: proven.amr() }),
        None => return Verdict::NeedFirstFactor,
        Some(_) => {}
    }
    match needed {
        Acr::PhishingResistant if !user.passkeys.is_empty() => {
            Verdict::NeedSecondFactor(SecondFactors::of(user, demand))
        }
        // Beside a password; a touch alone needs no second touch.
        Acr::TwoFactors if proven.password && user.has_second_factor() => {
            Verdict::NeedSecondFactor(SecondFactors::of(user, demand))
        }
        Acr::TwoFactors if proven.password && demand.second_factor => Verdict::NeedEnrolment,
        _ => Verdict::Unmet,
    }
}

impl SecondFactors {
    /// What `user` has that would meet `demand` beside a password.
    pub fn of(user: &User, demand: Demand) -> Self {
        let verified = demand.acr == Some(Acr::PhishingResistant);
        Self {
            totp: user.totp.is_some() && !verified,
            passkey: !user.passkeys.is_empty(),
            verified,
            recovery_code: !user.recovery_codes.is_empty() && !verified,
        }
    }
}

/// The change of a user's record that a proof makes: the guard makes each code, counter and hash good once.
pub fn put(before: &User, after: User) -> Effect {
    Effect::PutUser { user: after, expected_version: Some(before.version) }
}

/// The record of `user` with a newer hash of the same password (requirement O-01).
pub fn rehashed(user: &User, password_hash: &str) -> User {
    User { password_hash: Some(password_hash.into()), version: user.version + 1, ..user.clone() }
}

impl Proven {
    /// The class that is reached; `None` before the first factor.
    pub const fn acr(self) -> Option<Acr> {
        match self {
            Self { passkey: Some(PasskeyProof::Verified), .. } => Some(Acr::PhishingResistant),
            Self { password: true, one_time: true, .. } | Self { password: true, passkey: Some(_), .. } => {
                Some(Acr::TwoFactors)
            }
            Self { password: true, .. } => Some(Acr::OneFactor),
            _ => None,
        }
    }

    /// Its methods by the names of RFC 8176.
    pub fn amr(self) -> Vec<Box<str>> {
        let several = self.acr().is_some_and(|acr| acr >= Acr::TwoFactors);
        let names = [
            (self.password, "pwd"),
            (self.one_time, "otp"),
            // A key was used, and somebody was there.
            (self.passkey.is_some(), "pop"),
            (self.passkey.is_some(), "user"),
            (several, "mfa"),
        ];
        names.into_iter().filter(|(is, _)| *is).map(|(_, name)| name.into()).collect()
    }

    /// As one byte, for a sealed form.
    pub const fn to_byte(self) -> u8 {
        let passkey = match self.passkey {
            None => 0,
            Some(PasskeyProof::Present) => 4,
            Some(PasskeyProof::Verified) => 12,
        };
        self.password as u8 | (self.one_time as u8) << 1 | passkey
    }

    /// From the byte of a sealed form.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        let passkey = match byte >> 2 {
            0 => None,
            1 => Some(PasskeyProof::Present),
            3 => Some(PasskeyProof::Verified),
            _ => return None,
        };
        Some(Self { password: byte & 1 != 0, one_time: byte & 2 != 0, passkey })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::tests::user;
    use crate::record::{Passkey, Totp};
    use crate::secret::SecretDigest;
    use proptest::prelude::*;

    const PASSWORD: Proven = Proven { password: true, one_time: false, passkey: None };

    fn with(totp: bool, passkeys: usize, codes: usize) -> User {
        let totp = totp.then(|| Totp { sealed: "".into(), last_step: 0, created_at: 0 });
        let passkey = Passkey {
            id: "a".into(),
            name: "b".into(),
            public_key: "c".into(),
            sign_count: 0,
            created_at: 0,
            last_used_at: None,
        };
        let recovery_codes = vec![SecretDigest::from_bytes([0; 32]); codes];
        User { totp, passkeys: vec![passkey; passkeys], recovery_codes, ..user() }
    }

    fn amr(verdict: Verdict) -> (Acr, String) {
        let Verdict::Done(done) = verdict else { panic!("{verdict:?}") };
        (done.acr, done.amr.join(" "))
    }

    #[test]
    fn a_password_is_enough_for_a_user_who_has_nothing_else() {
        let done = decide(&user(), PASSWORD, Demand::default());
        assert_eq!(amr(done), (Acr::OneFactor, "pwd".into()));
        assert_eq!(decide(&user(), Proven::default(), Demand::default()), Verdict::NeedFirstFactor);
    }

    /// O-09.
    #[test]
    fn whoever_has_a_second_factor_needs_it_and_it_must_be_of_another_kind() {
        let user = with(true, 0, 3);
        let Verdict::NeedSecondFactor(wanted) = decide(&user, PASSWORD, Demand::default()) else { panic!() };
        assert!(wanted.totp && wanted.recovery_code && !wanted.passkey && !wanted.verified);
        let both = Proven { one_time: true, ..PASSWORD };
        assert_eq!(amr(decide(&user, both, Demand::default())), (Acr::TwoFactors, "pwd otp mfa".into()));
        let codes_only = Proven { password: false, ..both };
        assert_eq!(decide(&user, codes_only, Demand::default()), Verdict::NeedFirstFactor);
    }

    #[test]
    fn a_passkey_that_verifies_its_user_is_enough_alone_and_a_touch_is_not() {
        let user = with(true, 1, 0);
        let verified = Proven { passkey: Some(PasskeyProof::Verified), ..Proven::default() };
        let demand = Demand { acr: Some(Acr::PhishingResistant), second_factor: true };
        assert_eq!(amr(decide(&user, verified, demand)), (Acr::PhishingResistant, "pop user mfa".into()));
        let touched = Proven { passkey: Some(PasskeyProof::Present), ..Proven::default() };
        assert_eq!(decide(&user, touched, Demand::default()), Verdict::NeedFirstFactor);
        let both = Proven { passkey: Some(PasskeyProof::Present), ..PASSWORD };
        assert_eq!(amr(decide(&user, both, Demand::default())), (Acr::TwoFactors, "pwd pop user mfa".into()));
        let Verdict::NeedSecondFactor(wanted) = decide(&user, both, demand) else { panic!() };
        assert!(wanted.passkey && wanted.verified && !wanted.totp);
    }

    #[test]
    fn what_cannot_be_met_is_said() {
        let second = Demand { acr: None, second_factor: true };
        assert_eq!(decide(&with(false, 0, 0), PASSWORD, second), Verdict::NeedEnrolment);
        let two = Demand { acr: Some(Acr::TwoFactors), second_factor: false };
        assert_eq!(decide(&with(false, 0, 0), PASSWORD, two), Verdict::Unmet);
        let resistant = Demand { acr: Some(Acr::PhishingResistant), second_factor: false };
        assert_eq!(decide(&with(true, 0, 0), PASSWORD, resistant), Verdict::Unmet);
        let disabled = User { enabled: false, ..user() };
        assert_eq!(decide(&disabled, PASSWORD, Demand::default()), Verdict::Disabled);
    }

    proptest! {
        /// The law of the verdict: nobody is done below what is demanded, what the realm wants, or what they have.
        #[test]
        fn nobody_is_done_too_early(
            byte in 0_u8..16, totp: bool, passkeys in 0_usize..2, codes in 0_usize..2, wanted in 0_usize..4, realm: bool,
        ) {
            let Some(proven) = Proven::from_byte(byte) else { return Ok(()) };
            prop_assert_eq!(proven.to_byte(), byte);
            let user = with(totp, passkeys, codes);
            let demand = Demand { acr: Acr::ALL.get(wanted).copied(), second_factor: realm };
            match decide(&user, proven, demand) {
                Verdict::Done(done) => {
                    prop_assert!(demand.acr.is_none_or(|acr| done.acr >= acr));
                    let two = realm || user.has_second_factor();
                    prop_assert!(!two || done.acr >= Acr::TwoFactors);
                    prop_assert_eq!(done.amr.contains(&"mfa".into()), done.acr >= Acr::TwoFactors);
                    prop_assert!(proven.password || proven.passkey == Some(PasskeyProof::Verified));
                }
                // Whatever is asked for, the user has, and it brings the login to its end.
                Verdict::NeedSecondFactor(wanted) => {
                    prop_assert!(!wanted.totp || totp);
                    prop_assert!(!wanted.passkey || passkeys > 0);
                    prop_assert!(!wanted.recovery_code || codes > 0);
                    let kind = if wanted.verified { PasskeyProof::Verified } else { PasskeyProof::Present };
                    let next = if wanted.passkey {
                        Proven { passkey: Some(kind), ..proven }
                    } else {
                        Proven { one_time: true, ..proven }
                    };
                    prop_assert!(matches!(decide(&user, next, demand), Verdict::Done(_)));
                }
                _ => {}
            }
        }
    }
}
