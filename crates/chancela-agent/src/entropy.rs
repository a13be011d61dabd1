//! The agent's source of random numbers: the operating system's, through aws-lc.

use aws_lc_rs::rand;
use chancela_core::entropy::{Entropy, EntropyError};

/// The system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        rand::fill(bytes).map_err(|_| EntropyError)
    }
}
