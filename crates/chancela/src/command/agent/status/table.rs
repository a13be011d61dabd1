//! How providers stand, for people: a table, and one list of all that ends, by time.

use super::Standing;
use super::words::Words;
use crate::output::harmless;
use chancela_core::message::token_response::iso_8601;

/// Longest scope that is shown; some are a page.
const SCOPE: usize = 48;

/// The whole text.
pub(super) fn table(all: &[Standing], now: i64, words: Words) -> String {
    let mut out = aligned(&rows(all, words));
    let wrong: Vec<_> = all.iter().filter_map(|one| trouble(one, words)).collect();
    if !wrong.is_empty() {
        out.push_str(&format!("\n\n{}\n", words.wrong()));
        out.push_str(&wrong.join("\n"));
    }
    let ends = ends(all, now);
    if !ends.is_empty() {
        out.push_str(&format!("\n\n{}\n", words.ends()));
        let rows = ends.iter().map(|(at, provider, what)| {
            let left = words.within(at.saturating_sub(now));
            vec![iso_8601(*at), left, (*provider).to_owned(), words.thing(what).to_owned()]
        });
        out.push_str(&aligned(&rows.collect::<Vec<_>>()));
    }
    harmless(&out)
}

fn rows(all: &[Standing], words: Words) -> Vec<Vec<String>> {
    let head = words.head().map(str::to_owned).to_vec();
    let rows = all.iter().map(|one| {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let time = |seconds: Option<i64>| seconds.map(|seconds| words.span(seconds)).unwrap_or_default();
        let renewed = if one.renews_in == Some(0) { words.due().to_owned() } else { time(one.renews_in) };
        let good = one.left.map(|_| text(&one.token)).unwrap_or_default();
        vec![
            one.provider.clone(),
            words.state(one.state).to_owned(),
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

fn trouble(one: &Standing, words: Words) -> Option<String> {
    if let Some(error) = &one.error {
        return Some(words.text(error));
    }
    let reason = one.refused?;
    let refusal = words.refusal(reason, one.said.as_deref(), one.next_attempt_in);
    Some(format!("{}: {refusal}", one.provider))
}

fn short(scope: &str) -> String {
    match scope.char_indices().nth(SCOPE) {
        Some((end, _)) => format!("{}…", scope.get(..end).unwrap_or_default()),
        None => scope.to_owned(),
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
    use crate::language::Locale;

    #[test]
    fn people_in_brazil_read_portuguese_and_the_providers_own_words() {
        let refused = Standing {
            refused: Some("credentials"),
            said: Some("the provider answered 401 invalid_client (who?); log in again".into()),
            next_attempt_in: Some(290),
            certificate_ends_at: Some(86_400 * 30),
            session_ends_at: Some(60),
            ..standing("a")
        };
        let told = table(&[refused], 0, Words(Locale::PtBr));
        let expected = "PROVEDOR  SITUAÇÃO      TOKEN  RESTA  RENOVA EM  ESCOPO\n\
                        a         nenhum ainda\n\n\
                        O QUE HÁ DE ERRADO\n\
                        a: o provedor não aceita nossas credenciais: o provedor respondeu 401 invalid_client (who?); \
                        faça login de novo (próxima tentativa em 4 min)\n\n\
                        O QUE TERMINA A SEGUIR\n\
                        1970-01-01T00:01:00Z  em 60 s     a  sessão\n\
                        1970-01-31T00:00:00Z  em 30 dias  a  certificado";
        assert_eq!(told, expected);
    }

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
        let told = table(&[certified, ready, person, expired], 1000, Words(Locale::En));
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
        let told = table(&[refused, unusable], 0, Words(Locale::En));
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
