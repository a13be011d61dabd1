//! RSA keys that are not worth their length: too short, odd exponents, small factors, primes close to each other, and the
//! pattern of CVE-2017-15361.

use super::public_key::KeyError;
use num_bigint::BigUint;

const GENERATOR: u64 = 65_537;

/// Largest prime of the ROCA fingerprint. Flawed keys of every length used the product of at least these primes.
const LAST_FINGERPRINT_PRIME: u64 = 167;

/// Trial division looks for primes below this.
const SMALL: u64 = 2000;

/// Steps of Fermat's method. The keys of CVE-2022-26320 fell to one; no key made as FIPS 186-5 says falls to any number
/// of steps that can be walked.
const FERMAT_STEPS: u32 = 100;

/// Refuses weak keys; both numbers are big-endian, without leading zeros.
pub(super) fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
    let bits = bit_length(modulus);
    if bits < 2048 {
        return Err(KeyError::RsaTooShort);
    }
    if bits > 4096 {
        return Err(KeyError::RsaTooLong);
    }
    if exponent.len() > 4 {
        return Err(KeyError::RsaExponent);
    }
    let exponent = exponent.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    if exponent < GENERATOR || exponent & 1 == 0 {
        return Err(KeyError::RsaExponent);
    }
    let residues = Residues::of(modulus);
    if residues.0.iter().any(|(_, rest)| *rest == 0) {
        return Err(KeyError::RsaSmallFactor);
    }
    if is_roca(&residues) {
        return Err(KeyError::RsaRoca);
    }
    if has_close_factors(modulus) {
        return Err(KeyError::RsaClosePrimes);
    }
    Ok(())
}

/// Whether Fermat's method splits the number: it is a² - b², with `a` little above its square root.
fn has_close_factors(modulus: &[u8]) -> bool {
    let n = BigUint::from_bytes_be(modulus);
    let mut a = n.sqrt();
    if &a * &a < n {
        a += 1u32;
    }
    (0..FERMAT_STEPS).any(|step| {
        let above = &a + step;
        let rest = &above * &above - &n;
        let root = rest.sqrt();
        &root * &root == rest
    })
}

fn bit_length(bytes: &[u8]) -> usize {
    let first = bytes.first().map_or(0, |first| 8 - first.leading_zeros() as usize);
    bytes.len().saturating_sub(1) * 8 + first
}

/// A number modulo each prime below [`SMALL`].
struct Residues(Vec<(u64, u64)>);

impl Residues {
    /// Primes are taken together while their product stays below 2^31, so that the long number is divided some hundred
    /// times instead of three hundred.
    fn of(number: &[u8]) -> Self {
        let mut out = Vec::new();
        let mut group = Vec::new();
        let mut product = 1;
        for prime in primes() {
            if product * prime >= 1 << 31 {
                Self::flush(number, &mut group, product, &mut out);
                product = 1;
            }
            product *= prime;
            group.push(prime);
        }
        Self::flush(number, &mut group, product, &mut out);
        Self(out)
    }

    fn flush(number: &[u8], group: &mut Vec<u64>, product: u64, out: &mut Vec<(u64, u64)>) {
        let rest = modulo(number, product);
        out.extend(group.drain(..).map(|prime| (prime, rest % prime)));
    }
}

/// `number` modulo `divisor`, which is below 2^31.
fn modulo(number: &[u8], divisor: u64) -> u64 {
    let (first, words) = number.as_rchunks::<4>();
    let head = first.iter().fold(0u64, |sum, byte| (sum << 8 | u64::from(*byte)) % divisor);
    words.iter().fold(head, |sum, word| (sum << 32 | u64::from(u32::from_be_bytes(*word))) % divisor)
}

fn primes() -> impl Iterator<Item = u64> {
    (2..SMALL).filter(|n| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0))
}

/// Whether the number is a power of 65537 modulo the product of the primes from 3 to 167: true of the flawed generator's
/// moduli, and of one number in 10^46 otherwise (Nemec et al., "The Return of Coppersmith's Attack", §2.2).
///
/// It is one if it is one modulo each prime and if the exponents agree, which the Chinese remainder theorem says of
/// exponents that agree pairwise modulo the common divisor of their periods.
fn is_roca(residues: &Residues) -> bool {
    let mut logarithms: Vec<(u64, u64)> = Vec::new();
    for (prime, rest) in residues.0.iter().filter(|(prime, _)| (3..=LAST_FINGERPRINT_PRIME).contains(prime)) {
        let Some((logarithm, period)) = discrete_logarithm(*prime, *rest) else {
            return false;
        };
        let agrees = logarithms.iter().all(|(other, other_period)| {
            let common = common_divisor(period, *other_period);
            logarithm % common == other % common
        });
        if !agrees {
            return false;
        }
        logarithms.push((logarithm, period));
    }
    true
}

/// The exponent that makes 65537 `value` modulo `prime`, and the period of its powers.
fn discrete_logarithm(prime: u64, value: u64) -> Option<(u64, u64)> {
    let mut power = 1;
    let mut found = None;
    let mut period = 0;
    loop {
        if power == value {
            found = found.or(Some(period));
        }
        power = power * (GENERATOR % prime) % prime;
        period += 1;
        if power == 1 || period >= prime {
            return Some((found?, period));
        }
    }
}

const fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
