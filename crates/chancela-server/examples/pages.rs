//! Writes every page with sample data, in both languages, for a browser to look at: the markup as `NAME.LANGUAGE.html`
//! and its headers beside it as `NAME.LANGUAGE.json`.
//!
//!     cargo run -p chancela-server --example pages FOLDER

#![allow(clippy::unwrap_used, reason = "a program for developers")]

use chancela_server::page::Locale;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[allow(dead_code, unreachable_pub, reason = "the tests take more of them")]
#[path = "../tests/page/samples.rs"]
mod samples;

fn main() {
    let folder: PathBuf = std::env::args_os().nth(1).unwrap_or("target/pages".into()).into();
    std::fs::create_dir_all(&folder).unwrap();
    for locale in Locale::ALL {
        for (name, response) in samples::all(locale) {
            let (head, body) = response.into_parts();
            let mut headers: BTreeMap<&str, &str> =
                head.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
            headers.insert(":status", head.status.as_str());
            let path = folder.join(format!("{name}.{}", locale.tag()));
            std::fs::write(path.with_added_extension("html"), body).unwrap();
            std::fs::write(path.with_added_extension("json"), serde_json::to_vec_pretty(&headers).unwrap())
                .unwrap();
        }
    }
}
