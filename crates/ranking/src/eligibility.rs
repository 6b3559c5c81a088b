//! Who must not be proposed, and the reason in words.

use domain::{Attributes, Availability, Consent, Status};
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
pub fn exclusions(subject: Option<&Attributes>, candidate: &Attributes, today: Date) -> Vec<Exclusion> {
    let mut found = Vec::new();
    let mut when = |condition: bool, exclusion| {
        if condition {
            found.push(exclusion);
        }
    };
    when(candidate.status == Status::Withdrawn, Exclusion::Withdrawn);
    when(candidate.status == Status::Closed, Exclusion::Closed);
    when(candidate.valid_until.is_some_and(|until| until < today), Exclusion::Expired);
    if let Some(offer) = candidate.offer {
        when(offer.capacity.remaining() == Some(0), Exclusion::Exhausted);
        when(offer.availability == Availability::Unavailable, Exclusion::Unavailable);
        when(offer.consent == Consent::None, Exclusion::NoConsent);
    }
    let same = |subject: &Attributes| {
        !subject.organisation.is_empty() && subject.organisation == candidate.organisation
    };
    when(subject.is_some_and(same), Exclusion::SameOrganisation);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Capacity, Expert, Need, Profile};
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 21);

    fn expert(change: impl FnOnce(&mut Expert)) -> Attributes {
        let mut expert = Expert { organisation: "皖江理工大学".to_owned(), ..Expert::default() };
        change(&mut expert);
        Attributes::of_form(&Profile::Expert(expert))
    }

    fn need(change: impl FnOnce(&mut Need)) -> Attributes {
        let mut need = Need::default();
        change(&mut need);
        Attributes::of_form(&Profile::Need(need))
    }

    #[test]
    fn each_reason_is_found_and_nothing_else() {
        let reasons = |candidate: Attributes| exclusions(None, &candidate, TODAY);
        assert_eq!(reasons(expert(|_| {})), []);
        let stands = |status| Attributes { status, ..expert(|_| {}) };
        assert_eq!(reasons(stands(Status::Withdrawn)), [Exclusion::Withdrawn]);
        assert_eq!(reasons(stands(Status::Closed)), [Exclusion::Closed]);
        let full = Capacity { per_year: Some(2), engaged: 2 };
        assert_eq!(reasons(expert(|e| e.capacity = full)), [Exclusion::Exhausted]);
        assert_eq!(reasons(expert(|e| e.availability = Availability::Unavailable)), [Exclusion::Unavailable]);
        assert_eq!(reasons(expert(|e| e.consent = Consent::None)), [Exclusion::NoConsent]);
    }

    #[test]
    fn a_need_is_valid_to_the_end_of_its_last_day() {
        let until = |day| need(|need| need.valid_until = Some(day));
        assert_eq!(exclusions(None, &until(TODAY), TODAY), []);
        assert_eq!(exclusions(None, &until(date(2026, 11, 20)), TODAY), [Exclusion::Expired]);
    }

    #[test]
    fn people_are_not_sent_to_their_own_organisation() {
        let from = |name: &str| need(|need| need.enterprise_name = name.to_owned());
        let found = |name| exclusions(Some(&from(name)), &expert(|_| {}), TODAY);
        assert_eq!(found("皖江 理工大学"), [Exclusion::SameOrganisation]);
        assert_eq!(found("皖江理工大学附属厂"), []);
        assert_eq!(found(""), []);
        let nameless = expert(|e| e.organisation.clear());
        assert_eq!(
            exclusions(Some(&from("")), &nameless, TODAY),
            [],
            "two unknown organisations are not one"
        );
    }
}
