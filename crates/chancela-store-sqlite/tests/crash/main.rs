//! What was acknowledged is there after a crash: a child process (this program again) commits under load and tells
//! every acknowledged key through a pipe, until it is killed, its power is cut, its disk is full or its fsync fails.
//! The parent then opens the directory as a server would and looks for each key.
//!
//! A kill proves the grouping, the recovery and the lock's release, not fsync: the kernel keeps what was written. The
//! cut power proves fsync.

#![allow(clippy::disallowed_methods, reason = "the parent tells its child by environment what to do")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod child;
mod disk;
mod kill;
mod power_cut;
