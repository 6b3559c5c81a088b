//! The token that a holder sends: the key's number and 256 random bits. Only a digest of the bits is kept.

use std::fmt;
use std::str::FromStr;

use super::KeyId;

/// How every token begins, so that it is recognised where it does not belong.
const PREFIX: &str = "hn_";
const BYTES: usize = 32;
/// So many characters of a secret make it one: whatever looks like a token in an address is refused.
const TELLING: usize = 16;

/// A key as its holder has it: `hn_7_` and 64 hexadecimal digits. Shown once, when it is made, by [`Self::reveal`]; it has no `Display`
/// and no `Serialize`, and its `Debug` is masked, so that it gets into no log and no answer by accident.
#[derive(Clone)]
pub struct Token {
    id: KeyId,
    secret: [u8; BYTES],
}

/// The BLAKE3 digest of a secret. 256 random bits cannot be guessed, so no slow hash is needed. Comparing takes the same time
/// wherever digests differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretDigest(blake3::Hash);

impl Token {
    /// A token of random bits.
    pub const fn new(id: KeyId, secret: [u8; BYTES]) -> Self {
        Self { id, secret }
    }

    /// Which key it claims to be.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// What the store keeps of it.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(&self.secret)
    }

    /// A key for one purpose, which only whoever knows the token can derive (BLAKE3's key derivation). The purpose is a fixed text of ours.
    pub fn derived(&self, purpose: &'static str) -> [u8; BYTES] {
        blake3::derive_key(purpose, &self.secret)
    }

    /// The text that the holder sends. To be shown once and kept nowhere.
    pub fn reveal(&self) -> String {
        let secret: String = self.secret.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{PREFIX}{}_{secret}", self.id.0)
    }

    /// Whether a text holds something that looks like a token.
    pub fn stands_in(text: &str) -> bool {
        text.match_indices(PREFIX).any(|(at, _)| {
            let rest = &text[at + PREFIX.len()..];
            let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let secret = after.strip_prefix('_').filter(|_| after.len() < rest.len());
            secret.is_some_and(|secret| secret.bytes().take_while(u8::is_ascii_hexdigit).count() >= TELLING)
        })
    }
}

impl SecretDigest {
    /// That of a secret's bits.
    pub fn of(secret: &[u8; BYTES]) -> Self {
        Self(blake3::hash(secret))
    }
}

/// Reads a token; says nothing about why a text is none.
impl FromStr for Token {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, hex) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(())?;
        let id = format!("key-{number}").parse().map_err(drop)?;
        let mut secret = [0; BYTES];
        if hex.len() != 2 * BYTES || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(());
        }
        for (byte, pair) in secret.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(drop)?;
            *byte = u8::from_str_radix(pair, 16).map_err(drop)?;
        }
        Ok(Self { id, secret })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_****", self.id.0)
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(****)")
    }
}

/// As the store keeps it: 64 hexadecimal digits.
impl From<SecretDigest> for String {
    fn from(digest: SecretDigest) -> Self {
        digest.0.to_hex().to_string()
    }
}

impl FromStr for SecretDigest {
    type Err = blake3::HexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        blake3::Hash::from_hex(text).map(Self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn token() -> Token {
        Token::new(KeyId(7), [0xab; BYTES])
    }

    #[test]
    fn a_token_comes_back_as_it_was_shown() {
        let shown = token().reveal();
        let read: Token = shown.parse().unwrap();
        assert_eq!((read.id(), read.digest()), (KeyId(7), token().digest()));
        let kept = String::from(read.digest());
        assert_eq!(kept.parse::<SecretDigest>().unwrap(), read.digest());
        assert!(!kept.contains("abab"), "the secret is not in what is kept");
    }

    #[test]
    fn one_wrong_digit_is_another_secret() {
        let shown = token().reveal();
        let other = format!("{}c", &shown[..shown.len() - 1]);
        assert_ne!(other.parse::<Token>().unwrap().digest(), token().digest());
    }

    #[test]
    fn what_is_not_a_token_is_not_read() {
        let shown = token().reveal();
        let upper = shown.replace("ab", "AB");
        for wrong in [
            "",
            "hn_",
            "hn_7_",
            "hn_7_ab",
            &shown[1..],
            &shown[..shown.len() - 2],
            &upper,
            &shown.replace("hn_7", "hn_07"),
        ] {
            assert!(wrong.parse::<Token>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_prints_the_secret() {
        assert_eq!(format!("{:?}", token()), "hn_7_****");
        assert!(!format!("{:?}", token().digest()).contains(&String::from(token().digest())));
    }

    #[test]
    fn a_token_is_recognised_within_a_text() {
        let shown = token().reveal();
        for text in [shown.clone(), format!("api/{shown}/x"), format!("hn_hn_q={}", &shown[..30])] {
            assert!(Token::stands_in(&text), "{text}");
        }
        for text in ["hn_", "hn_7_", "hn__0123456789abcdef", "hn_7_needs", "q=氢能 hn_7"] {
            assert!(!Token::stands_in(text), "{text}");
        }
    }
}
