//! `chancela agent status --watch`: on a terminal the table, drawn anew when it changes; elsewhere a line for each change.

use super::table::table;
use super::words::Words;
use super::{Looked, Standing, document, look, now};
use crate::failure::Failure;
use crate::output::harmless;
use chancela_agent::agent::Agent;
use chancela_core::message::token_response::iso_8601;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often credentials are read anew: they say under what tokens are kept, and may be a program's to give.
const READ_ANEW: Duration = Duration::from_secs(60);
/// More often is of no use to anybody.
const SHORTEST: Duration = Duration::from_millis(100);
/// To the terminal: home, and clear what follows.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Goes on until nobody reads.
pub(super) async fn watch(
    agent: &Agent,
    (json, every): (bool, Duration),
    words: Words,
) -> Result<(), Failure> {
    let is_drawn = !json && io::stdout().is_terminal();
    let mut looked: Vec<Looked> = look(agent).await;
    let mut read_at = Instant::now();
    let mut shown = Shown::default();
    loop {
        if read_at.elapsed() >= READ_ANEW {
            (looked, read_at) = (look(agent).await, Instant::now());
        }
        let all: Vec<Standing> = looked.iter().map(|one| one.standing(agent)).collect();
        let now = now(agent);
        let text = match (is_drawn, json) {
            (true, _) => shown.drawn(&all, now, words),
            (false, true) => shown.documents(&all),
            (false, false) => shown.lines(&all, now, words),
        };
        let mut out = io::stdout().lock();
        // A reader that has seen enough ends the watch.
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            return Ok(());
        }
        drop(out);
        sleep(every.max(SHORTEST)).await;
    }
}

/// What stands there already.
#[derive(Default)]
struct Shown {
    table: String,
    all: Vec<Standing>,
}

impl Shown {
    fn drawn(&mut self, all: &[Standing], now: i64, words: Words) -> String {
        let table = table(all, now, words);
        if table == self.table {
            return String::new();
        }
        self.table.clone_from(&table);
        format!("{CLEAR}{table}\n")
    }

    /// The whole document in a line, if anything but the time has changed.
    fn documents(&mut self, all: &[Standing]) -> String {
        let essence: Vec<_> = all.iter().map(Standing::essence).collect();
        if essence == self.all {
            return String::new();
        }
        self.all = essence;
        format!("{}\n", document(all))
    }

    /// A line for each provider of which anything but the time has changed.
    fn lines(&mut self, all: &[Standing], now: i64, words: Words) -> String {
        let mut out = String::new();
        for one in all {
            let essence = one.essence();
            if !self.all.contains(&essence) {
                out.push_str(&harmless(&line(one, now, words)));
                out.push('\n');
            }
        }
        self.all = all.iter().map(Standing::essence).collect();
        out
    }
}

fn line(one: &Standing, now: i64, words: Words) -> String {
    let mut parts = vec![match &one.error {
        Some(error) => words.text(error),
        None => words.state(one.state).to_owned(),
    }];
    if let (Some(left), Some(token)) = (one.left, &one.token) {
        parts.push(words.token(token, left));
    }
    for (at, what) in [(one.session_ends_at, "session"), (one.certificate_ends_at, "certificate")] {
        parts.extend(at.map(|at| words.until(what, &iso_8601(at))));
    }
    if let Some(reason) = one.refused {
        parts.push(words.refusal(reason, one.said.as_deref(), one.next_attempt_in));
    }
    format!("{} {}: {}", iso_8601(now), one.provider, parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Locale;

    const WORDS: Words = Words(Locale::En);

    fn standing(token: &str, left: i64) -> Standing {
        Standing {
            provider: "a".into(),
            state: "ready",
            token: Some(token.into()),
            left: Some(left),
            ..Standing::default()
        }
    }

    #[test]
    fn seconds_that_pass_are_no_news_to_whoever_reads_lines() {
        let mut shown = Shown::default();
        let first = shown.lines(&[standing("f1", 300)], 0, WORDS);
        assert_eq!(first, "1970-01-01T00:00:00Z a: ready, token f1 for 5 min\n");
        assert_eq!(shown.lines(&[standing("f1", 299)], 1, WORDS), "");
        assert_eq!(
            shown.lines(&[standing("f2", 299)], 2, WORDS),
            "1970-01-01T00:00:02Z a: ready, token f2 for 4 min\n"
        );
        assert!(!shown.documents(&[standing("f3", 1)]).is_empty());
        assert_eq!(shown.documents(&[standing("f3", 0)]), "");
    }

    #[test]
    fn a_table_is_drawn_when_it_differs() {
        let mut shown = Shown::default();
        assert!(shown.drawn(&[standing("f1", 300)], 0, WORDS).starts_with(CLEAR));
        assert_eq!(shown.drawn(&[standing("f1", 300)], 0, WORDS), "");
        assert!(shown.drawn(&[standing("f1", 100)], 0, WORDS).contains("100 s"));
    }
}
