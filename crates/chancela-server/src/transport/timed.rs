//! The times of a connection that HTTP does not keep (requirements.md 5.1): how long the head of a request may take once it
//! has begun, and how long an answer may wait for a reader. A timer is made only where something is waited for.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a request's head may take from its first byte.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long an answer may wait for its reader without a byte being taken.
const STALL_TIME: Duration = Duration::from_secs(10);

/// Counts the beginnings and ends of requests on one connection: odd while one is being answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<AtomicU32>);

impl Turns {
    /// A request's head is complete, or its answer is.
    pub(super) fn next(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn now(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection with its times.
#[derive(Debug)]
pub(super) struct Timed<T> {
    inner: T,
    turns: Turns,
    /// The turn in which bytes last came.
    seen: u32,
    /// Whether bytes of a head have come in this turn.
    begun: bool,
    head: Option<Pin<Box<Sleep>>>,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<T> Timed<T> {
    pub(super) const fn new(inner: T, turns: Turns) -> Self {
        Self { inner, turns, seen: 0, begun: false, head: None, stall: None }
    }

    /// Forgets a head that has become a request.
    fn catch_up(&mut self) -> bool {
        let now = self.turns.now();
        if now != self.seen {
            (self.seen, self.begun, self.head) = (now, false, None);
        }
        now % 2 == 1
    }

    /// What a write that ended so means: it went on, or it waits, and not for too long. TLS takes bytes before the
    /// connection does, and so waits in flushes and in its farewell too.
    fn written<R>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        match poll {
            Poll::Ready(result) => {
                self.stall = None;
                Poll::Ready(result)
            }
            Poll::Pending => wait(&mut self.stall, STALL_TIME, context),
        }
    }
}

/// Waits with a timer that begins now, if it has not begun.
fn wait<R>(
    timer: &mut Option<Pin<Box<Sleep>>>,
    time: Duration,
    context: &mut Context<'_>,
) -> Poll<io::Result<R>> {
    match timer.get_or_insert_with(|| Box::pin(sleep(time))).as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        Poll::Pending => Poll::Pending,
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Timed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let own = &mut *self;
        let answering = own.catch_up();
        let before = buffer.filled().len();
        match Pin::new(&mut own.inner).poll_read(context, buffer) {
            Poll::Ready(result) => {
                own.begun |= !answering && buffer.filled().len() > before;
                Poll::Ready(result)
            }
            Poll::Pending if own.begun => wait(&mut own.head, HEAD_TIME, context),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Timed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.written(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write_vectored(context, pieces);
        self.written(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_flush(context);
        self.written(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_shutdown(context);
        self.written(context, poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, timeout};

    fn pair() -> (Timed<DuplexStream>, DuplexStream, Turns) {
        let (ours, theirs) = duplex(16);
        let turns = Turns::default();
        (Timed::new(ours, turns.clone()), theirs, turns)
    }

    /// TLS: takes every byte at once, and the connection below takes none of them.
    struct Hoarder;

    impl AsyncWrite for Hoarder {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    /// DO-08.
    #[tokio::test(start_paused = true)]
    async fn a_flush_and_a_farewell_wait_no_longer_than_a_write() {
        let mut timed = Timed::new(Hoarder, Turns::default());
        timed.write_all(b"answer").await.unwrap();
        let start = Instant::now();
        assert_eq!(timed.flush().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), STALL_TIME);
        let mut timed = Timed::new(Hoarder, Turns::default());
        assert_eq!(timed.shutdown().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), 2 * STALL_TIME);
    }

    async fn reads(timed: &mut Timed<DuplexStream>) -> io::Result<usize> {
        timed.read(&mut [0; 16]).await
    }

    /// DO-08.
    #[tokio::test(start_paused = true)]
    async fn a_head_that_has_begun_must_end_in_its_time() {
        let (mut timed, mut theirs, _) = pair();
        let start = Instant::now();
        let drip = async {
            loop {
                theirs.write_all(b"P").await.unwrap();
                sleep(Duration::from_secs(1)).await;
            }
        };
        let read = async {
            loop {
                if let Err(error) = reads(&mut timed).await {
                    return error.kind();
                }
            }
        };
        let kind = tokio::select! { kind = read => kind, () = drip => unreachable!() };
        assert_eq!((kind, start.elapsed().as_secs()), (io::ErrorKind::TimedOut, HEAD_TIME.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_and_while_one_is_answered_a_connection_may_be_silent() {
        let (mut timed, mut theirs, turns) = pair();
        let long = HEAD_TIME * 4;
        assert!(timeout(long, reads(&mut timed)).await.is_err(), "before the first");
        theirs.write_all(b"GET").await.unwrap();
        assert_eq!(reads(&mut timed).await.unwrap(), 3);
        turns.next();
        assert!(timeout(long, reads(&mut timed)).await.is_err(), "while it is answered");
        theirs.write_all(b"body").await.unwrap();
        assert_eq!(reads(&mut timed).await.unwrap(), 4);
        assert!(timeout(long, reads(&mut timed)).await.is_err(), "while its body comes");
        turns.next();
        assert!(timeout(long, reads(&mut timed)).await.is_err(), "after it");
        theirs.write_all(b"G").await.unwrap();
        assert_eq!(reads(&mut timed).await.unwrap(), 1);
        assert_eq!(reads(&mut timed).await.unwrap_err().kind(), io::ErrorKind::TimedOut, "the second's head");
    }

    /// DO-08.
    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_ends_the_connection() {
        let (mut timed, _theirs, _) = pair();
        let start = Instant::now();
        let error = timed.write_all(&[b'a'; 64]).await.unwrap_err();
        assert_eq!(
            (error.kind(), start.elapsed().as_secs()),
            (io::ErrorKind::TimedOut, STALL_TIME.as_secs())
        );
        let (mut timed, mut theirs, _) = pair();
        let reader = async {
            for _ in 0..8 {
                sleep(STALL_TIME / 2).await;
                theirs.read_exact(&mut [0; 8]).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(timed.write_all(&[b'a'; 64]), reader);
        assert!(written.is_ok(), "slow is not stalled");
    }
}
