//! A TCP proxy before PostgreSQL that cuts a connection around its COMMIT, or swallows all that is said on it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// Where to cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server never hears of it.
    BeforeCommit,
    /// The server has committed; its answer is lost.
    AfterCommit,
}

/// A running proxy.
pub(crate) struct Proxy {
    port: u16,
    socket: PathBuf,
    listening: Mutex<JoinHandle<()>>,
    armed: Arc<Mutex<Option<(Cut, &'static str)>>>,
    /// After which words a connection says nothing more.
    words: Arc<Mutex<Option<&'static str>>>,
    /// Counts how often all connections were silenced.
    swallowed: watch::Sender<u32>,
}

impl Proxy {
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let armed = Arc::new(Mutex::new(None));
        let words = Arc::new(Mutex::new(None));
        let swallowed = watch::Sender::new(0);
        let mut proxy =
            Self { port, socket, listening: Mutex::new(tokio::spawn(async {})), armed, words, swallowed };
        proxy.listening = Mutex::new(proxy.listen(listener));
        proxy
    }

    fn listen(&self, listener: TcpListener) -> JoinHandle<()> {
        let (cuts, last_words) = (Arc::clone(&self.armed), Arc::clone(&self.words));
        let (socket, silence) = (self.socket.clone(), self.swallowed.subscribe());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                let (cuts, words, mut silence) =
                    (Arc::clone(&cuts), Arc::clone(&last_words), silence.clone());
                silence.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        silent = forward(&mut client, server, cuts, words) => if !silent { return },
                        // The server's side goes, as when the server misses signs of life.
                        _ = silence.changed() => {}
                    }
                    swallow(client).await;
                });
            }
        })
    }

    /// Nobody listens any more, and nothing comes through on the connections that there are.
    pub(crate) async fn close(&self) {
        self.listening.lock().unwrap().abort();
        self.swallow();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Listens again.
    pub(crate) async fn open_again(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        *self.listening.lock().unwrap() = self.listen(listener);
    }

    /// From now on nothing comes through on the connections that there are; new ones are none of them.
    pub(crate) fn swallow(&self) {
        self.swallowed.send_modify(|times| *times += 1);
    }

    /// The next connection on which these words are said hears no answer to them, and no more.
    pub(crate) fn swallow_after(&self, words: &'static str) {
        *self.words.lock().unwrap() = Some(words);
    }

    /// This address, by way of the proxy.
    pub(crate) fn address(&self, url: &str) -> String {
        let (database, parameters) = url.trim_start_matches("postgres:///").split_once('?').unwrap();
        let user = parameters.split('&').find_map(|parameter| parameter.strip_prefix("user=")).unwrap();
        format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Cuts the next connection that commits.
    pub(crate) fn arm(&self, cut: Cut) {
        self.arm_for(cut, "");
    }

    /// Cuts the next connection that commits something for which it has said these words.
    pub(crate) fn arm_for(&self, cut: Cut, words: &'static str) {
        *self.armed.lock().unwrap() = Some((cut, words));
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.armed.lock().unwrap().is_none()
    }
}

/// Takes all that is said, answers nothing, and keeps the connection.
async fn swallow(mut client: TcpStream) {
    let mut said = vec![0; 1 << 16];
    while let Ok(1..) = client.read(&mut said).await {}
}

/// Hands bytes on in both directions until one side ends or the cut is made; both connections are then dropped. Tells whether it is to go on in silence.
async fn forward(
    client: &mut TcpStream,
    mut server: UnixStream,
    armed: Arc<Mutex<Option<(Cut, &'static str)>>>,
    words: Arc<Mutex<Option<&'static str>>>,
) -> bool {
    let (mut said, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_meant = false;
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let Ok(length @ 1..) = read else { return false };
                let holds = |words: &str| words.is_empty() || said[..length].windows(words.len()).any(|part| part == words.as_bytes());
                is_meant |= armed.lock().unwrap().is_some_and(|(_, words)| holds(words));
                let cut = if is_meant && holds("COMMIT\0") { armed.lock().unwrap().take() } else { None };
                let cut = cut.map(|(cut, _)| cut);
                if cut == Some(Cut::BeforeCommit) {
                    return false;
                }
                if server.write_all(&said[..length]).await.is_err() {
                    return false;
                }
                if words.lock().unwrap().take_if(|words| holds(words)).is_some() {
                    let _ = server.read(&mut answered).await;
                    return true;
                }
                if cut == Some(Cut::AfterCommit) {
                    // Its answer comes once it is done.
                    let _ = server.read(&mut answered).await;
                    return false;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return false };
                if client.write_all(&answered[..length]).await.is_err() {
                    return false;
                }
            }
        }
    }
}
