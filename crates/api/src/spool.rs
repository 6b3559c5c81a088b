//! Lines for a caller who may not read yet. They are put aside in a file without a name, so that who sends need not wait for who reads, and a
//! caller that sends all before it reads does not wait for ever.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::{self, Bytes};
use futures_util::Stream;
use futures_util::stream::try_unfold;
use tokio::sync::watch;

use crate::problem::{Code, Problem};

/// Bytes read from the file at a time.
const PIECE: u64 = 64 << 10;

/// How far a spool is.
#[derive(Debug, Clone, Default)]
struct State {
    /// Bytes that may be read.
    published: u64,
    end: Option<End>,
}

#[derive(Debug, Clone)]
enum End {
    /// All there is was published.
    Whole,
    /// Nothing was, and this is why.
    Refused(Problem),
    /// The rest is lost.
    Torn,
}

/// The end that writes.
pub(crate) struct Spool {
    file: Arc<Mutex<File>>,
    state: watch::Sender<State>,
    written: u64,
    /// What the disk refused.
    fault: Option<io::Error>,
}

/// The end that reads.
pub(crate) struct SpooledLines {
    file: Arc<Mutex<File>>,
    state: watch::Receiver<State>,
    read: watch::Sender<u64>,
}

/// How much has been published and not been read.
pub(crate) struct Backlog {
    state: watch::Receiver<State>,
    read: watch::Receiver<u64>,
}

/// A spool in this file, which must be empty.
pub(crate) fn spool(file: File) -> (Spool, SpooledLines, Backlog) {
    let file = Arc::new(Mutex::new(file));
    let (sender, state) = watch::channel(State::default());
    let (read, taken) = watch::channel(0);
    let spool = Spool { file: Arc::clone(&file), state: sender, written: 0, fault: None };
    (spool, SpooledLines { file, state: state.clone(), read }, Backlog { state, read: taken })
}

impl Spool {
    /// Puts lines aside, which are read once they are published. What the disk refuses is told in the end.
    pub(crate) fn write(&mut self, lines: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.seek(SeekFrom::Start(self.written)).and_then(|_| file.write_all(lines));
        match written {
            Ok(()) => self.written += lines.len() as u64,
            Err(error) => self.fault = Some(error),
        }
    }

    /// Lets everything be read that was written.
    pub(crate) fn publish(&self) {
        self.state.send_modify(|state| state.published = self.written);
    }

    /// Whether anything may be read.
    pub(crate) fn has_begun(&self) -> bool {
        self.state.borrow().published > 0
    }

    /// Ends it: whole, or, when the disk refused something, torn.
    pub(crate) fn end(self) {
        self.publish();
        let end = match &self.fault {
            None => End::Whole,
            Some(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "outcomes could not be put aside");
                End::Torn
            }
        };
        self.state.send_modify(|state| state.end = Some(end));
    }

    /// Ends one of which nothing was published.
    pub(crate) fn refuse(self, problem: Problem) {
        self.state.send_modify(|state| state.end = Some(End::Refused(problem)));
    }
}

impl Backlog {
    /// Waits until no more than so many bytes are unread, or nobody reads any more.
    pub(crate) async fn room(&mut self, most: u64) {
        while self.state.borrow().published.saturating_sub(*self.read.borrow_and_update()) > most {
            if self.read.changed().await.is_err() {
                return;
            }
        }
    }
}

impl SpooledLines {
    /// Waits until there is something to read, or the end.
    ///
    /// # Errors
    /// The problem for which nothing was published.
    pub(crate) async fn begin(&mut self) -> Result<(), Problem> {
        let begun = self.state.wait_for(|state| state.published > 0 || state.end.is_some()).await;
        match begun.map(|state| state.end.clone()) {
            Ok(Some(End::Refused(problem))) => Err(problem),
            Ok(_) => Ok(()),
            Err(_) => Err(Problem::new(Code::InternalError, "服务内部发生错误，报障时请提供请求编号")),
        }
    }

    /// Everything that is published, as it is. An error tears the answer, so that the caller sees that it is not whole.
    pub(crate) fn stream(self) -> impl Stream<Item = io::Result<Bytes>> {
        try_unfold((self, 0), |(mut lines, at)| async move {
            let Some(piece) = lines.next(at).await? else { return Ok(None) };
            let at = at + piece.len() as u64;
            lines.read.send_replace(at);
            Ok(Some((piece, (lines, at))))
        })
    }

    async fn next(&mut self, at: u64) -> io::Result<Option<Bytes>> {
        let torn = || io::Error::other("the outcomes are not whole");
        let there = self.state.wait_for(|state| state.published > at || state.end.is_some()).await;
        let State { published, end } = there.map_err(|_| torn())?.clone();
        if published == at {
            return if matches!(end, Some(End::Whole)) { Ok(None) } else { Err(torn()) };
        }
        let (file, length) = (Arc::clone(&self.file), (published - at).min(PIECE));
        let piece = web::block(move || {
            let mut piece = vec![0; length as usize];
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut piece).map(|()| piece)
        });
        let piece = piece.await.map_err(|_| torn())??;
        Ok(Some(piece.into()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use futures_util::StreamExt;

    use super::*;

    async fn text(lines: SpooledLines) -> String {
        let pieces: Vec<Bytes> = lines.stream().map(Result::unwrap).collect().await;
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[actix_web::test]
    async fn what_is_published_is_read_once_and_in_order() {
        let (mut spool, mut lines, _) = spool(tempfile::tempfile().unwrap());
        let long = "行".repeat(PIECE as usize);
        spool.write(b"1\n");
        assert!(!spool.has_begun());
        spool.publish();
        lines.begin().await.unwrap();
        let reading = actix_web::rt::spawn(text(lines));
        tokio::time::sleep(Duration::from_millis(20)).await;
        spool.write(long.as_bytes());
        spool.end();
        assert_eq!(reading.await.unwrap(), format!("1\n{long}"));
    }

    #[actix_web::test]
    async fn who_sends_waits_when_too_much_is_unread_and_no_longer_than_somebody_reads() {
        let (mut spool, lines, mut backlog) = spool(tempfile::tempfile().unwrap());
        spool.write(&[b'x'; 100]);
        spool.publish();
        let wait = Duration::from_millis(50);
        tokio::time::timeout(wait, backlog.room(100)).await.unwrap();
        assert!(tokio::time::timeout(wait, backlog.room(99)).await.is_err());
        let mut stream = Box::pin(lines.stream());
        assert_eq!(stream.next().await.unwrap().unwrap().len(), 100);
        tokio::time::timeout(wait, backlog.room(99)).await.unwrap();
        spool.write(&[b'x'; 100]);
        spool.publish();
        drop(stream);
        tokio::time::timeout(wait, backlog.room(99)).await.unwrap();
    }

    #[actix_web::test]
    async fn what_is_not_whole_ends_in_an_error() {
        let (mut spool, mut lines, _) = spool(tempfile::tempfile().unwrap());
        spool.write(b"1\n");
        spool.publish();
        lines.begin().await.unwrap();
        // As when the importing task falls over.
        drop(spool);
        let mut stream = Box::pin(lines.stream());
        assert_eq!(stream.next().await.unwrap().unwrap(), "1\n");
        assert!(stream.next().await.unwrap().is_err());
    }
}
