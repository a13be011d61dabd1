//! The forms in which a password's hash can be kept: argon2id, which is what is made here, and what other systems made:
//! bcrypt and PBKDF2-SHA-256 (in PHC, passlib's and Django's writing). Those are verified once and then replaced.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordVerifier};
use aws_lc_rs::pbkdf2;
use base64::Engine;
use base64::alphabet::{BCRYPT, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::num::NonZeroU32;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BCRYPT64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, LENIENT);

/// Longest text of a hash in bytes.
const MAX_BYTES: usize = 512;
/// Most that a hash may cost: whoever imports one must not be able to stop logins.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;
const MAX_BCRYPT_COST: u32 = 15;
const MAX_ITERATIONS: u32 = 5_000_000;

/// A readable hash.
#[derive(Debug)]
pub enum Stored {
    /// argon2id in PHC format.
    Argon2id(Box<PasswordHash>),
    /// bcrypt.
    Bcrypt {
        /// Binary logarithm of the rounds.
        cost: u32,
        /// Salt.
        salt: [u8; 16],
        /// The hash without its last byte, as everybody writes it.
        hash: Vec<u8>,
    },
    /// PBKDF2 with HMAC-SHA-256.
    Pbkdf2 {
        /// Iterations.
        iterations: NonZeroU32,
        /// Salt.
        salt: Vec<u8>,
        /// The derived key.
        hash: Vec<u8>,
    },
}

impl Stored {
    /// Reads a hash.
    ///
    /// # Errors
    /// What is wrong, without the hash itself.
    pub fn parse(text: &str) -> Result<Self, String> {
        let unknown = || {
            "is not a hash that can be read: argon2id, bcrypt ($2a$, $2b$, $2y$) and PBKDF2-SHA-256 can"
                .to_owned()
        };
        if text.len() > MAX_BYTES {
            return Err(unknown());
        }
        if text.starts_with("$argon2id$") {
            let hash = PasswordHash::new(text).map_err(|_| unknown())?;
            let params = Params::try_from(&hash).map_err(|_| unknown())?;
            let dear = params.m_cost() > MAX_MEMORY_KIB
                || params.t_cost() > MAX_PASSES
                || params.p_cost() > MAX_LANES;
            if dear {
                return Err(format!(
                    "costs too much: at most m={MAX_MEMORY_KIB}, t={MAX_PASSES}, p={MAX_LANES}"
                ));
            }
            return Ok(Self::Argon2id(Box::new(hash)));
        }
        let fields: Vec<&str> = text.split('$').collect();
        match fields[..] {
            ["", "2a" | "2b" | "2y", cost, rest] => bcrypt(cost, rest).ok_or_else(unknown)?,
            ["", "pbkdf2-sha256", rounds, salt, hash] => {
                let rounds =
                    rounds.strip_prefix("i=").map_or(rounds, |rest| rest.split(',').next().unwrap_or(""));
                // passlib writes `.` for `+`.
                let decode = |text: &str| BASE64.decode(text.replace('.', "+")).ok();
                pbkdf2(rounds, decode(salt), decode(hash)).ok_or_else(unknown)?
            }
            // Django's salt is the text itself.
            ["pbkdf2_sha256", rounds, salt, hash] => {
                pbkdf2(rounds, Some(salt.into()), BASE64.decode(hash).ok()).ok_or_else(unknown)?
            }
            _ => Err(unknown()),
        }
    }

    /// Whether `password` is the one.
    pub fn matches(&self, password: &str) -> bool {
        match self {
            Self::Argon2id(hash) => {
                Argon2::default().verify_password(password.as_bytes(), hash.as_ref()).is_ok()
            }
            Self::Bcrypt { cost, salt, hash } => {
                // bcrypt knows 72 bytes, the last of which is the NUL of a C string if there is room.
                let mut key: Vec<u8> = password.bytes().chain([0]).collect();
                key.truncate(72);
                let made = bcrypt::bcrypt(*cost, *salt, &key);
                aws_lc_rs::constant_time::verify_slices_are_equal(&made[..hash.len()], hash).is_ok()
            }
            Self::Pbkdf2 { iterations, salt, hash } => {
                pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, *iterations, salt, password.as_bytes(), hash)
                    .is_ok()
            }
        }
    }

    /// Whether it is at least as strong as one that is made today (requirement O-01).
    pub fn is_current(&self) -> bool {
        let Self::Argon2id(hash) = self else { return false };
        Params::try_from(hash.as_ref()).is_ok_and(|params| {
            params.m_cost() >= Params::DEFAULT_M_COST && params.t_cost() >= Params::DEFAULT_T_COST
        })
    }
}

fn bcrypt(cost: &str, rest: &str) -> Option<Result<Stored, String>> {
    let cost: u32 = cost.parse().ok().filter(|_| cost.len() == 2)?;
    if !(4..=MAX_BCRYPT_COST).contains(&cost) {
        return Some(Err(format!(
            "costs too much or too little: bcrypt's cost must be 4 to {MAX_BCRYPT_COST}"
        )));
    }
    let (salt, hash) = rest.split_at_checked(22)?;
    let salt = BCRYPT64.decode(salt).ok()?.try_into().ok()?;
    let hash = BCRYPT64.decode(hash).ok().filter(|hash| hash.len() == 23)?;
    Some(Ok(Stored::Bcrypt { cost, salt, hash }))
}

fn pbkdf2(rounds: &str, salt: Option<Vec<u8>>, hash: Option<Vec<u8>>) -> Option<Result<Stored, String>> {
    let iterations: NonZeroU32 = rounds.parse().ok()?;
    if iterations.get() > MAX_ITERATIONS {
        return Some(Err(format!("costs too much: at most {MAX_ITERATIONS} iterations")));
    }
    let salt = salt.filter(|salt| (1..=128).contains(&salt.len()))?;
    let hash = hash.filter(|hash| (16..=64).contains(&hash.len()))?;
    Some(Ok(Stored::Pbkdf2 { iterations, salt, hash }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, password: &str) -> bool {
        let stored = Stored::parse(text).unwrap();
        assert!(!stored.matches("another"), "{text}");
        stored.matches(password)
    }

    #[test]
    fn hashes_of_other_systems_are_verified() {
        // OpenBSD's and crypt_blowfish's vectors.
        assert!(check("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
        assert!(check("$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"));
        // Made with passlib.
        let passlib =
            "$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$JwgcbJZlHBoE0uPBMy9SZsCsIJXsYLx/8XwH97PVwMU";
        assert!(check(passlib, "correct horse"));
        let phc = passlib.replace("$1000$", "$i=1000,l=32$").replace('.', "+");
        assert!(check(&phc, "correct horse"));
        assert!(check("pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=", "lètmein"));
    }

    /// O-01.
    #[test]
    fn only_todays_argon2id_is_current() {
        let today = crate::password::hash("secret", &[7; 16]).unwrap();
        assert!(Stored::parse(&today).unwrap().is_current() && check(&today, "secret"));
        let salted = |params: &str| {
            format!("$argon2id$v=19${params}$c29tZXNhbHRzYWx0$TnBpJYUoOJWHOQWlcJcYgQxQmPPZWLzYIDKLPD0kMEo")
        };
        assert!(!Stored::parse(&salted("m=4096,t=3,p=1")).unwrap().is_current());
        assert!(!Stored::parse(&salted("m=65536,t=1,p=1")).unwrap().is_current());
        assert!(Stored::parse(&salted("m=65536,t=3,p=4")).unwrap().is_current());
    }

    #[test]
    fn what_is_unknown_malformed_or_too_dear_is_refused() {
        for text in [
            "",
            "secret",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "$1$abc$def",
            "$argon2id$",
            "$argon2i$v=19$m=65536,t=3,p=1$c29t$YQ",
            "$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHRzYWx0$TnBpJYUoOJWHOQWlcJcYgQxQmPPZWLzYIDKLPD0kMEo",
            "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$05$CCCC",
            "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "pbkdf2_sha256$0$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "pbkdf2_sha256$999999999$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "pbkdf2_sha256$1$salt$AAAA",
            "$pbkdf2-sha256$i=1$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(Stored::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_hash_or_none(text in "\\$?(2a|argon2id|pbkdf2-sha256|pbkdf2_sha256)\\$[$=,.a-z0-9]{0,80}") {
            let _ = Stored::parse(&text);
        }
    }
}
