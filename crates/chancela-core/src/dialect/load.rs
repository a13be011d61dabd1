//! Reads dialect files: finds what a file extends, lays one over the other key by key, and says exactly where a file
//! is wrong. Each file is read against the vocabulary on its own, so an error names that file's own line.

use super::error::{DialectError, meaning, syntax};
use super::layer::{lay_over, read_table};
use super::resolved::Dialect;
use super::{DialectFile, check};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use toml::Table;

include!(concat!(env!("OUT_DIR"), "/builtin_dialects.rs"));

/// Longest chain of `extends`.
const MAX_DEPTH: usize = 4;

/// All dialect files at hand.
#[derive(Debug, Clone, Default)]
pub struct Library {
    files: BTreeMap<String, (String, Arc<str>)>,
    /// Dialects that were read already: realms of one dialect share it.
    loaded: Arc<Mutex<BTreeMap<String, Arc<Dialect>>>>,
}

impl Library {
    /// The files that come with the program.
    pub fn builtin() -> Self {
        let mut library = Self::default();
        for (name, path, text) in BUILTIN {
            library.add(name, path, text);
        }
        library
    }

    /// Adds or replaces a file: `name` as other files and realms call it, `path` as errors call it.
    pub fn add(&mut self, name: &str, path: &str, text: &str) {
        self.files.insert(name.to_owned(), (path.to_owned(), Arc::from(text)));
        self.loaded = Arc::default();
    }

    /// Names of all dialects that have a token endpoint (base files have none), in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str).filter(|name| !name.starts_with("base/"))
    }

    /// Names of all files, base files too.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The text of a file and its path.
    pub fn source(&self, name: &str) -> Option<(&str, &str)> {
        self.files.get(name).map(|(path, text)| (path.as_str(), &**text))
    }

    /// Reads a dialect with all that it extends.
    ///
    /// # Errors
    /// [`DialectError`], naming file, line and key.
    pub fn load(&self, name: &str) -> Result<Arc<Dialect>, DialectError> {
        if let Some(dialect) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(Arc::clone(dialect));
        }
        let dialect = Arc::new(self.read(name)?);
        self.loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), Arc::clone(&dialect));
        Ok(dialect)
    }

    fn read(&self, name: &str) -> Result<Dialect, DialectError> {
        let (merged, chain) = self.merged(name)?;
        let (path, _) = self.source(name).unwrap_or((name, ""));
        let file = read_table(path, &merged)?;
        check::file(path, name, &file)?;
        let dialect = Dialect::resolve(path, &merged, file, chain)?;
        check::dialect(path, &dialect)?;
        Ok(dialect)
    }

    /// The tables of `name` laid over those of what it extends, and each file's own marks.
    fn merged(&self, name: &str) -> Result<(Table, Vec<DialectFile>), DialectError> {
        let mut chain: Vec<DialectFile> = Vec::new();
        let mut tables: Vec<Table> = Vec::new();
        let mut next = Some(name.to_owned());
        while let Some(current) = next.take() {
            let Some((path, text)) = self.source(&current) else {
                return Err(match chain.last().and_then(|child: &DialectFile| self.source(&child.name)) {
                    None => self.unknown(&current),
                    Some((child, _)) => {
                        let known = self.files().collect::<Vec<_>>().join(", ");
                        meaning(child, "extends", format!("there is no file {current:?}; known are: {known}"))
                    }
                });
            };
            if chain.len() == MAX_DEPTH {
                return Err(meaning(
                    path,
                    "extends",
                    "the chain of base files is a circle or longer than four files",
                ));
            }
            let file: DialectFile = toml::from_str(text).map_err(|error| syntax(path, text, &error))?;
            let table: Table = toml::from_str(text).map_err(|error| syntax(path, text, &error))?;
            check::marks(path, &table, &file)?;
            next.clone_from(&file.extends);
            chain.push(file);
            tables.push(table);
        }
        let mut merged = Table::new();
        while let Some(table) = tables.pop() {
            lay_over(&mut merged, table);
        }
        Ok((merged, chain))
    }

    fn unknown(&self, name: &str) -> DialectError {
        DialectError::Unknown { name: name.to_owned(), known: self.names().collect::<Vec<_>>().join(", ") }
    }
}
