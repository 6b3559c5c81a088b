//! Contact data of people: personal information that is stored apart and shown masked.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How to reach a person. Has no `Serialize` on purpose: what leaves the house is [`Contact::masked`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// 联系人
    pub person: Option<String>,
    /// 手机: eleven digits.
    pub mobile: Option<String>,
    /// 办公电话: `0550-3071234`, perhaps with an extension.
    pub phone: Option<String>,
    /// 传真
    pub fax: Option<String>,
    /// E-mail
    pub email: Option<String>,
    /// 联系地址
    pub address: Option<String>,
    /// 邮编: six digits.
    pub postcode: Option<String>,
}

/// A contact with its middle parts hidden; safe to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaskedContact {
    /// 联系人，只留姓
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "王**")]
    pub person: Option<String>,
    /// 手机，中间四位隐去
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "138****5678")]
    pub mobile: Option<String>,
    /// 办公电话，只留区号和末两位
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0550-*****34")]
    pub phone: Option<String>,
    /// 传真，只留区号和末两位
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "0550-*****35")]
    pub fax: Option<String>,
    /// 电子邮箱，只留首字符和域名
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "w***@example.com")]
    pub email: Option<String>,
    /// 联系地址，只留前六个字
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "安徽省滁州市******")]
    pub address: Option<String>,
    /// 邮编
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "239000")]
    pub postcode: Option<String>,
}

impl Contact {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The contact as it may be shown to anyone who may see the record.
    pub fn masked(&self) -> MaskedContact {
        MaskedContact {
            person: self.person.as_deref().map(|name| keep(name, 1, 0)),
            mobile: self.mobile.as_deref().map(|mobile| keep(mobile, 3, 4)),
            phone: self.phone.as_deref().map(mask_landline),
            fax: self.fax.as_deref().map(mask_landline),
            email: self.email.as_deref().map(mask_email),
            address: self.address.as_deref().map(|address| keep(address, 6, 0)),
            postcode: self.postcode.clone(),
        }
    }
}

/// Shows the masked form: a contact that slips into a log says nothing.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.masked().fmt(f)
    }
}

/// Keeps the first and last characters and stars the rest; a text too short to hide anything is starred whole.
fn keep(text: &str, first: usize, last: usize) -> String {
    let length = text.chars().count();
    let hides = length > first + last;
    let star = |(at, c)| {
        if hides && (at < first || at >= length - last) { c } else { '*' }
    };
    text.chars().enumerate().map(star).collect()
}

fn mask_landline(number: &str) -> String {
    match number.split_once('-') {
        Some((area, rest)) => format!("{area}-{}", keep(rest, 0, 2)),
        None => keep(number, 0, 2),
    }
}

fn mask_email(email: &str) -> String {
    match email.split_once('@') {
        Some((user, host)) => format!("{}***@{host}", user.chars().next().unwrap_or('*')),
        None => keep(email, 1, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact() -> Contact {
        let text = |text: &str| Some(text.to_owned());
        Contact {
            person: text("王建国"),
            mobile: text("13812345678"),
            phone: text("0550-3071234"),
            fax: text("3071235"),
            email: text("wang.jg@example.com"),
            address: text("安徽省滁州市琅琊区南谯路1号"),
            postcode: text("239000"),
        }
    }

    #[test]
    fn the_middle_is_hidden() {
        let masked = contact().masked();
        assert_eq!(masked.mobile.as_deref(), Some("138****5678"));
        assert_eq!(masked.person.as_deref(), Some("王**"));
        assert_eq!(masked.phone.as_deref(), Some("0550-*****34"));
        assert_eq!(masked.fax.as_deref(), Some("*****35"));
        assert_eq!(masked.email.as_deref(), Some("w***@example.com"));
        assert_eq!(masked.address.as_deref(), Some("安徽省滁州市********"));
    }

    #[test]
    fn debug_output_tells_no_secret() {
        let shown = format!("{:?}", contact());
        for secret in ["建国", "13812345678", "3071234", "3071235", "ang.jg", "南谯路"] {
            assert!(!shown.contains(secret), "{secret}");
        }
    }

    #[test]
    fn a_text_too_short_to_hide_is_hidden_whole() {
        assert_eq!(keep("王", 1, 0), "*");
        assert_eq!(keep("1381234", 3, 4), "*******");
    }
}
