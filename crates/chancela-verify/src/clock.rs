//! The wall clock, for callers that have none of their own. Everything else here takes the time as an argument.

use chancela_core::time::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, by the machine's clock. The default of [`VerifyLayer`](crate::VerifyLayer).
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn system_time() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
