//! A TCP proxy before PostgreSQL that cuts a connection around its COMMIT.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

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
    armed: Arc<Mutex<Option<Cut>>>,
}

impl Proxy {
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let armed = Arc::new(Mutex::new(None));
        let cuts = Arc::clone(&armed);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(forward(client, server, Arc::clone(&cuts)));
            }
        });
        Self { port, armed }
    }

    /// This address, by way of the proxy.
    pub(crate) fn address(&self, url: &str) -> String {
        let (database, parameters) = url.trim_start_matches("postgres:///").split_once('?').unwrap();
        let user = parameters.split('&').find_map(|parameter| parameter.strip_prefix("user=")).unwrap();
        format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Cuts the next connection that commits.
    pub(crate) fn arm(&self, cut: Cut) {
        *self.armed.lock().unwrap() = Some(cut);
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.armed.lock().unwrap().is_none()
    }
}

/// Hands bytes on in both directions until one side ends or the cut is made; both connections are then dropped.
async fn forward(mut client: TcpStream, mut server: UnixStream, armed: Arc<Mutex<Option<Cut>>>) {
    let (mut said, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let Ok(length @ 1..) = read else { return };
                let commits = said[..length].windows(7).any(|window| window == b"COMMIT\0");
                let cut = if commits { armed.lock().unwrap().take() } else { None };
                if cut == Some(Cut::BeforeCommit) {
                    return;
                }
                if server.write_all(&said[..length]).await.is_err() {
                    return;
                }
                if cut == Some(Cut::AfterCommit) {
                    // Its answer comes once it is done.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
