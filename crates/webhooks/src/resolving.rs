//! From a name to its addresses: by the system, or by whoever a test puts in its place.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// What a look-up comes to.
pub type Resolving<'a> = BoxFuture<'a, io::Result<Vec<IpAddr>>>;

/// Whoever knows names.
pub trait Resolve: Send + Sync {
    /// All addresses of a host.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// Whom we ask for addresses.
#[derive(Clone, Default)]
pub enum Resolver {
    /// The system: its table of hosts, and its name servers.
    #[default]
    System,
    /// Somebody else.
    Other(Arc<dyn Resolve>),
}

impl Resolver {
    pub(crate) async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::Other(other) => other.resolve(host).await,
            Self::System => {
                // The port says nothing here; the system wants one.
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Other(_) => "Other",
        })
    }
}

impl PartialEq for Resolver {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System, Self::System) => true,
            (Self::Other(one), Self::Other(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}
