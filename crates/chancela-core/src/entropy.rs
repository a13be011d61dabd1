//! Random numbers as an argument. The one real source is the server's; tests seed their own.

#[cfg(any(test, feature = "seeded"))]
use std::sync::atomic::{AtomicU64, Ordering};

/// The source failed: the request fails too, and nothing falls back to anything weaker (requirement K-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source of random numbers failed")]
pub struct EntropyError;

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`EntropyError`] if the source fails; then `bytes` may not be used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// A predictable source, for tests only: SplitMix64 from a seed.
#[cfg(any(test, feature = "seeded"))]
#[derive(Debug)]
pub struct Seeded(AtomicU64);

#[cfg(any(test, feature = "seeded"))]
impl Seeded {
    /// The same seed gives the same bytes.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

#[cfg(any(test, feature = "seeded"))]
impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self
                .0
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
                .wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
