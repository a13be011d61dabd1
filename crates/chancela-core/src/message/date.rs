//! Points in time as others write them: HTTP's date (RFC 9110 §5.6.7, IMF-fixdate alone, which is all that is sent since
//! 1999), and ISO 8601 as APIs use it. Writing ISO 8601 is the token response's.

use time::{Date, Month, PrimitiveDateTime};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since the epoch of `Sun, 06 Nov 1994 08:49:37 GMT`. The name of the day does not count.
pub fn parse_imf(text: &str) -> Option<i64> {
    let (_, rest) = text.trim().split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (clock, zone) = (parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    if zone != "GMT" || parts.next().is_some() || day.len() != 2 || year.len() != 4 {
        return None;
    }
    seconds([number(year)?, i64::try_from(month).ok()?, number(day)?], clock)
}

/// Seconds since the epoch of `2026-11-22T10:00:00Z`, with or without parts of a second (which do not count), with an
/// offset (`-03:00`, `-0300`, `-03`) or without one: then it is UTC.
pub fn parse_iso(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let mut fields = date.split('-');
    let date = [number(fields.next()?)?, number(fields.next()?)?, number(fields.next()?)?];
    let (clock, rest) = (rest.get(..8)?, rest.get(8..)?);
    let zone = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    seconds(date, clock)?.checked_sub(offset(zone)?)
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.is_empty() {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0),
        ("+", digits) => (1, digits.replacen(':', "", 1)),
        ("-", digits) => (-1, digits.replacen(':', "", 1)),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits)?, 0),
        4 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn seconds([year, month, day]: [i64; 3], clock: &str) -> Option<i64> {
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || [hour, minute, second].iter().any(|part| part.len() != 2) {
        return None;
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    // A leap second is the one before it: nobody's token lives by it.
    let small = |text: &str| u8::try_from(number(text)?).ok();
    let moment = date.with_hms(small(hour)?, small(minute)?, small(second)?.min(59)).ok();
    moment.map(|moment: PrimitiveDateTime| moment.assume_utc().unix_timestamp())
}

/// Digits and nothing else.
fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::token_response::iso_8601;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_rfc_is_read_and_other_spellings_are_not() {
        assert_eq!(parse_imf("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 BRT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
        ] {
            assert_eq!(parse_imf(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_and_parts_of_a_second_are_understood() {
        let evening = Some(1_682_449_849);
        for text in [
            "2023-04-25T19:10:49Z",
            "2023-04-25 19:10:49",
            "2023-04-25T19:10:49.999999Z",
            "2023-04-25T16:10:49-03:00",
            "2023-04-25T16:10:49.1-0300",
            "2023-04-25T16:10:49-03",
            " 2023-04-26T00:40:49+05:30 ",
        ] {
            assert_eq!(parse_iso(text), evening, "{text}");
        }
        for text in [
            "",
            "2023-04-25",
            "2023-04-25T19:10",
            "25/04/2023 19:10:49",
            "2023-04-25T19:10:49+99:00",
            "2023-04-25T1é:10:49Z",
        ] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0_i64..253_402_300_800) {
            prop_assert_eq!(parse_iso(&iso_8601(seconds)), Some(seconds));
        }

        #[test]
        fn no_text_makes_a_reader_fail(text in ".{0,40}", shaped in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{0,9}[.+-Z0-9é]{0,8}") {
            let _ = (parse_imf(&text), parse_iso(&text), parse_iso(&shaped));
        }
    }
}
