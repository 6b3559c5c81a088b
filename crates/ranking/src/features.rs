//! What two records have in common beside their texts: each feature a value from 0 to 1 with the fact behind it.

use domain::{Attributes, Availability, Industry, Offer, Proximity, Region};

use crate::FeatureWeights;

/// One feature of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Stable name.
    pub code: &'static str,
    /// Chinese name.
    pub label: &'static str,
    /// 0 (nothing in common, or unknown) to 1.
    pub value: f32,
    /// Relative to the text's 1.
    pub weight: f32,
    /// The fact in Chinese, empty when the value is 0.
    pub fact: String,
}

/// All features of a pair, always in the same order. Symmetric: which side asks makes no difference.
pub fn features(one: &Attributes, other: &Attributes, weights: &FeatureWeights) -> Vec<Feature> {
    let feature = |((code, label), (weight, near)): ((_, _), (f32, Near<'_>))| Feature {
        code,
        label,
        value: near.value,
        weight,
        fact: near.fact.told(),
    };
    NAMES.into_iter().zip(compared(one, other, weights)).map(feature).collect()
}

/// Value and weight of each of [`features`], without the facts: for pairs that nobody reads about.
pub fn nearness(one: &Attributes, other: &Attributes, weights: &FeatureWeights) -> [(f32, f32); FEATURES] {
    compared(one, other, weights).map(|(weight, near)| (near.value, weight))
}

/// The value of one of [`features`], by its place among them: as [`nearness`] has it.
pub fn nearness_in(feature: usize, one: &Attributes, other: &Attributes) -> f32 {
    near_in(feature, one, other).value
}

/// More than this nobody is near to a record in one of [`features`]: who says nothing has nothing in common.
pub fn nearness_at_most(feature: usize, one: &Attributes) -> f32 {
    let says_nothing = match feature {
        0 => one.region.is_none(),
        1 => one.industries.is_empty(),
        2 => one.fields.is_empty(),
        // What somebody offers counts whichever side offers it.
        _ => false,
    };
    if says_nothing { 0.0 } else { 1.0 }
}

/// How many features a pair has.
pub const FEATURES: usize = 5;

/// Code and Chinese name of each feature, in the order of [`features`].
pub(crate) const NAMES: [(&str, &str); FEATURES] = [
    ("region", "地域"),
    ("industry", "行业"),
    ("field", "技术领域"),
    ("availability", "可对接"),
    ("capacity", "承接能力"),
];

/// How near two records are in one feature, and why.
struct Near<'a> {
    value: f32,
    fact: Fact<'a>,
}

/// What stands behind a feature's value.
enum Fact<'a> {
    Nothing,
    In(Region),
    InBoth(Region, Region),
    Willing(Region),
    Industry(Industry, usize),
    MainField(&'a str),
    Field(&'a str),
    Available,
    Limited,
    Left(u32),
}

impl Fact<'_> {
    /// In Chinese.
    fn told(&self) -> String {
        match *self {
            Self::Nothing => String::new(),
            Self::In(region) => format!("同在{}", region.full_name()),
            Self::InBoth(one, other) => format!("同在{}", shared(one, other)),
            Self::Willing(region) => format!("专家愿意前往{}", region.full_name()),
            Self::Industry(industry, levels) => {
                let fact = industry.path().get(levels - 1).map(|shared| format!("行业同属{}", shared.name()));
                fact.unwrap_or_default()
            }
            Self::MainField(field) => format!("主要技术领域同为{field}"),
            Self::Field(field) => format!("技术领域都有{field}"),
            Self::Available => "当前可对接".to_owned(),
            Self::Limited => "当前时间有限".to_owned(),
            Self::Left(left) => format!("本年度还可承接 {left} 项"),
        }
    }
}

/// The deepest region that holds both.
fn shared(a: Region, b: Region) -> String {
    let path = a.path().into_iter().zip(b.path()).take_while(|(a, b)| a == b);
    path.last().map(|(region, _)| region.full_name()).unwrap_or_default()
}

fn compared<'a>(
    one: &'a Attributes,
    other: &'a Attributes,
    weights: &FeatureWeights,
) -> [(f32, Near<'a>); FEATURES] {
    let weights = weights.in_order();
    std::array::from_fn(|feature| (weights[feature], near_in(feature, one, other)))
}

/// By the place of the feature among [`NAMES`].
fn near_in<'a>(feature: usize, one: &'a Attributes, other: &'a Attributes) -> Near<'a> {
    match feature {
        0 => region(one, other),
        1 => industry(one, other),
        2 => field(one, other),
        3 => availability(one.offer.or(other.offer)),
        _ => capacity(one.offer.or(other.offer)),
    }
}

const FAR: Near<'_> = Near { value: 0.0, fact: Fact::Nothing };

const fn near(value: f32, fact: Fact<'_>) -> Near<'_> {
    Near { value, fact }
}

fn region(one: &Attributes, other: &Attributes) -> Near<'static> {
    let (Some(a), Some(b)) = (one.region, other.region) else { return FAR };
    let found = match a.proximity(b) {
        Proximity::County => near(1.0, Fact::In(a)),
        Proximity::City => near(0.7, Fact::InBoth(a, b)),
        Proximity::Province => near(0.35, Fact::InBoth(a, b)),
        Proximity::Apart => FAR,
    };
    let travels = travel(one, b).or_else(|| travel(other, a)).unwrap_or(FAR);
    if travels.value > found.value { travels } else { found }
}

fn travel(from: &Attributes, to: Region) -> Option<Near<'static>> {
    let willing = from.travel_regions.iter().find(|region| region.contains(to))?;
    Some(near(0.6, Fact::Willing(*willing)))
}

fn industry(one: &Attributes, other: &Attributes) -> Near<'static> {
    let pairs =
        one.industries.iter().flat_map(|a| other.industries.iter().map(move |b| (*a, a.shared_levels(*b))));
    let Some((industry, levels)) = pairs.max_by_key(|(_, levels)| *levels) else { return FAR };
    // A shared section (制造业) is a number, not a reason.
    let fact = if levels >= 2 { Fact::Industry(industry, levels) } else { Fact::Nothing };
    near([0.0, 0.1, 0.5, 0.8, 1.0][levels], fact)
}

fn field<'a>(one: &'a Attributes, other: &Attributes) -> Near<'a> {
    let main = one.fields.first().filter(|field| other.fields.first() == Some(field));
    if let Some(main) = main {
        return near(1.0, Fact::MainField(main));
    }
    let any = one.fields.iter().find(|field| other.fields.contains(field));
    any.map_or(FAR, |field| near(0.6, Fact::Field(field)))
}

fn availability(offer: Option<Offer>) -> Near<'static> {
    match offer.map(|offer| offer.availability) {
        Some(Availability::Available) => near(1.0, Fact::Available),
        Some(Availability::Limited) => near(0.4, Fact::Limited),
        Some(Availability::Unavailable) | None => FAR,
    }
}

fn capacity(offer: Option<Offer>) -> Near<'static> {
    match offer.map(|Offer { capacity, .. }| (capacity.per_year, capacity.remaining())) {
        Some((Some(limit), Some(left))) if limit > 0 => {
            near(left as f32 / limit as f32, if left > 0 { Fact::Left(left) } else { Fact::Nothing })
        }
        Some((None, _)) => near(1.0, Fact::Nothing),
        _ => FAR,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use domain::{Capacity, Consent};

    fn pair(need_region: &str, expert_region: &str, travel: &[&str]) -> f32 {
        let need = Attributes { region: need_region.parse().ok(), ..Attributes::default() };
        let expert = Attributes {
            region: expert_region.parse().ok(),
            travel_regions: travel.iter().map(|t| t.parse().unwrap()).collect(),
            ..Attributes::default()
        };
        region(&need, &expert).value
    }

    #[test]
    fn nearer_is_better_and_willingness_bridges_distance() {
        let values = [
            pair("340104", "350203", &[]),
            pair("340104", "340202", &[]),
            pair("340104", "350203", &["340000"]),
            pair("340104", "340102", &[]),
            pair("340104", "340104", &["340000"]),
        ];
        assert!(values.is_sorted_by(|a, b| a < b), "{values:?}");
        assert_eq!(pair("", "340104", &["340000"]), 0.0, "an unknown place gives nothing");
    }

    #[test]
    fn features_do_not_depend_on_who_asks() {
        let need = Attributes {
            region: "340104".parse().ok(),
            industries: vec!["C3841".parse().unwrap()],
            fields: vec!["现代能源".to_owned(), "绿色制造".to_owned()],
            ..Attributes::default()
        };
        let expert = Attributes {
            offer: Some(Offer {
                capacity: Capacity::default(),
                availability: Availability::Available,
                consent: Consent::Matching,
            }),
            region: "350203".parse().ok(),
            travel_regions: vec!["34".parse().unwrap()],
            industries: vec!["C26".parse().unwrap(), "C3842".parse().unwrap()],
            fields: vec!["绿色制造".to_owned()],
            ..Attributes::default()
        };
        let silent = Attributes { offer: need.offer, ..Attributes::default() };
        for feature in 0..FEATURES {
            for one in [&need, &expert, &silent] {
                let nearest = [&need, &expert, &silent].map(|other| nearness_in(feature, one, other));
                assert!(nearest.iter().all(|value| *value <= nearness_at_most(feature, one)));
            }
        }
        assert_eq!(
            [0, 1, 2, 3, 4].map(|feature| nearness_at_most(feature, &silent)),
            [0.0, 0.0, 0.0, 1.0, 1.0]
        );
        let weights = crate::Weights::default().features;
        let forward = features(&need, &expert, &weights);
        let values = |features: &[Feature]| features.iter().map(|f| (f.code, f.value)).collect::<Vec<_>>();
        assert_eq!(values(&forward), values(&features(&expert, &need, &weights)));
        let expected =
            [("region", 0.6), ("industry", 0.8), ("field", 0.6), ("availability", 1.0), ("capacity", 1.0)];
        assert_eq!(values(&forward), expected);
    }
}
