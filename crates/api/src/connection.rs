//! A connection: one of so many, with a deadline for the head of every request and for whoever does not read the answer.
//!
//! The HTTP layer below bounds the first head of a connection alone, and neither the later ones nor how slowly an answer is taken;
//! and it refuses what is no request without a word. Both are made good here, where bytes come and go.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::{Instant, Sleep, sleep, timeout};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::Metrics;
use crate::problem::{Code, Problem};

/// Connections beyond the limit that are told so at a time; others beyond are closed without a word.
pub(crate) const TOLD_AT_ONCE: usize = 128;
/// How long that may take.
const TELLING: Duration = Duration::from_secs(1);

/// Takes connections in: only so many at a time.
#[derive(Clone)]
pub(crate) struct Reception {
    places: Arc<Semaphore>,
    beyond: Arc<Semaphore>,
    patience: Patience,
    metrics: Arc<Metrics>,
}

/// How long a connection is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// A request's line and headers must be there after this time.
    pub(crate) head: Duration,
    /// Something of an answer must be taken in this time.
    pub(crate) answer: Duration,
}

impl Reception {
    pub(crate) fn new(places: usize, patience: Patience, metrics: Arc<Metrics>) -> Self {
        let beyond = Arc::new(Semaphore::new(TOLD_AT_ONCE));
        Self { places: Arc::new(Semaphore::new(places)), beyond, patience, metrics }
    }

    /// Gives the connection a place, or tells that there is none.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn take_in(
        self,
        stream: TcpStream,
    ) -> Result<(Connection, Option<SocketAddr>), DispatchError> {
        let peer = stream.peer_addr().ok();
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => Ok((Connection::new(stream, place, self.patience, self.metrics), peer)),
            Err(_) => {
                self.metrics.refused(Code::TooManyConnections);
                // At most so long, and nobody waits for it.
                if let Ok(_told) = self.beyond.try_acquire() {
                    let _ = timeout(TELLING, tell_full(stream)).await;
                }
                Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()))
            }
        }
    }
}

/// Says that there are too many, and waits until it is read: closing with something unread would take the answer away.
async fn tell_full(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&plain(Code::TooManyConnections)).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// What the requests of a connection tell it. Both live on one thread.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    under_way: Cell<usize>,
    begun: Cell<u64>,
}

/// A request under way, until its answer is complete.
pub(crate) struct UnderWay(Rc<Requests>);

impl UnderWay {
    pub(crate) fn begin(requests: &Rc<Requests>) -> Self {
        requests.under_way.set(requests.under_way.get() + 1);
        requests.begun.set(requests.begun.get() + 1);
        Self(Rc::clone(requests))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get().saturating_sub(1));
    }
}

/// A connection with its deadlines.
pub(crate) struct Connection {
    stream: TcpStream,
    requests: Rc<Requests>,
    patience: Patience,
    metrics: Arc<Metrics>,
    /// When what came must have become a request.
    deadline: Pin<Box<Sleep>>,
    /// Requests begun before the head that is waited for; `None` while none is.
    awaited: Option<u64>,
    /// When something of the answer must have been taken.
    stalled: Option<Pin<Box<Sleep>>>,
    /// What is written in place of a refusal of the HTTP layer, and how much of it is.
    instead: Option<(Vec<u8>, usize)>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn new(
        stream: TcpStream,
        place: OwnedSemaphorePermit,
        patience: Patience,
        metrics: Arc<Metrics>,
    ) -> Self {
        metrics.connections.inc();
        Self {
            stream,
            requests: Rc::default(),
            patience,
            metrics,
            deadline: Box::pin(sleep(patience.head)),
            // The first head is waited for from the beginning.
            awaited: Some(0),
            stalled: None,
            instead: None,
            _place: place,
        }
    }

    pub(crate) fn requests(&self) -> Rc<Requests> {
        Rc::clone(&self.requests)
    }

    /// Whether what came has not become a request in time. `came` tells whether something has just come.
    fn is_late(&mut self, came: bool, cx: &mut Context<'_>) -> bool {
        let begun = self.requests.begun.get();
        self.awaited = self.awaited.filter(|before| *before == begun);
        if self.requests.under_way.get() > 0 {
            return false;
        }
        if self.awaited.is_none() && came {
            self.awaited = Some(begun);
            self.deadline.as_mut().reset(Instant::now() + self.patience.head);
        }
        self.awaited.is_some() && self.deadline.as_mut().poll(cx).is_ready()
    }

    /// Writes what stands in place of a refusal of the HTTP layer, to its end.
    fn write_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, written)) = &mut self.instead {
            *written += ready!(Pin::new(&mut self.stream).poll_write(cx, &bytes[*written..]))?;
            if *written >= bytes.len() {
                self.instead = None;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Some((before, code)) = bare_refusal(bytes) else {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        };
        if before > 0 {
            return Pin::new(&mut self.stream).poll_write(cx, &bytes[..before]);
        }
        if self.instead.is_none() {
            self.metrics.refused(code);
            self.instead = Some((plain(code), 0));
        }
        ready!(self.write_instead(cx))?;
        Poll::Ready(Ok(bytes.len()))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        let came = buffer.filled().len() > before;
        if !this.is_late(came, cx) {
            return read;
        }
        // As if the caller had hung up: the HTTP layer then closes. Between two answers nothing of ours is on its way.
        this.metrics.refused(Code::HeadTimeout);
        if this.stalled.is_none() {
            let _ = this.stream.try_write(&plain(Code::HeadTimeout));
        }
        buffer.set_filled(before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.write(cx, bytes);
        if written.is_ready() {
            this.stalled = None;
            return written;
        }
        let answer = this.patience.answer;
        let stalled = this.stalled.get_or_insert_with(|| Box::pin(sleep(answer)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// A refusal of the HTTP layer at the end of what is to be written: where it begins, and why. It has no body, which no answer of ours with
/// such a status lacks.
fn bare_refusal(bytes: &[u8]) -> Option<(usize, Code)> {
    const KNOWN: [(&[u8], Code); 3] = [
        (b"HTTP/1.1 400 ", Code::MalformedRequest),
        (b"HTTP/1.1 408 ", Code::HeadTimeout),
        (b"HTTP/1.1 431 ", Code::HeadTooLarge),
    ];
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let begin = bytes.windows(9).rposition(|window| window == b"HTTP/1.1 ")?;
    let (_, code) = KNOWN.into_iter().find(|(line, _)| bytes[begin..].starts_with(line))?;
    let head = bytes[begin..].to_ascii_lowercase();
    let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    (has(b"\r\ncontent-length: 0\r\n") && !has(b"\r\ncontent-type:")).then_some((begin, code))
}

/// A whole answer for what never became a request; it has no number.
fn plain(code: Code) -> Vec<u8> {
    let detail = match code {
        Code::HeadTimeout => "请求头没有在规定时间内传完，连接已关闭",
        Code::HeadTooLarge => "请求行和请求头合计最多 128 KiB",
        Code::TooManyConnections => "同时打开的连接已达上限，请稍后再试",
        _ => "请核对请求行、请求头（至多 96 个，长度和编码的写法不能有歧义）和分块；连接已关闭",
    };
    let problem = Problem::new(code, detail);
    let body = serde_json::to_vec(&problem.view(None)).unwrap_or_default();
    let status = code.status();
    let mut head = format!("HTTP/1.1 {status}\r\ncontent-type: {}\r\n", crate::problem::PROBLEM_JSON);
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n", body.len()));
    head.push_str("x-content-type-options: nosniff\r\ncache-control: no-store\r\n");
    if let Some(seconds) = problem.seconds_to_wait() {
        head.push_str(&format!("retry-after: {seconds}\r\n"));
    }
    [head.as_bytes(), b"\r\n", &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_without_a_body_is_replaced() {
        let bare = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(bare_refusal(bare), Some((0, Code::MalformedRequest)));
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let both = [&answer[..], bare].concat();
        assert_eq!(bare_refusal(&both), Some((answer.len(), Code::MalformedRequest)));
        for other in [
            &answer[..],
            b"HTTP/1.1 304 Not Modified\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n",
        ] {
            assert_eq!(bare_refusal(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn what_is_said_instead_is_a_whole_problem() {
        let said = String::from_utf8(plain(Code::TooManyConnections)).unwrap_or_default();
        let (head, body) = said.split_once("\r\n\r\n").unwrap_or_default();
        assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
        assert!(head.contains("\r\nretry-after: 5"), "{head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        assert!(body.contains("\"code\":\"too_many_connections\"") && body.contains("连接"), "{body}");
    }
}
