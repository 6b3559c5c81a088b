//! 统一社会信用代码: the 18-character code of a legal entity, GB 32100-2015.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ProblemCode;

/// The 31 characters of GB 32100-2015 in order of their value; I, O, S, V and Z are not used.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A code whose length, characters and check character are right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnifiedSocialCreditCode(String);

impl UnifiedSocialCreditCode {
    /// The code in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The check character for the first 17 characters: (31 − Σ vᵢ·3^(i−1) mod 31) mod 31 (GB 32100-2015, 5.2).
    /// `None` when a character is not of the alphabet or there are not 17.
    pub fn check_character(first_17: &str) -> Option<char> {
        if first_17.len() != 17 {
            return None;
        }
        let mut weight = 1;
        let mut sum = 0;
        for byte in first_17.bytes() {
            let value = ALPHABET.iter().position(|&b| b == byte)?;
            sum += value * weight;
            weight = weight * 3 % 31;
        }
        Some(char::from(ALPHABET[(31 - sum % 31) % 31]))
    }
}

/// Why a text is not a code, and the sentence that says so.
impl FromStr for UnifiedSocialCreditCode {
    type Err = (ProblemCode, String);

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code = text.trim().to_ascii_uppercase();
        if code.len() != 18 || !code.bytes().all(|b| ALPHABET.contains(&b)) {
            let detail = "统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z）".to_owned();
            return Err((ProblemCode::Format, detail));
        }
        let expected = Self::check_character(&code[..17]);
        if expected == code.chars().last() {
            Ok(Self(code))
        } else {
            Err((ProblemCode::CheckCharacter, "统一社会信用代码的校验位不正确，请核对是否抄错".to_owned()))
        }
    }
}

impl TryFrom<String> for UnifiedSocialCreditCode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|(_, detail)| detail)
    }
}

impl From<UnifiedSocialCreditCode> for String {
    fn from(code: UnifiedSocialCreditCode) -> Self {
        code.0
    }
}

impl fmt::Display for UnifiedSocialCreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_example_is_valid() {
        assert_eq!(UnifiedSocialCreditCode::check_character("91350100M000100Y4"), Some('3'));
        let code: UnifiedSocialCreditCode = "91350100m000100y43".parse().unwrap();
        assert_eq!(code.as_str(), "91350100M000100Y43");
    }

    proptest! {
        #[test]
        fn any_single_wrong_character_is_found(at in 0_usize..18, to in 0_usize..31) {
            let mut code = b"91350100M000100Y43".to_vec();
            prop_assume!(code[at] != ALPHABET[to]);
            code[at] = ALPHABET[to];
            let found = String::from_utf8(code).unwrap().parse::<UnifiedSocialCreditCode>();
            prop_assert_eq!(found.unwrap_err().0, ProblemCode::CheckCharacter);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<UnifiedSocialCreditCode>();
        }
    }
}
