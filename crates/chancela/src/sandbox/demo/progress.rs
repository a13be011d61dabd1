//! What the demo remembers of a run, in the browser: readable, because it is there to be looked at, and under a MAC.

use crate::failure::Failure;
use crate::sandbox::relying_party::Secrets;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::entropy::Entropy;
use chancela_core::pepper::{MacPurpose, Pepper};

/// A run.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) realm: String,
    pub(super) secrets: Secrets,
}

/// Makes and believes what browsers keep. Its key lives as long as the process.
#[derive(Debug)]
pub(super) struct Seal(Pepper);

impl Seal {
    pub(super) fn new(entropy: &dyn Entropy) -> Result<Self, Failure> {
        let mut root = [0; 32];
        entropy.fill(&mut root).map_err(|error| Failure::Other(error.to_string()))?;
        Ok(Self(Pepper::from_root(&root)))
    }

    pub(super) fn close(&self, progress: &Progress) -> String {
        let Secrets { state, nonce, code_verifier } = &progress.secrets;
        let text = format!("{}.{state}.{nonce}.{code_verifier}", progress.realm);
        format!("{text}.{}", self.mac(&text))
    }

    pub(super) fn open(&self, closed: &str) -> Option<Progress> {
        let (text, mac) = closed.rsplit_once('.')?;
        if mac != self.mac(text) {
            return None;
        }
        let mut parts = text.split('.').map(str::to_owned);
        let realm = parts.next()?;
        let secrets = Secrets { state: parts.next()?, nonce: parts.next()?, code_verifier: parts.next()? };
        Some(Progress { realm, secrets })
    }

    fn mac(&self, text: &str) -> String {
        BASE64URL.encode(self.0.mac(MacPurpose::Browser, text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_server::entropy::SystemEntropy;

    #[test]
    fn a_run_is_believed_as_it_was_made_and_by_its_own_process_alone() {
        let (seal, other) = (Seal::new(&SystemEntropy).unwrap(), Seal::new(&SystemEntropy).unwrap());
        let progress = Progress { realm: "bank-2".into(), secrets: Secrets::new(&SystemEntropy).unwrap() };
        let closed = seal.close(&progress);
        let open = seal.open(&closed).unwrap();
        assert_eq!((open.realm, open.secrets.state), (progress.realm, progress.secrets.state));
        assert!(other.open(&closed).is_none());
        assert!(seal.open(&closed.replacen("bank", "rank", 1)).is_none());
        assert!(seal.open("").is_none());
    }
}
