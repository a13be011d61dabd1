//! Chancela.
fn main() {}
