//! How long to wait before asking again: `Retry-After` (RFC 9110 §10.2.3), and the reset of a rate limit that is used up.

use crate::message::{HttpAnswer, date};
use crate::time::Timestamp;
use http::StatusCode;
use http::header::RETRY_AFTER;

/// The longest that a provider can make a client wait: a day.
const MAX_SECONDS: i64 = 86_400;
/// From here on a reset is a point in time and not a number of seconds; from the second on, one in milliseconds.
const EPOCH_FROM: i64 = 1_000_000_000;
const MILLISECONDS_FROM: i64 = 100_000_000_000;

const RESETS: [&str; 3] = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"];
const REMAINING: [&str; 3] = ["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"];

/// Seconds to wait at least; `None` if the provider does not say, or says none. Points in time are compared with the
/// provider's own clock, where the answer has it.
pub(super) fn retry_after(answer: &HttpAnswer<'_>, now: Timestamp) -> Option<u32> {
    let server_now = answer.date().unwrap_or_else(|| now.seconds());
    let until = |at: i64| at.saturating_sub(server_now);
    let after = values(answer, RETRY_AFTER.as_str())
        .filter_map(|text| seconds(text).or_else(|| date::parse_imf(text).map(until)));
    let reset =
        RESETS.iter().flat_map(|name| values(answer, name)).filter_map(seconds).map(|reset| match reset {
            MILLISECONDS_FROM.. => until(reset / 1000),
            EPOCH_FROM.. => until(reset),
            delta => delta,
        });
    let longest = after.chain(reset.filter(|_| is_used_up(answer))).max()?;
    u32::try_from(longest.min(MAX_SECONDS)).ok().filter(|seconds| *seconds > 0)
}

/// Answers of every kind say when the limit resets; it concerns whoever has nothing left.
fn is_used_up(answer: &HttpAnswer<'_>) -> bool {
    let limited = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status);
    limited || REMAINING.iter().flat_map(|name| values(answer, name)).any(|text| seconds(text) == Some(0))
}

fn values<'a>(answer: &HttpAnswer<'a>, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    answer.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::trim)
}

/// Whole seconds; parts of one count as one.
fn seconds(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let more = i64::from(part.bytes().any(|b| b != b'0'));
    Some(whole.parse().unwrap_or(i64::MAX).saturating_add(more))
}
