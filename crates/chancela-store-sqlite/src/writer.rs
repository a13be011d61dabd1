//! The writer's thread: the only one that changes the file.
//!
//! It takes whatever queued while it was busy and commits it as one transaction, so that one fsync serves all; there
//! is no timer. A list whose guard fails is undone alone. When the transaction itself fails, all of its lists hear so.

use crate::apply::{Applier, Outcome};
use crate::connection;
use crate::health::Health;
use crate::queue::Queue;
use crate::ring::{Laps, Table};
use crate::statements::{Statements, first_tick};
use chancela_core::effect::Effect;
use chancela_store::StoreError;
use rusqlite::{Connection, OptionalExtension, Result};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Most lists in one transaction: bounds how long the first of them waits for the last.
const MAX_BATCH: usize = 1024;

/// What the writer is asked for.
pub(crate) enum Job {
    /// Commit a list of effects.
    Commit(Pending),
    /// Anything else, between two transactions.
    Chore(Box<dyn FnOnce(&mut Writer) + Send>),
}

/// A list that waits for its transaction.
pub(crate) struct Pending {
    pub(crate) effects: Vec<Effect>,
    pub(crate) answer: oneshot::Sender<Outcome>,
}

/// The writer.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) laps: Arc<Laps>,
    pub(crate) health: Arc<Health>,
    statements: Statements,
    outcomes: Vec<Outcome>,
}

impl Writer {
    /// Reads which lap each table holds.
    pub(crate) fn new(connection: Connection, laps: Arc<Laps>, health: Arc<Health>) -> Result<Self> {
        let writer = Self { connection, laps, health, statements: Statements::new(), outcomes: Vec::new() };
        writer.read_laps()?;
        Ok(writer)
    }

    /// Serves until the queue is closed and drained.
    pub(crate) fn serve(mut self, queue: &Arc<Queue<Job>>) {
        let _last_act = Abandon { queue: Arc::clone(queue), health: Arc::clone(&self.health) };
        let (mut jobs, mut batch) = (VecDeque::new(), Vec::new());
        while queue.take_all(&mut jobs) {
            for job in jobs.drain(..) {
                match job {
                    Job::Commit(pending) => batch.push(pending),
                    Job::Chore(chore) => {
                        self.commit(&mut batch);
                        chore(&mut self);
                    }
                }
                if batch.len() == MAX_BATCH {
                    self.commit(&mut batch);
                }
            }
            let answered = batch.len();
            self.commit(&mut batch);
            queue.settle(answered);
        }
    }

    /// Commits a batch and answers it.
    fn commit(&mut self, batch: &mut Vec<Pending>) {
        if batch.is_empty() {
            return;
        }
        let mut outcomes = std::mem::take(&mut self.outcomes);
        match self.transaction(|writer| writer.apply(batch, &mut outcomes)) {
            Ok(()) => {
                for (pending, outcome) in batch.drain(..).zip(outcomes.drain(..)) {
                    let _ = pending.answer.send(outcome); // nobody waits: the request was given up
                }
            }
            Err(error) => {
                let text = error.to_string();
                for pending in batch.drain(..) {
                    let error = match error {
                        StoreError::Overloaded => StoreError::Overloaded,
                        StoreError::Engine(_) => StoreError::Engine(text.clone()),
                    };
                    let _ = pending.answer.send(Err(error));
                }
            }
        }
        outcomes.clear();
        self.outcomes = outcomes;
    }

    fn apply(&self, batch: &[Pending], outcomes: &mut Vec<Outcome>) -> Result<()> {
        let mut applier = Applier::new(&self.connection, &self.laps, &self.statements);
        for pending in batch {
            outcomes.push(applier.list(&pending.effects)?);
        }
        Ok(())
    }

    /// Runs `work` in a transaction, durable when this returns.
    ///
    /// # Errors
    /// `Engine`: nothing of it is applied, or (after a fatal error) nobody knows and the store is dead.
    pub(crate) fn transaction<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        self.health.check()?;
        let run = |sql: &str| self.connection.prepare_cached(sql)?.execute([]);
        let attempt = run("BEGIN IMMEDIATE").and_then(|_| {
            let value = work(self)?;
            run("COMMIT")?;
            Ok(value)
        });
        attempt.map_err(|error| {
            let report = self.health.report(&error);
            if self.health.check().is_ok() && !self.connection.is_autocommit() {
                let undone = run("ROLLBACK").and_then(|_| self.read_laps());
                if let Err(error) = undone {
                    self.health.fail(&error.to_string()); // what the connection holds is unknown
                }
            }
            report
        })
    }

    /// Like [`Writer::transaction`], durable only with the next one: for changes that lose nothing when a power cut
    /// takes them back, so that nobody waits for their fsync.
    pub(crate) fn lazily<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> std::result::Result<T, StoreError> {
        let set =
            |pragmas| self.connection.execute_batch(pragmas).map_err(|error| self.health.report(&error));
        set(connection::LAZY)?;
        let done = self.transaction(work);
        if let Err(error) = set(connection::EAGER) {
            self.health.fail("commits would not be durable: `synchronous` could not be set back");
            return Err(error);
        }
        done
    }

    fn read_laps(&self) -> Result<()> {
        for table in Table::all() {
            let first = self.connection.query_row(&first_tick(table), [], |row| row.get(0)).optional()?;
            self.laps.note(table, first);
        }
        Ok(())
    }
}

/// However the thread ends, nobody waits for it for ever.
struct Abandon {
    queue: Arc<Queue<Job>>,
    health: Arc<Health>,
}

impl Drop for Abandon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.health.fail("the writer panicked");
        }
        self.queue.abandon();
    }
}
