//! What the service tells the manager of services that started it (systemd's `sd_notify` protocol): that it is ready, that it ends.

use std::env;
use std::io;

/// Where the manager listens, if there is one.
const ADDRESS: &str = "NOTIFY_SOCKET";

/// The service takes requests.
pub(crate) fn ready() {
    tell("READY=1");
}

/// The service lets requests finish and ends.
pub(crate) fn stopping() {
    tell("STOPPING=1");
}

fn tell(state: &str) {
    let Some(address) = env::var_os(ADDRESS) else { return };
    if let Err(error) = send(&address, state) {
        // Unheard, the service would be taken for one that hangs.
        tracing::warn!(%error, state, "the manager of services could not be told");
    }
}

#[cfg(unix)]
fn send(address: &std::ffi::OsStr, state: &str) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    let socket = UnixDatagram::unbound()?;
    let address = match address.as_bytes().strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(address)?,
    };
    socket.send_to_addr(state.as_bytes(), &address).map(drop)
}

#[cfg(not(unix))]
fn send(_: &std::ffi::OsStr, _: &str) -> io::Result<()> {
    Ok(())
}
