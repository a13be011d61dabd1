//! Embeds the workspace's dialect files, so that core names no provider.

#![allow(clippy::disallowed_methods, reason = "the rule is for core, not for building it")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../dialects");
    let root = root.canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    println!("cargo::rerun-if-changed={}", root.join("base").display());
    let mut list = String::from("const BUILTIN: &[(&str, &str, &str)] = &[\n");
    for (prefix, folder) in [("", root.clone()), ("base/", root.join("base"))] {
        let mut files: Vec<PathBuf> =
            fs::read_dir(&folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        files.sort();
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "toml")) {
            let stem = file.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
            let name = format!("{prefix}{stem}");
            let _ = writeln!(
                list,
                "    ({name:?}, {:?}, include_str!({:?})),",
                format!("dialects/{name}.toml"),
                file
            );
        }
    }
    list.push_str("];\n");
    fs::write(Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("builtin_dialects.rs"), list)
}
