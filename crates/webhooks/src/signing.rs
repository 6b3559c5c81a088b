//! Signatures of messages: Standard Webhooks 1.0.0, symmetric scheme (HMAC-SHA256, RFC 2104, over `id.timestamp.body`).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What stands before a secret as people are shown it.
const PREFIX: &str = "whsec_";
/// Bytes that a secret may have, by the specification.
const BOUNDS: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of those that we make.
const LENGTH: usize = 32;

/// What a portal verifies our messages with. Neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// The text is no secret: `whsec_` and the base64 of 24 to 64 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("签名密钥应为 whsec_ 加 24 到 64 字节的 base64")]
pub struct BadSecret;

impl Secret {
    /// A new one, from the randomness of the system.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new(vec![0; LENGTH]);
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The secret from its bytes, as they were kept.
    ///
    /// # Errors
    /// [`BadSecret`] when they are too few or too many.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Result<Self, BadSecret> {
        if BOUNDS.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(BadSecret) }
    }

    /// Its bytes, to be sealed.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text that a portal is given, once.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0.as_slice()))
    }

    /// The signature of a message, `v1,…`.
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl FromStr for Secret {
    type Err = BadSecret;

    fn from_str(text: &str) -> Result<Self, BadSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(BadSecret)?;
        Self::from_bytes(Zeroizing::new(STANDARD.decode(encoded).map_err(|_| BadSecret)?))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("whsec_…")
    }
}

/// The value of `webhook-signature`: one signature for each secret that is good, the latest first.
pub fn signatures(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use standardwebhooks::Webhook;

    use super::*;

    /// The vector of the reference libraries' own tests.
    #[test]
    fn the_published_vector_is_signed_as_published() {
        let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let signed = signatures(
            std::slice::from_ref(&secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret.reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn the_reference_library_signs_alike() {
        for body in ["", "{}", r#"{"type":"run.published","data":{"run":12}}"#, "匹配批次已发布"] {
            let secret = Secret::generate().unwrap();
            let reference = Webhook::new(&secret.reveal()).unwrap();
            let theirs = reference.sign("msg_1", 1_790_000_000, body.as_bytes()).unwrap();
            assert_eq!(signatures(&[secret], "msg_1", 1_790_000_000, body.as_bytes()), theirs);
        }
    }

    #[test]
    fn while_a_secret_is_changed_over_either_verifies() {
        let (new, old) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        let both = signatures(&[new.clone(), old.clone()], "msg_1", 7, b"{}");
        let alone = [&new, &old].map(|one| signatures(std::slice::from_ref(one), "msg_1", 7, b"{}"));
        assert_eq!(both.split(' ').collect::<Vec<_>>(), alone);
    }

    #[test]
    fn what_is_no_secret_is_refused_and_none_is_ever_shown() {
        for wrong in [
            "",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_",
            "whsec_c2hvcnQ=",
            "whsec_!!!",
            "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert_eq!(wrong.parse::<Secret>(), Err(BadSecret), "{wrong}");
        }
        let too_long = format!("whsec_{}", STANDARD.encode([7; 65]));
        assert_eq!(too_long.parse::<Secret>(), Err(BadSecret));
        let secret = Secret::generate().unwrap();
        assert_eq!((format!("{secret:?}").as_str(), secret.bytes().len()), ("whsec_…", LENGTH));
        assert_ne!(secret, Secret::generate().unwrap());
    }
}
