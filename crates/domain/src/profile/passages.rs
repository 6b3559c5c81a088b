//! Which of a profile's fields are texts that speak for it, which are names, and which are facets.

use jiff::civil::Date;

use crate::{Area, Industry, Passage, Profile, Region};

/// Collects passages, leaving out empty ones.
#[derive(Default)]
struct Passages(Vec<Passage>);

impl Passages {
    fn text(mut self, area: Area, field: &'static str, label: &'static str, text: &str) -> Self {
        if !text.trim().is_empty() {
            self.0.push(Passage { area, field, label, text: text.to_owned() });
        }
        self
    }

    fn each(self, area: Area, field: &'static str, label: &'static str, items: &[String]) -> Self {
        items.iter().fold(self, |passages, item| passages.text(area, field, label, item))
    }

    fn list(self, area: Area, field: &'static str, label: &'static str, items: &[String]) -> Self {
        self.text(area, field, label, &items.join("；"))
    }
}

impl Profile {
    /// The texts that are indexed and compared, in the order in which people read them. Never holds contact data.
    pub fn passages(&self) -> Vec<Passage> {
        use Area::{Body, Evidence, Keywords, Title};
        let none = Passages::default();
        let passages = match self {
            Self::Need(need) => none
                .text(Title, "title", "技术需求名称", &need.title)
                .list(Keywords, "keywords", "关键词", &need.keywords)
                .text(Body, "description", "具体的技术需求说明", &need.description),
            Self::Enterprise(enterprise) => none
                .text(Title, "main_business", "主营业务", &enterprise.main_business)
                .text(Body, "profile", "企业概况", &enterprise.profile),
            Self::Expert(expert) => none
                .list(Title, "research_directions", "研究方向", &expert.research_directions)
                .list(Keywords, "keywords", "关键词", &expert.keywords)
                .text(Body, "bio", "个人简介", &expert.bio)
                .each(Evidence, "projects", "承担项目", &expert.projects),
            Self::Station(station) => none
                .list(Title, "services", "服务内容", &station.services)
                .list(Keywords, "keywords", "关键词", &station.keywords)
                .text(Body, "description", "站点简介", &station.description),
            Self::Achievement(achievement) => none
                .text(Title, "title", "成果名称", &achievement.title)
                .list(Keywords, "keywords", "关键词", &achievement.keywords)
                .text(Body, "summary", "成果简介", &achievement.summary),
            Self::Society(society) => none.text(Body, "description", "学会简介", &society.description),
        };
        passages.0
    }

    /// The line that stands for the record in lists: a title, or a person's or organisation's name.
    pub fn title(&self) -> &str {
        match self {
            Self::Need(need) => &need.title,
            Self::Enterprise(enterprise) => &enterprise.name,
            Self::Expert(expert) => &expert.name,
            Self::Station(station) => &station.name,
            Self::Achievement(achievement) => &achievement.title,
            Self::Society(society) => &society.name,
        }
    }

    /// Names of people and organisations by which the record is looked up.
    pub fn names(&self) -> Vec<&str> {
        let names: Vec<&str> = match self {
            Self::Need(need) => vec![&need.enterprise_name],
            Self::Enterprise(enterprise) => vec![&enterprise.name],
            Self::Expert(expert) => vec![&expert.name, &expert.organisation],
            Self::Station(station) => vec![&station.name, &station.host, &station.society],
            Self::Achievement(achievement) => {
                let inventors = achievement.inventors.iter().map(|inventor| inventor.name.as_str());
                inventors.chain([achievement.owner.as_str()]).collect()
            }
            Self::Society(society) => vec![&society.name],
        };
        names.into_iter().filter(|name| !name.is_empty()).collect()
    }

    /// The organisation to which the record belongs; two records of one organisation are not matched with each other.
    pub fn organisation(&self) -> Option<&str> {
        let name = match self {
            Self::Need(need) => &need.enterprise_name,
            Self::Enterprise(enterprise) => &enterprise.name,
            Self::Expert(expert) => &expert.organisation,
            Self::Station(station) => &station.host,
            Self::Achievement(achievement) => &achievement.owner,
            Self::Society(society) => &society.name,
        };
        Some(name.as_str()).filter(|name| !name.is_empty())
    }

    /// Where the record is.
    pub const fn region(&self) -> Option<Region> {
        match self {
            Self::Need(need) => need.region,
            Self::Enterprise(enterprise) => enterprise.region,
            Self::Expert(expert) => expert.region,
            Self::Station(station) => station.region,
            Self::Achievement(achievement) => achievement.region,
            Self::Society(society) => society.region,
        }
    }

    /// The industries it belongs to or serves.
    pub fn industries(&self) -> &[Industry] {
        match self {
            Self::Need(need) => need.industry.as_slice(),
            Self::Enterprise(enterprise) => enterprise.industry.as_slice(),
            Self::Expert(expert) => &expert.industries,
            Self::Station(station) => &station.industries,
            Self::Achievement(achievement) => &achievement.industries,
            Self::Society(_) => &[],
        }
    }

    /// Fields of technology, the main one first.
    pub fn fields(&self) -> &[String] {
        match self {
            Self::Need(need) => &need.fields,
            Self::Enterprise(enterprise) => &enterprise.fields,
            Self::Expert(expert) => &expert.fields,
            Self::Station(station) => &station.fields,
            Self::Achievement(achievement) => &achievement.fields,
            Self::Society(society) => &society.fields,
        }
    }

    /// The type facet, in Chinese: a station's or an achievement's type.
    pub const fn type_label(&self) -> Option<&'static str> {
        match self {
            Self::Station(station) => Some(station.station_type.label()),
            Self::Achievement(achievement) => Some(achievement.achievement_type.label()),
            _ => None,
        }
    }

    /// 职称, of an expert.
    pub fn professional_title(&self) -> Option<&str> {
        match self {
            Self::Expert(expert) if !expert.professional_title.is_empty() => Some(&expert.professional_title),
            _ => None,
        }
    }

    /// The date whose year is a facet: filed, published or founded.
    pub const fn dated(&self) -> Option<Date> {
        match self {
            Self::Need(need) => need.filed_on,
            Self::Achievement(achievement) => achievement.published_on,
            Self::Station(station) => station.founded_on,
            _ => None,
        }
    }
}
