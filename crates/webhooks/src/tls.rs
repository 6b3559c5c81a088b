//! TLS towards portals: the certificates of the system, to which an authority of the operator's own may be added (`SSL_CERT_FILE`), as for PostgreSQL.

use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

/// Trusts what the system trusts. What of that cannot be read is left out; a system that trusts nobody calls nobody.
pub(crate) fn of_the_system() -> io::Result<TlsConnector> {
    connector(rustls_native_certs::load_native_certs().certs)
}

/// Trusts these authorities.
pub(crate) fn connector(authorities: Vec<CertificateDer<'static>>) -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
