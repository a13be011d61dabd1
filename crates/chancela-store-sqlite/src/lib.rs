//! The SQLite store: one writer that commits concurrent requests as a group.
