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
    /// 说明，只在登记过的联系方式无法解密时有
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "联系方式无法解密")]
    pub note: Option<String>,
}

impl MaskedContact {
    /// What is shown of a contact that cannot be opened.
    pub fn unreadable() -> Self {
        Self { note: Some("联系方式无法解密".to_owned()), ..Self::default() }
    }
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
            mobile: self.mobile.as_deref().map(mask_mobile),
            phone: self.phone.as_deref().map(mask_landline),
            fax: self.fax.as_deref().map(mask_landline),
            email: self.email.as_deref().map(mask_email),
            address: self.address.as_deref().map(mask_address),
            postcode: self.postcode.clone(),
            note: None,
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

/// Shows enough of eleven digits to tell two numbers apart; of anything else the last two characters.
fn mask_mobile(number: &str) -> String {
    if number.chars().count() == 11 { keep(number, 3, 4) } else { mask_number(number) }
}

/// Shows the area code, for it names a city; what stands before a hyphen may as well be the number itself.
fn mask_landline(number: &str) -> String {
    match number.split_once('-') {
        Some((area, rest)) if is_area_code(area) => format!("{area}-{}", mask_number(rest)),
        _ => mask_number(number),
    }
}

/// 010, 021, 0550: a zero and two or three digits, the first of them no zero.
fn is_area_code(text: &str) -> bool {
    let digits = text.strip_prefix('0').filter(|rest| !rest.starts_with('0')).unwrap_or_default();
    matches!(digits.len(), 2 | 3) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The last two characters, where they are a small part of the whole.
fn mask_number(number: &str) -> String {
    let last = if number.chars().count() > 5 { 2 } else { 0 };
    keep(number, 0, last)
}

/// The first character of a name of three or more, and the host.
fn mask_email(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((user, host)) => {
            let first = user.chars().next().filter(|_| user.chars().count() > 2);
            format!("{}***@{host}", first.map(String::from).unwrap_or_default())
        }
        None => keep(email, 0, 0),
    }
}

/// Up to six characters and half of the whole, but no house number.
fn mask_address(address: &str) -> String {
    let most = (address.chars().count() / 2).min(6);
    let words = address.chars().take(most).take_while(|c| !c.is_numeric()).count();
    keep(address, words, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        for (email, masked) in [("a@x.cn", "***@x.cn"), ("ab@x.cn", "***@x.cn"), ("abc@x.cn", "a***@x.cn")] {
            assert_eq!(mask_email(email), masked);
        }
        assert_eq!(mask_address("琅琊区南谯路1号"), "琅琊区南****");
        assert_eq!(mask_address("建设路1号院2"), "建设路****");
    }

    #[test]
    fn only_an_area_code_stands_before_the_stars() {
        for (number, masked) in [
            ("010-62781234", "010-******34"),
            ("0550-3071234-801", "0550-*********01"),
            ("3071234-801", "*********01"),
            ("13812345678-1", "***********-1"),
            ("86-13812345678", "************78"),
            ("0086-5503071234", "*************34"),
            ("0550-123", "0550-***"),
        ] {
            assert_eq!(mask_landline(number), masked, "{number}");
        }
    }

    /// What is not starred of a masked text.
    fn shown(masked: Option<String>) -> usize {
        masked.unwrap_or_default().chars().filter(|c| *c != '*' && *c != '-').count()
    }

    proptest! {
        #[test]
        fn no_more_is_shown_than_is_allowed(
            text in "[王a1]{0,30}",
            number in "[0-9]{0,12}(-[0-9]{1,12}){0,2}",
            user in "[a-z王0-9.]{1,20}",
        ) {
            let contact = |text: &str| {
                let text = || Some(text.to_owned());
                Contact { person: text(), mobile: text(), phone: text(), fax: text(), email: text(), address: text(), ..Contact::default() }
            };
            for value in [&text, &number] {
                let masked = contact(value).masked();
                let length = value.chars().count();
                prop_assert!(shown(masked.person) <= 1);
                let of_mobile = if length == 11 { 7 } else { 2 };
                prop_assert!(shown(masked.mobile) <= of_mobile);
                let area = value.split_once('-').map_or(0, |(area, _)| if is_area_code(area) { area.len() } else { 0 });
                prop_assert!(area <= 4);
                prop_assert!(shown(masked.phone) <= area + 2);
                prop_assert!(shown(masked.fax) <= area + 2);
                prop_assert!(shown(masked.email) == 0);
                prop_assert!(shown(masked.address) <= (length / 2).min(6));
            }
            let masked = contact(&format!("{user}@x.cn")).masked().email.unwrap_or_default();
            let before = masked.strip_suffix("***@x.cn").expect("the host and the stars").chars().count();
            prop_assert!(before == usize::from(user.chars().count() > 2));
        }
    }
}
