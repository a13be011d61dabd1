//! Moments in words. Portuguese gets Brasília's time, which has been UTC-3 all year since 2019; English gets UTC. The
//! page says once which it is.

use super::locale::Locale;

const BRASILIA: i64 = -3 * 3600;

/// Seconds since the epoch as a date and time that a person reads.
pub fn moment(seconds: i64, locale: Locale) -> String {
    let shifted = seconds.saturating_add(if locale == Locale::PtBr { BRASILIA } else { 0 });
    let (year, month, day) = civil(shifted.div_euclid(86_400));
    let minutes = shifted.rem_euclid(86_400) / 60;
    let (hour, minute) = (minutes / 60, minutes % 60);
    let month = locale.text().date.months.get(month).copied().unwrap_or_default();
    match locale {
        Locale::PtBr => format!("{day} de {month} de {year}, às {hour:02}:{minute:02}"),
        Locale::En => format!("{day} {month} {year} at {hour:02}:{minute:02}"),
    }
}

/// Year, month from 0, and day from 1 of a day counted from 1970-01-01 (Hinnant, "chrono-compatible low-level date
/// algorithms": years begin in March, so that the leap day is the last).
fn civil(days: i64) -> (i64, usize, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 2, 0) } else { (month - 10, 1) };
    (year_of_era + era * 400 + next_year, usize::try_from(month).unwrap_or(0), day)
}
