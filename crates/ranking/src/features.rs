//! What two records have in common beside their texts: each feature a value from 0 to 1 with the fact behind it.

use domain::{Attributes, Availability, Offer, Proximity, Region};

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
    let feature =
        |code, label, weight, (value, fact): (f32, String)| Feature { code, label, value, weight, fact };
    let offer = one.offer.or(other.offer);
    vec![
        feature("region", "地域", weights.region, region(one, other)),
        feature("industry", "行业", weights.industry, industry(one, other)),
        feature("field", "技术领域", weights.field, field(one, other)),
        feature("availability", "可对接", weights.availability, availability(offer)),
        feature("capacity", "承接能力", weights.capacity, capacity(offer)),
    ]
}

fn region(one: &Attributes, other: &Attributes) -> (f32, String) {
    let (Some(a), Some(b)) = (one.region, other.region) else { return (0.0, String::new()) };
    let near = match a.proximity(b) {
        Proximity::County => (1.0, format!("同在{}", a.full_name())),
        Proximity::City => (0.7, format!("同在{}", shared(a, b))),
        Proximity::Province => (0.35, format!("同在{}", shared(a, b))),
        Proximity::Apart => (0.0, String::new()),
    };
    let travels = travel(one, b).or_else(|| travel(other, a)).unwrap_or_default();
    if travels.0 > near.0 { travels } else { near }
}

/// The deepest region that holds both.
fn shared(a: Region, b: Region) -> String {
    let path = a.path().into_iter().zip(b.path()).take_while(|(a, b)| a == b);
    path.last().map(|(region, _)| region.full_name()).unwrap_or_default()
}

fn travel(from: &Attributes, to: Region) -> Option<(f32, String)> {
    let willing = from.travel_regions.iter().find(|region| region.contains(to))?;
    Some((0.6, format!("专家愿意前往{}", willing.full_name())))
}

fn industry(one: &Attributes, other: &Attributes) -> (f32, String) {
    let pairs =
        one.industries.iter().flat_map(|a| other.industries.iter().map(move |b| (a, a.shared_levels(*b))));
    let Some((industry, levels)) = pairs.max_by_key(|(_, levels)| *levels) else {
        return (0.0, String::new());
    };
    let value = [0.0, 0.1, 0.5, 0.8, 1.0][levels];
    let fact = industry.path().get(levels.wrapping_sub(1)).map(|shared| format!("行业同属{}", shared.name()));
    // A shared section (制造业) is a number, not a reason.
    (value, fact.filter(|_| levels >= 2).unwrap_or_default())
}

fn field(one: &Attributes, other: &Attributes) -> (f32, String) {
    let main = one.fields.first().filter(|field| other.fields.first() == Some(field));
    if let Some(main) = main {
        return (1.0, format!("主要技术领域同为{main}"));
    }
    let any = one.fields.iter().find(|field| other.fields.contains(field));
    any.map_or((0.0, String::new()), |field| (0.6, format!("技术领域都有{field}")))
}

fn availability(offer: Option<Offer>) -> (f32, String) {
    match offer.map(|offer| offer.availability) {
        Some(Availability::Available) => (1.0, "当前可对接".to_owned()),
        Some(Availability::Limited) => (0.4, "当前时间有限".to_owned()),
        Some(Availability::Unavailable) | None => (0.0, String::new()),
    }
}

fn capacity(offer: Option<Offer>) -> (f32, String) {
    match offer.map(|Offer { capacity, .. }| (capacity.per_year, capacity.remaining())) {
        Some((Some(limit), Some(left))) if limit > 0 => (
            left as f32 / limit as f32,
            if left > 0 { format!("本年度还可承接 {left} 项") } else { String::new() },
        ),
        Some((None, _)) => (1.0, String::new()),
        _ => (0.0, String::new()),
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
        region(&need, &expert).0
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
        let weights = crate::Weights::default().features;
        let forward = features(&need, &expert, &weights);
        let values = |features: &[Feature]| features.iter().map(|f| (f.code, f.value)).collect::<Vec<_>>();
        assert_eq!(values(&forward), values(&features(&expert, &need, &weights)));
        let expected =
            [("region", 0.6), ("industry", 0.8), ("field", 0.6), ("availability", 1.0), ("capacity", 1.0)];
        assert_eq!(values(&forward), expected);
    }
}
