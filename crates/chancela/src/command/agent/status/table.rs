//! How providers stand, for people: a table, and one list of all that ends, by time.

use super::Standing;
use crate::output::harmless;
use chancela_core::message::token_response::iso_8601;

const HEAD: [&str; 6] = ["PROVIDER", "STATE", "TOKEN", "LEFT", "RENEWED IN", "SCOPE"];
/// Longest scope that is shown; some are a page.
const SCOPE: usize = 48;

/// The whole text.
pub(super) fn table(all: &[Standing], now: i64) -> String {
    let mut out = aligned(&rows(all));
    let wrong: Vec<_> = all.iter().filter_map(trouble).collect();
    if !wrong.is_empty() {
        out.push_str("\n\nWHAT IS WRONG\n");
        out.push_str(&wrong.join("\n"));
    }
    let ends = ends(all, now);
    if !ends.is_empty() {
        out.push_str("\n\nWHAT ENDS NEXT\n");
        let rows = ends.iter().map(|(at, provider, what)| {
            let left = format!("in {}", span(at.saturating_sub(now)));
            vec![iso_8601(*at), left, (*provider).to_owned(), (*what).to_owned()]
        });
        out.push_str(&aligned(&rows.collect::<Vec<_>>()));
    }
    harmless(&out)
}

fn rows(all: &[Standing]) -> Vec<Vec<String>> {
    let head = HEAD.map(str::to_owned).to_vec();
    let rows = all.iter().map(|one| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let time = |seconds: Option<i64>| seconds.map(span).unwrap_or_default();
        let renewed = if one.renews_in == Some(0) { "due".to_owned() } else { time(one.renews_in) };
        let good = one.left.map(|_| text(&one.token)).unwrap_or_default();
        vec![
            one.provider.clone(),
            one.state.to_owned(),
            good,
            time(one.left),
            renewed,
            short(&text(&one.scope)),
        ]
    });
    [head].into_iter().chain(rows).collect()
}

/// What ends, and when, the next first. A token or a session that is over is in the table alone.
fn ends(all: &[Standing], now: i64) -> Vec<(i64, &str, &'static str)> {
    let mut out: Vec<_> = all
        .iter()
        .flat_map(|one| {
            let token = one.left.map(|left| now.saturating_add(left));
            let ends = [
                (token, "token"),
                (one.session_ends_at, "session"),
                (one.certificate_ends_at, "certificate"),
            ];
            ends.into_iter().filter_map(|(at, what)| Some((at?, one.provider.as_str(), what)))
        })
        .filter(|(at, _, what)| *what == "certificate" || *at > now)
        .collect();
    out.sort_unstable();
    out
}

fn trouble(one: &Standing) -> Option<String> {
    if let Some(error) = &one.error {
        return Some(error.clone());
    }
    let reason = one.refused?;
    let said = one.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
    let next = one.next_attempt_in.map(|left| format!(" (next attempt in {})", span(left)));
    Some(format!("{}: {reason}{said}{}", one.provider, next.unwrap_or_default()))
}

fn short(scope: &str) -> String {
    match scope.char_indices().nth(SCOPE) {
        Some((end, _)) => format!("{}…", scope.get(..end).unwrap_or_default()),
        None => scope.to_owned(),
    }
}

/// Seconds for people.
pub(super) fn span(seconds: i64) -> String {
    match seconds {
        ..0 => "the past".to_owned(),
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Rows in columns; nothing follows the last text of a row.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let lines = rows.iter().map(|row| {
        let cells =
            row.iter().enumerate().map(|(column, text)| format!("{text:<width$}", width = width(column)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(provider: &str) -> Standing {
        Standing { provider: provider.to_owned(), state: "none yet", ..Standing::default() }
    }

    #[test]
    fn what_ends_next_stands_first_whatever_it_is() {
        let certified = Standing { certificate_ends_at: Some(1000 + 86_400 * 30), ..standing("c") };
        let ready =
            Standing { left: Some(300), renews_in: Some(0), token: Some("f".repeat(16)), ..standing("a") };
        let person = Standing { session_ends_at: Some(1200), ..standing("b") };
        let expired = Standing { certificate_ends_at: Some(10), session_ends_at: Some(10), ..standing("d") };
        let told = table(&[certified, ready, person, expired], 1000);
        let (_, ends) = told.split_once("WHAT ENDS NEXT\n").unwrap();
        let expected = "1970-01-01T00:00:10Z  in the past  d  certificate\n\
                        1970-01-01T00:20:00Z  in 3 min     b  session\n\
                        1970-01-01T00:21:40Z  in 5 min     a  token\n\
                        1970-01-31T00:16:40Z  in 30 days   c  certificate";
        assert_eq!(ends, expected);
        assert!(told.contains("\na         none yet  ffffffffffffffff  5 min  due\n"), "{told}");
    }

    #[test]
    fn what_is_wrong_is_a_sentence_and_no_command_to_a_terminal() {
        let refused = Standing {
            refused: Some("credentials"),
            said: Some("\u{1b}[2Jno".into()),
            next_attempt_in: Some(290),
            ..standing("a")
        };
        let unusable = Standing { error: Some("b: there is no dialect".into()), ..standing("b") };
        let told = table(&[refused, unusable], 0);
        let expected =
            "\n\nWHAT IS WRONG\na: credentials: \\u{1b}[2Jno (next attempt in 4 min)\nb: there is no dialect";
        assert!(told.ends_with(expected), "{told}");
    }

    #[test]
    fn a_long_scope_is_cut_between_characters() {
        assert_eq!(short(&"é".repeat(60)), "é".repeat(48) + "…");
        assert_eq!(short("a b"), "a b");
    }
}
