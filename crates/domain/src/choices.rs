//! Closed lists of values, each with the English word of the API and the Chinese word of the forms.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares an enum whose values are written `snake_case` in JSON and read in either language, or in other words that people fill in.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $slug:tt, $label:literal $(| $alias:literal)*;)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $slug)] $variant),+ }

        impl $name {
            /// Every value, in the order in which people are shown them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the API.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug),+ }
            }

            /// The word of the forms.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let text = text.trim();
                let written = |c: &Self| match c {
                    $(Self::$variant => [$slug, $label $(, $alias)*].contains(&text),)+
                };
                Self::ALL.iter().copied().find(written).ok_or_else(|| {
                    let known: Vec<String> =
                        Self::ALL.iter().map(|c| format!("{}（{}）", c.slug(), c.label())).collect();
                    format!("“{text}”不在可选值中：{}", known.join("、"))
                })
            }
        }
    };
}

pub(crate) use choices;

choices! {
    /// Where a record stands in its life.
    Status {
        /// Takes part in search and matching.
        Open = "open", "有效";
        /// Done: a need that is solved, a station that has closed.
        Closed = "closed", "已办结";
        /// Taken back; kept for the record.
        Withdrawn = "withdrawn", "已撤回";
    }
}

choices! {
    /// Kind of service station.
    StationType {
        /// 学会服务站
        SocietyStation = "society_station", "学会服务站";
        /// 专家工作站
        ExpertWorkstation = "expert_workstation", "专家工作站";
        /// 院士专家工作站
        AcademicianWorkstation = "academician_workstation", "院士专家工作站";
        /// 成果转化服务分中心
        TransferCentre = "transfer_centre", "成果转化服务分中心";
        /// 海智计划工作基地
        OverseasBase = "overseas_base", "海智计划工作基地";
        /// 其他
        Other = "other", "其他";
    }
}

choices! {
    /// Kind of achievement.
    AchievementType {
        /// 论文
        Paper = "paper", "论文";
        /// 专利
        Patent = "patent", "专利";
        /// 科技成果
        Result = "result", "科技成果";
    }
}

choices! {
    /// Whether an expert can be asked now.
    Availability {
        /// Can be asked.
        Available = "available", "可对接" | "可以" | "是";
        /// Can be asked, with little time.
        Limited = "limited", "时间有限";
        /// Must not be asked.
        Unavailable = "unavailable", "暂不可对接" | "不可对接" | "不可以" | "否";
    }
}

choices! {
    /// What an expert has agreed to.
    Consent {
        /// Nothing: is kept on file only and never matched.
        None = "none", "未同意" | "不同意" | "否";
        /// To be matched and named.
        Matching = "matching", "同意参与匹配" | "同意" | "是";
        /// To be matched, and the contact passed on to the enterprise.
        MatchingAndContact = "matching_and_contact", "同意匹配并提供联系方式";
    }
}

choices! {
    /// What became of a proposed pair.
    Decision {
        /// Both sides have agreed to work together.
        Accepted = "accepted", "已接受" | "接受";
        /// One side did not want to.
        Declined = "declined", "已谢绝" | "谢绝" | "拒绝";
        /// The need has been met by this candidate.
        Solved = "solved", "已解决" | "解决";
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn forms_may_say_yes_and_no() {
        let availability = ["是", "否", " 可对接 "].map(|text| text.parse::<Availability>().unwrap());
        assert_eq!(
            availability,
            [Availability::Available, Availability::Unavailable, Availability::Available]
        );
        let consent = ["同意", "不同意", "是", "否"].map(|text| text.parse::<Consent>().unwrap());
        assert_eq!(consent, [Consent::Matching, Consent::None, Consent::Matching, Consent::None]);
        assert!("也许".parse::<Consent>().unwrap_err().contains("未同意"));
    }

    #[test]
    fn the_schema_lists_the_words_of_the_api() {
        let schema = serde_json::to_value(<Status as utoipa::PartialSchema>::schema()).unwrap();
        assert_eq!(schema["enum"], serde_json::json!(["open", "closed", "withdrawn"]), "{schema}");
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.slug());
        }
    }
}
