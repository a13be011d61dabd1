//! Time-based one-time passwords (RFC 6238): HMAC-SHA-1, six digits, thirty seconds, which is what every authenticator
//! app does. A code is good in its own step and one beside it, and once (requirement O-06). Does not own throttling.

use crate::pepper::{Pepper, SealPurpose};
use crate::record::{Totp, User};
use crate::time::Timestamp;
use aws_lc_rs::{constant_time, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// Bytes of a secret: as many as SHA-1 gives (RFC 4226 §4, R6).
pub const SECRET_BYTES: usize = 20;
/// Seconds of a step.
const STEP: i64 = 30;
/// Steps before and after the present one whose codes are good: clocks differ, and people are slow.
const DRIFT: i64 = 1;
const DIGITS: usize = 6;

/// The step of `code` around `now`, if it is a code of `secret` in a step after `last_step`. Spaces are ignored: apps
/// show codes in groups.
pub fn step_of(secret: &[u8], code: &str, last_step: u64, now: Timestamp) -> Option<u64> {
    let mut digits = [0; DIGITS];
    let mut count = 0;
    for byte in code.bytes().filter(|byte| *byte != b' ') {
        *digits.get_mut(count).filter(|_| byte.is_ascii_digit())? = byte;
        count += 1;
    }
    if count != DIGITS {
        return None;
    }
    let present = now.seconds().div_euclid(STEP);
    let mut found = None;
    // Every step is tried, so that the time says nothing of which one it was.
    for step in (present - DRIFT..=present + DRIFT).filter_map(|step| u64::try_from(step).ok()) {
        let same = constant_time::verify_slices_are_equal(&code_at(secret, step), &digits).is_ok();
        if same && step > last_step && found.is_none() {
            found = Some(step);
        }
    }
    found
}

/// The record of `user` after `code` was used, if it is good now; the guard of its version makes it good once.
pub fn spend(user: &User, code: &str, pepper: &Pepper, now: Timestamp) -> Option<User> {
    let totp = user.totp.as_ref()?;
    let secret = open(totp, pepper, &user.subject)?;
    let last_step = step_of(&secret, code, totp.last_step, now)?;
    let totp = Some(Totp { last_step, ..totp.clone() });
    Some(User { totp, version: user.version + 1, ..user.clone() })
}

/// What is kept once the user has shown a code of `secret`; that code is spent.
pub fn confirm(secret: &[u8], code: &str, seal: &Sealing<'_>, now: Timestamp) -> Option<Totp> {
    let last_step = step_of(secret, code, 0, now)?;
    let sealed = seal.pepper.seal(SealPurpose::Totp, seal.nonce, seal.subject.as_bytes(), secret);
    Some(Totp { sealed: BASE64URL.encode(sealed).into(), last_step, created_at: now.seconds() })
}

/// How a secret is sealed.
#[derive(Debug)]
pub struct Sealing<'a> {
    /// The realm's keys.
    pub pepper: &'a Pepper,
    /// The user whose secret it is: it opens for nobody else.
    pub subject: &'a str,
    /// Random.
    pub nonce: [u8; 12],
}

fn open(totp: &Totp, pepper: &Pepper, subject: &str) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = BASE64URL.decode(&*totp.sealed).ok()?;
    pepper.open(SealPurpose::Totp, subject.as_bytes(), &sealed).map(Zeroizing::new)
}

/// The secret as apps take it when it is typed: base32 without padding (RFC 4648 §6).
pub fn base32(secret: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::with_capacity(secret.len().div_ceil(5) * 8);
    for chunk in secret.chunks(5) {
        let mut wide = [0; 8];
        wide[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(wide);
        for at in 0..(chunk.len() * 8).div_ceil(5) {
            let index = (bits >> (35 - 5 * at)) & 31;
            out.push(char::from(LETTERS[usize::try_from(index).unwrap_or(0)]));
        }
    }
    out
}

/// The URI that apps read from a QR code. `issuer` and `account` are what the app shows.
pub fn otpauth_uri(secret: &[u8], issuer: &str, account: &str) -> String {
    // A colon would end the issuer in the label.
    let (issuer, account) = (issuer.replace(':', " "), account.replace(':', " "));
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}",
        base32(secret),
        issuer = encode(&issuer),
        account = encode(&account),
    )
}

/// The code of a step (RFC 4226 §5.3), in ASCII digits.
fn code_at(secret: &[u8], step: u64) -> [u8; DIGITS] {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or(0) & 15);
    let mut word = [0; 4];
    word.copy_from_slice(&tag[offset..offset + 4]);
    let mut number = u32::from_be_bytes(word) & 0x7fff_ffff;
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::tests::{pepper, user};
    use proptest::prelude::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238 appendix B; its codes have eight digits, ours are their last six.
    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_seconds(at);
            assert_eq!(step_of(SECRET, code, 0, now), Some(u64::try_from(at / 30).unwrap()), "{at}");
        }
    }

    /// RFC 4648 section 10.
    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(base32(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn the_uri_names_issuer_and_account() {
        assert_eq!(
            otpauth_uri(b"foobar", "Bank: A&B", "ana@example.com"),
            "otpauth://totp/Bank%20%20A%26B:ana%40example%2Ecom?secret=MZXW6YTBOI&issuer=Bank%20%20A%26B\
             &algorithm=SHA1&digits=6&period=30"
        );
    }

    /// EN-03, O-06.
    #[test]
    fn a_code_is_good_once_and_an_older_one_not_after_it() {
        let now = Timestamp::from_seconds(1_111_111_111);
        let (pepper, mut user) = (pepper(), user());
        let seal = Sealing { pepper: &pepper, subject: &user.subject, nonce: [7; 12] };
        let code = |step: u64| String::from_utf8(code_at(SECRET, step).to_vec()).unwrap();
        let present = 1_111_111_111 / 30;
        user.totp = confirm(SECRET, &code(present - 1), &seal, now);
        assert!(user.totp.is_some());
        assert_eq!(spend(&user, &code(present - 1), &pepper, now), None, "it was used to confirm");
        let after = spend(&user, &code(present), &pepper, now).unwrap();
        assert_eq!((after.version, after.totp.as_ref().unwrap().last_step), (user.version + 1, present));
        assert_eq!(spend(&after, &code(present), &pepper, now), None);
        assert_eq!(spend(&after, &code(present - 1), &pepper, now), None);
        assert!(spend(&after, &code(present + 1), &pepper, now).is_some());
    }

    #[test]
    fn a_secret_opens_for_its_user_and_realm_alone() {
        let now = Timestamp::from_seconds(59);
        let (pepper, mut user) = (pepper(), user());
        let seal = Sealing { pepper: &pepper, subject: &user.subject, nonce: [7; 12] };
        let later = Timestamp::from_seconds(95);
        let code = String::from_utf8(code_at(SECRET, 3).to_vec()).unwrap();
        user.totp = confirm(SECRET, "287 082", &seal, now);
        assert!(spend(&user, &code, &pepper, later).is_some());
        assert_eq!(spend(&user, &code, &Pepper::from_root(&[9; 32]), later), None);
        let other = User { subject: "user-other".into(), ..user };
        assert_eq!(spend(&other, &code, &pepper, later), None);
    }

    proptest! {
        /// EN-03.
        #[test]
        fn only_six_digits_of_three_steps_are_good(code in "[0-9 a٣]{0,8}", at in 60_i64..4_000_000_000) {
            let now = Timestamp::from_seconds(at);
            let step = u64::try_from(at / 30).unwrap();
            let plain: String = code.chars().filter(|c| *c != ' ').collect();
            let expected = (step - 1..=step + 1).find(|step| code_at(SECRET, *step) == *plain.as_bytes());
            prop_assert_eq!(step_of(SECRET, &code, 0, now), expected);
        }

        #[test]
        fn a_code_lives_for_ninety_seconds(at in 60_i64..4_000_000_000, shift in -200_i64..200) {
            let step = u64::try_from(at / 30).unwrap();
            let code = String::from_utf8(code_at(SECRET, step).to_vec()).unwrap();
            let near = (at + shift).div_euclid(30) - at / 30;
            let good = step_of(SECRET, &code, step - 1, Timestamp::from_seconds(at + shift)) == Some(step);
            prop_assert_eq!(good, (-1..=1).contains(&near));
        }
    }
}
