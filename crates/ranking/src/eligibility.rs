//! Who must not be proposed, and the reason in words.

use domain::{Availability, Consent, Profile, Status};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A reason why a record or a pair is left out of the ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// 已撤回
    Withdrawn,
    /// 已办结
    Closed,
    /// 已过有效期
    Expired,
    /// 本年度承接能力已用完
    Exhausted,
    /// 暂不可对接
    Unavailable,
    /// 本人未同意参与匹配
    NoConsent,
    /// 双方属同一单位，应回避
    SameOrganisation,
}

impl Exclusion {
    /// The reason as people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Withdrawn => "已撤回",
            Self::Closed => "已办结",
            Self::Expired => "已过有效期",
            Self::Exhausted => "本年度承接能力已用完",
            Self::Unavailable => "暂不可对接",
            Self::NoConsent => "本人未同意参与匹配",
            Self::SameOrganisation => "双方属同一单位，应回避",
        }
    }
}

/// Why `candidate` must not be proposed to `subject` on the day `today`; empty when nothing stands against it.
pub fn exclusions(
    subject: Option<&Profile>,
    candidate: &Profile,
    status: Status,
    today: Date,
) -> Vec<Exclusion> {
    let mut found = Vec::new();
    let mut when = |condition: bool, exclusion| {
        if condition {
            found.push(exclusion);
        }
    };
    when(status == Status::Withdrawn, Exclusion::Withdrawn);
    when(status == Status::Closed, Exclusion::Closed);
    match candidate {
        Profile::Need(need) => when(need.valid_until.is_some_and(|until| until < today), Exclusion::Expired),
        Profile::Expert(expert) => {
            when(expert.capacity.remaining() == Some(0), Exclusion::Exhausted);
            when(expert.availability == Availability::Unavailable, Exclusion::Unavailable);
            when(expert.consent == Consent::None, Exclusion::NoConsent);
        }
        Profile::Station(station) => when(station.capacity.remaining() == Some(0), Exclusion::Exhausted),
        _ => {}
    }
    when(subject.is_some_and(|subject| same_organisation(subject, candidate)), Exclusion::SameOrganisation);
    found
}

fn same_organisation(one: &Profile, other: &Profile) -> bool {
    let plain = |name: &str| {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    };
    match (one.organisation().map(plain), other.organisation().map(plain)) {
        (Some(a), Some(b)) => !a.is_empty() && a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Capacity, Expert, Need};
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 21);

    fn expert(change: impl FnOnce(&mut Expert)) -> Profile {
        let mut expert = Expert { organisation: "皖江理工大学".to_owned(), ..Expert::default() };
        change(&mut expert);
        Profile::Expert(expert)
    }

    #[test]
    fn each_reason_is_found_and_nothing_else() {
        let reasons = |candidate: &Profile, status| exclusions(None, candidate, status, TODAY);
        assert_eq!(reasons(&expert(|_| {}), Status::Open), []);
        assert_eq!(reasons(&expert(|_| {}), Status::Withdrawn), [Exclusion::Withdrawn]);
        assert_eq!(reasons(&expert(|_| {}), Status::Closed), [Exclusion::Closed]);
        let full = Capacity { per_year: Some(2), engaged: 2 };
        assert_eq!(reasons(&expert(|e| e.capacity = full), Status::Open), [Exclusion::Exhausted]);
        let away = expert(|e| e.availability = Availability::Unavailable);
        assert_eq!(reasons(&away, Status::Open), [Exclusion::Unavailable]);
        assert_eq!(reasons(&expert(|e| e.consent = Consent::None), Status::Open), [Exclusion::NoConsent]);
    }

    #[test]
    fn a_need_is_valid_to_the_end_of_its_last_day() {
        let until = |day| Profile::Need(Need { valid_until: Some(day), ..Need::default() });
        assert_eq!(exclusions(None, &until(TODAY), Status::Open, TODAY), []);
        assert_eq!(exclusions(None, &until(date(2026, 11, 20)), Status::Open, TODAY), [Exclusion::Expired]);
    }

    #[test]
    fn people_are_not_sent_to_their_own_organisation() {
        let need = |name: &str| Profile::Need(Need { enterprise_name: name.to_owned(), ..Need::default() });
        let found = |name| exclusions(Some(&need(name)), &expert(|_| {}), Status::Open, TODAY);
        assert_eq!(found("皖江 理工大学"), [Exclusion::SameOrganisation]);
        assert_eq!(found("皖江理工大学附属厂"), []);
        assert_eq!(found(""), []);
    }
}
