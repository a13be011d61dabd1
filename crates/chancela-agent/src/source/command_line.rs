//! A program and its arguments, divided as a shell divides words, without one: nothing is expanded, and what only a shell
//! can do is refused instead of being handed over as text.

use std::fmt;
use std::iter::Peekable;
use std::str::{Chars, FromStr};

/// A program with its arguments. `Debug` does not show the arguments: they may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine {
    program: String,
    arguments: Vec<String>,
}

/// Why a text is no command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandLineError {
    /// No program.
    #[error("there is no program; write cmd:PROGRAM ARGUMENTS")]
    Empty,
    /// A quotation mark without its other half, or a backslash at the end.
    #[error("a quotation mark is not closed, or nothing follows a backslash")]
    Open,
    /// An unquoted character that means something to a shell.
    #[error(
        "no shell reads it, so | & ; < > ( ) $ ` * ? and line breaks do nothing here; put them in single quotes, or run a shell: cmd:sh -c '…'"
    )]
    Shell,
    /// A zero byte, which no argument can have.
    #[error("an argument cannot have a zero byte")]
    Zero,
}

impl CommandLine {
    /// A program with these arguments, as they are.
    pub fn new(program: &str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { program: program.to_owned(), arguments }
    }

    /// The program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Its arguments.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandLine({} and {} arguments)", self.program, self.arguments.len())
    }
}

impl FromStr for CommandLine {
    type Err = CommandLineError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('\0') {
            return Err(CommandLineError::Zero);
        }
        let mut words = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(next) = rest.peek() {
            if matches!(next, ' ' | '\t') {
                rest.next();
            } else {
                words.push(word(&mut rest)?);
            }
        }
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or(CommandLineError::Empty)?;
        Ok(Self { program, arguments: words.collect() })
    }
}

/// The next word.
fn word(rest: &mut Peekable<Chars<'_>>) -> Result<String, CommandLineError> {
    let mut word = String::new();
    while let Some(next) = rest.next_if(|next| !matches!(next, ' ' | '\t')) {
        match next {
            '\'' => single(rest, &mut word)?,
            '"' => double(rest, &mut word)?,
            '\\' => word.push(rest.next().ok_or(CommandLineError::Open)?),
            '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?' | '\n' | '\r' => {
                return Err(CommandLineError::Shell);
            }
            plain => word.push(plain),
        }
    }
    Ok(word)
}

/// Up to the next single quotation mark, everything is itself.
fn single(rest: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), CommandLineError> {
    loop {
        match rest.next().ok_or(CommandLineError::Open)? {
            '\'' => return Ok(()),
            plain => word.push(plain),
        }
    }
}

/// Up to the next double quotation mark, a backslash goes before `"`, `\`, `$` and `` ` ``.
fn double(rest: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), CommandLineError> {
    loop {
        match rest.next().ok_or(CommandLineError::Open)? {
            '"' => return Ok(()),
            '$' | '`' => return Err(CommandLineError::Shell),
            '\\' => match rest.next_if(|next| matches!(next, '"' | '\\' | '$' | '`')) {
                Some(escaped) => word.push(escaped),
                None => word.push('\\'),
            },
            plain => word.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Result<Vec<String>, CommandLineError> {
        let line: CommandLine = text.parse()?;
        Ok([line.program].into_iter().chain(line.arguments).collect())
    }

    #[test]
    fn words_are_divided_as_a_shell_divides_them() {
        for (text, expected) in [
            ("pass show bank/id", vec!["pass", "show", "bank/id"]),
            ("  a \t b ", vec!["a", "b"]),
            ("a 'b c' \"d e\"f", vec!["a", "b c", "d ef"]),
            ("a '' \"\"", vec!["a", "", ""]),
            (r#"a "\"\\\x" \' b\ c"#, vec!["a", r#""\\x"#, "'", "b c"]),
            ("sh -c 'a | b'", vec!["sh", "-c", "a | b"]),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_only_a_shell_can_do_is_refused() {
        for text in
            ["a | b", "a > b", "a; b", "a && b", "echo $HOME", "echo `id`", "a \"$B\"", "ls *", "a\nb"]
        {
            assert_eq!(words(text), Err(CommandLineError::Shell), "{text}");
        }
        for text in ["a 'b", "a \"b", "a \\"] {
            assert_eq!(words(text), Err(CommandLineError::Open), "{text}");
        }
        assert_eq!(words("''"), Err(CommandLineError::Empty));
        assert_eq!(words("a \0"), Err(CommandLineError::Zero));
    }

    #[test]
    fn arguments_are_not_shown() {
        let line: CommandLine = "curl -H 'X-Key: hunter2'".parse().unwrap();
        assert_eq!(format!("{line:?}"), "CommandLine(curl and 2 arguments)");
    }

    proptest! {
        /// A word in single quotes is itself, whatever it is.
        #[test]
        fn quoted_words_come_back(all in proptest::collection::vec("[^'\0]{0,20}", 1..5)) {
            let quoted: Vec<String> = all.iter().map(|word| format!("'{word}'")).collect();
            match words(&quoted.join(" ")) {
                Ok(read) => prop_assert_eq!(read, all),
                Err(error) => prop_assert!(error == CommandLineError::Empty && all[0].is_empty()),
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
            let _ = words(&text);
        }
    }
}
