//! The cache with real files, processes and full disks: a child process (this program again) stores records and tells each
//! that is durable through a pipe, until it is killed or its disk is full.

#![allow(clippy::disallowed_methods, reason = "the parent tells its child by environment what to do")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod calls;
mod child;
mod disk;
mod files;
mod keys;
mod kill;
mod lock;
mod power_cut;
mod race;
mod unreadable;
mod world;
