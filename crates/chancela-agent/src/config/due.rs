//! Who is told that something ends, and when, in the words of the file.

use crate::source::{CommandLine, Source};
use serde::{Deserialize, Deserializer, de::Error};

/// `cmd:PROGRAM ARGUMENT…`: a program that is run and not read. No shell is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program(pub CommandLine);

impl<'de> Deserialize<'de> for Program {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        match String::deserialize(input)?.parse() {
            Ok(Source::Command(line)) => Ok(Self(line)),
            _ => Err(D::Error::custom("a program is cmd:PROGRAM ARGUMENTS, with the program's whole path")),
        }
    }
}
