//! The bounded queues in front of the writer's and the readers' threads.
//!
//! A sleeping consumer is woken once, and only if it sleeps: at full load a push is one short lock and no system call.

use chancela_store::StoreError;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A queue of jobs.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    wake: Condvar,
    limit: usize,
}

#[derive(Debug)]
struct State<T> {
    jobs: VecDeque<T>,
    /// Consumers asleep that nobody has woken yet.
    sleeping: usize,
    closed: bool,
}

impl<T> Queue<T> {
    /// A queue of at most `limit` waiting jobs.
    pub(crate) fn new(limit: usize) -> Self {
        let jobs = VecDeque::with_capacity(64.min(limit));
        Self { state: Mutex::new(State { jobs, sleeping: 0, closed: false }), wake: Condvar::new(), limit }
    }

    /// Adds a job.
    ///
    /// # Errors
    /// `Overloaded` when the queue is full, `Engine` when the store is closed.
    pub(crate) fn push(&self, job: T) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.closed {
            return Err(StoreError::Engine("the store is closed".to_owned()));
        }
        if state.jobs.len() >= self.limit {
            return Err(StoreError::Overloaded);
        }
        state.jobs.push_back(job);
        let wake = state.sleeping > 0;
        state.sleeping = state.sleeping.saturating_sub(1);
        drop(state);
        if wake {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Waits for jobs and takes all of them into `jobs` (empty before); `false` when closed and drained.
    pub(crate) fn take_all(&self, jobs: &mut VecDeque<T>) -> bool {
        let mut state = self.wait();
        std::mem::swap(&mut state.jobs, jobs);
        !jobs.is_empty()
    }

    /// Waits for jobs and moves at most `most` of them into `jobs`; `false` when closed and drained.
    pub(crate) fn take_some(&self, jobs: &mut Vec<T>, most: usize) -> bool {
        let mut state = self.wait();
        let some = most.min(state.jobs.len());
        jobs.extend(state.jobs.drain(..some));
        some > 0
    }

    /// Lets those who were just answered ask again: gives the processor away as long as the queue grows, up to
    /// `expected` jobs. Costs a microsecond or two; a fuller transaction saves far more.
    pub(crate) fn settle(&self, expected: usize) {
        let mut waiting = self.lock().jobs.len();
        while waiting < expected {
            std::thread::yield_now();
            let now = self.lock().jobs.len();
            if now <= waiting {
                return;
            }
            waiting = now;
        }
    }

    /// Refuses new jobs; consumers finish what waits.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    /// Refuses new jobs and forgets what waits, so that those who wait for answers learn that none will come.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        drop(jobs);
        self.wake.notify_all();
    }

    fn wait(&self) -> MutexGuard<'_, State<T>> {
        let mut state = self.lock();
        while state.jobs.is_empty() && !state.closed {
            state.sleeping += 1;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// Nothing under the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_a_drained_one_accepts_again() {
        let queue = Queue::new(2);
        assert!(queue.push(1).is_ok() && queue.push(2).is_ok());
        assert!(matches!(queue.push(3), Err(StoreError::Overloaded)));
        let mut jobs = VecDeque::new();
        assert!(queue.take_all(&mut jobs));
        assert_eq!(jobs, [1, 2]);
        assert!(queue.push(3).is_ok());
    }

    #[test]
    fn a_closed_queue_gives_out_what_waits_and_then_ends() {
        let queue = Queue::new(2);
        queue.push(1).unwrap();
        queue.close();
        assert!(queue.push(2).is_err());
        let mut jobs = Vec::new();
        assert!(queue.take_some(&mut jobs, 9) && !queue.take_some(&mut jobs, 9));
        assert_eq!(jobs, [1]);
    }
}
