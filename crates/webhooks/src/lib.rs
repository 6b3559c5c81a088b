//! Calls to portals: how a message is signed ([`Secret`]), which addresses may be called at all ([`Rules`]), and one request to one of them
//! ([`Courier`]). Knows nothing of what is told, of SQL or of our own API. The only user of hyper.
//!
//! Messages are signed as the specification of Standard Webhooks 1.0.0 says, symmetric scheme.
//!
//! Whoever may name an address that a server calls can have the server call what only the server reaches. So a name is resolved here, each of
//! its addresses is looked at, and the connection is made to one of those that were looked at: nobody resolves the name a second time.

mod address;
mod backoff;
mod calling;
mod resolving;
mod rules;
mod signing;
mod tls;

pub use address::{AddressClass, Network};
pub use backoff::{later, retry_after};
pub use calling::{CallFault, Called, Courier};
pub use resolving::{Resolve, Resolver, Resolving};
pub use rules::{Allowed, Refusal, Rules, Target};
pub use signing::{BadSecret, Secret, signatures};
