//! The dialect files that come with the program, the vocabulary that they are written in, and its errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod axes;
mod builtin;
mod errors;
mod layers;
mod neighbours;

use chancela_core::dialect::{Dialect, DialectError, Library};

/// What every file must have, with a made-up provider.
const HEAD: &str = r#"
format = 1
name = "acme"
title = "Acme Pagamentos"
sources = ["docs.acme.example"]
[environments.production]
[token_endpoint.token]
paths = ["/oauth/token"]
[request.grants]
client_credentials = "client_credentials"
"#;

fn try_load(files: &[(&str, &str)]) -> Result<std::sync::Arc<Dialect>, DialectError> {
    let mut library = Library::default();
    for (name, text) in files {
        library.add(name, &format!("{name}.toml"), text);
    }
    library.load("acme")
}

/// The dialect of [`HEAD`] and `tables`.
fn acme(tables: &str) -> std::sync::Arc<Dialect> {
    try_load(&[("acme", &format!("{HEAD}{tables}"))]).unwrap_or_else(|error| panic!("{error}"))
}

/// The dialect of a whole file whose first lines are given here.
fn whole(tables: &str) -> std::sync::Arc<Dialect> {
    let head = "format = 1\nname = \"acme\"\ntitle = \"Acme\"\nsources = [\"docs.acme.example\"]\n[environments.production]\n";
    try_load(&[("acme", &format!("{head}{tables}"))]).unwrap_or_else(|error| panic!("{error}"))
}
