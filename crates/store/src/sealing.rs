//! A contact as it lies in the database: all its values as one text under a key (XChaCha20-Poly1305, RFC 8439 with the extended nonce
//! of draft-irtf-cfrg-xchacha), bound to its record so that it cannot be laid beside another one. And the secrets of webhooks, in the same way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use domain::{Contact, RecordId, WebhookId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::StoreError;
use crate::keyring::{Key, Keys, random};
use crate::rows::corrupt;

const NONCE: usize = 24;

/// A contact under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) key_id: String,
    pub(crate) text: String,
}

/// The values of a contact, in memory for the moment between the key and the contact.
#[derive(Serialize, Deserialize)]
struct Values {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mobile: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fax: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    postcode: Option<String>,
}

impl Keys {
    /// Seals a record's contact with the key of today.
    pub(crate) fn seal(&self, id: RecordId, contact: &Contact) -> Result<Sealed, StoreError> {
        seal(self.ring()?.current(), id, contact)
    }

    /// Opens a record's contact.
    ///
    /// # Errors
    /// [`StoreError::MissingKey`] when the ring does not hold the key, [`StoreError::Corrupt`] when it does not fit.
    pub(crate) fn unseal(&self, id: RecordId, sealed: &Sealed) -> Result<Contact, StoreError> {
        let ring = self.ring()?;
        let missing = || StoreError::MissingKey { key: sealed.key_id.clone() };
        unseal(ring.key(&sealed.key_id).ok_or_else(missing)?, id, sealed)
    }

    /// Seals a secret of a webhook with the key of today.
    pub(crate) fn seal_secret(&self, of: WebhookId, secret: &[u8]) -> Result<Sealed, StoreError> {
        let ring = self.ring()?;
        let key = ring.current();
        encrypt(key, &secret_bound(&key.id, of), secret)
    }

    /// Opens a secret of a webhook.
    ///
    /// # Errors
    /// As [`Self::unseal`].
    pub(crate) fn unseal_secret(
        &self,
        of: WebhookId,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let ring = self.ring()?;
        let missing = || StoreError::MissingKey { key: sealed.key_id.clone() };
        let key = ring.key(&sealed.key_id).ok_or_else(missing)?;
        decrypt(key, &secret_bound(&key.id, of), sealed)
            .map_err(|why| corrupt(format!("{of} 的签名密钥"), why))
    }
}

fn seal(key: &Key, id: RecordId, contact: &Contact) -> Result<Sealed, StoreError> {
    let Contact { person, mobile, phone, fax, email, address, postcode } = contact.clone();
    let values = Values { person, mobile, phone, fax, email, address, postcode };
    let plain = Zeroizing::new(serde_json::to_vec(&values).expect("texts are always JSON"));
    encrypt(key, &bound(&key.id, id), &plain)
}

fn unseal(key: &Key, id: RecordId, sealed: &Sealed) -> Result<Contact, StoreError> {
    let unreadable = |why: &'static str| corrupt(format!("{id} 的联系方式"), why);
    let plain = decrypt(key, &bound(&key.id, id), sealed).map_err(unreadable)?;
    // What serde says would quote the values.
    let values: Values = serde_json::from_slice(&plain).map_err(|_| unreadable("no contact"))?;
    let Values { person, mobile, phone, fax, email, address, postcode } = values;
    Ok(Contact { person, mobile, phone, fax, email, address, postcode })
}

/// Encrypts under a fresh nonce, bound to what it belongs to.
fn encrypt(key: &Key, bound: &str, plain: &[u8]) -> Result<Sealed, StoreError> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(random)?;
    let payload = Payload { msg: plain, aad: bound.as_bytes() };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.expect("what is sealed is shorter than the 256 GiB that one nonce may seal");
    let text = STANDARD.encode([&nonce[..], &sealed].concat());
    Ok(Sealed { key_id: key.id.clone(), text })
}

fn decrypt(key: &Key, bound: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let bytes = STANDARD.decode(&sealed.text).map_err(|_| "no base64")?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or("too short")?;
    let payload = Payload { msg: sealed, aad: bound.as_bytes() };
    let plain = cipher(key).decrypt(&XNonce::from(*nonce), payload);
    plain.map(Zeroizing::new).map_err(|_| "does not fit its key and what it belongs to")
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.secret).into())
}

/// What a sealed contact is bound to.
fn bound(key: &str, id: RecordId) -> String {
    format!("hongniang contact\n{key}\n{id}")
}

/// What a sealed secret is bound to.
fn secret_bound(key: &str, of: WebhookId) -> String {
    format!("hongniang webhook secret\n{key}\n{of}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use domain::Kind;

    use super::*;

    const ID: RecordId = RecordId::new(Kind::Need, 7);

    fn contact() -> Contact {
        let mobile = Some("13812345678".to_owned());
        Contact { person: Some("王建国".to_owned()), mobile, ..Contact::default() }
    }

    #[test]
    fn what_is_sealed_opens_and_looks_different_each_time() {
        let keys = Keys::open(None, true).unwrap();
        let (one, two) = (keys.seal(ID, &contact()).unwrap(), keys.seal(ID, &contact()).unwrap());
        assert_ne!(one.text, two.text);
        for sealed in [one, two] {
            assert!(keys.unseal(ID, &sealed).unwrap() == contact());
            let raw = STANDARD.decode(&sealed.text).unwrap();
            for secret in ["13812345678", "王建国"] {
                assert!(!raw.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));
            }
        }
    }

    #[test]
    fn a_contact_opens_only_unchanged_beside_its_own_record_and_under_its_own_key() {
        let keys = Keys::open(None, true).unwrap();
        let sealed = keys.seal(ID, &contact()).unwrap();
        let corrupt = |outcome| matches!(outcome, Err(StoreError::Corrupt { .. }));
        assert!(corrupt(keys.unseal(RecordId::new(Kind::Need, 8), &sealed)));
        assert!(corrupt(keys.unseal(RecordId::new(Kind::Expert, 7), &sealed)));
        let mut bytes = STANDARD.decode(&sealed.text).unwrap();
        for at in [0, NONCE, bytes.len() - 1] {
            bytes[at] ^= 1;
            assert!(corrupt(keys.unseal(ID, &Sealed { text: STANDARD.encode(&bytes), ..sealed.clone() })));
            bytes[at] ^= 1;
        }
        let other = keys.add().unwrap();
        assert!(corrupt(keys.unseal(ID, &Sealed { key_id: other, ..sealed.clone() })));
        let elsewhere = Keys::open(None, true).unwrap().unseal(ID, &sealed).unwrap_err();
        assert!(matches!(&elsewhere, StoreError::MissingKey { key } if *key == sealed.key_id));
        assert!(elsewhere.to_string().contains(&sealed.key_id));
    }
    #[test]
    fn a_secret_opens_beside_its_own_address_alone() {
        let keys = Keys::open(None, true).unwrap();
        let sealed = keys.seal_secret(WebhookId(7), b"secret").unwrap();
        assert_eq!(*keys.unseal_secret(WebhookId(7), &sealed).unwrap(), b"secret");
        assert!(matches!(keys.unseal_secret(WebhookId(8), &sealed), Err(StoreError::Corrupt { .. })));
        // Nor does it open as a contact.
        assert!(matches!(keys.unseal(ID, &sealed), Err(StoreError::Corrupt { .. })));
        let elsewhere = Keys::open(None, true).unwrap();
        assert!(matches!(elsewhere.unseal_secret(WebhookId(7), &sealed), Err(StoreError::MissingKey { .. })));
    }
}
