//! A look at a provider's servers, and its route for whoever asks it for what is public.

use super::Provider;
use crate::transport::{Route, Sight, Target};
use std::time::Duration;

impl Provider {
    /// What is seen of each server that a token's steps go to, once each. No credentials are sent.
    pub async fn look(&self) -> Vec<(Target, Sight)> {
        let patience = self.patience();
        let mut out: Vec<(Target, Sight)> = Vec::new();
        for target in &self.0.targets {
            if out.iter().any(|(seen, _)| seen.origin() == target.origin()) {
                continue;
            }
            out.push((target.clone(), self.0.route.look(target, patience).await));
        }
        out
    }

    /// How it and its API are reached.
    pub fn route(&self) -> &Route {
        &self.0.route
    }

    /// Seconds by which the clock of the token endpoint's server is ahead of ours, as its answers have told; 0 before there
    /// was one, and where it is less than a few.
    pub fn clock_skew(&self) -> i64 {
        self.0.clock_skew(self.0.steps.len().saturating_sub(1))
    }

    /// Where the token endpoint is.
    pub fn target(&self) -> Option<&Target> {
        self.0.targets.last()
    }

    /// How long an answer may take.
    pub fn patience(&self) -> Duration {
        crate::engine::duration(self.0.http.timeout.millis())
    }
}
