//! The weights that can be learned, by the code of the part that each of them weighs.

use domain::{Area, Attributes};
use ranking::{Parameter, Weights, features};
use serde_json::{Value, json};

/// Where the weight of a part stands: a JSON pointer into [`Weights`].
pub fn place(code: &str) -> String {
    match code.strip_prefix("text.") {
        Some(area) => format!("/candidate/areas/{area}/weight"),
        None => format!("/features/{code}"),
    }
}

/// Every weight that can be learned, by the code of its part.
pub fn parameters(weights: &Weights) -> Vec<Parameter> {
    let tree = json!(weights);
    let features = tree["features"].as_object().into_iter().flat_map(|features| features.keys().cloned());
    let areas = Area::ALL.iter().map(|area| format!("text.{}", area.slug()));
    let parameter = |code: String| {
        let weight = tree.pointer(&place(&code)).and_then(Value::as_f64)?;
        // The weights are single-precision numbers: 0.15, not 0.15000000596.
        Some(Parameter { code, weight: (weight * 1e6).round() / 1e6 })
    };
    areas.chain(features).filter_map(parameter).collect()
}

/// The weights with some of them changed.
pub(super) fn with<'c>(weights: &Weights, changed: impl Iterator<Item = (&'c str, f64)>) -> Weights {
    let mut tree = json!(weights);
    for (code, weight) in changed {
        if let Some(known) = tree.pointer_mut(&place(code)) {
            *known = json!(weight);
        }
    }
    serde_json::from_value(tree).expect("numbers in place of numbers")
}

/// The weights with those of everything beside the text at nought.
pub(crate) fn without_features(weights: Weights) -> Weights {
    let beside: Vec<Parameter> =
        parameters(&weights).into_iter().filter(|parameter| !parameter.code.starts_with("text.")).collect();
    with(&weights, beside.iter().map(|parameter| (parameter.code.as_str(), 0.0)))
}

/// The Chinese name of a part.
pub fn label(code: &str) -> String {
    if let Some(area) = Area::ALL.into_iter().find(|area| code.strip_prefix("text.") == Some(area.slug())) {
        return format!("{}文本", area.label());
    }
    let nobody = Attributes::default();
    let all = features(&nobody, &nobody, &Weights::default().features);
    all.into_iter()
        .find(|feature| feature.code == code)
        .map_or_else(|| code.to_owned(), |known| known.label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_has_its_place_and_its_name() {
        let known = parameters(&Weights::default());
        let codes: Vec<&str> = known.iter().map(|parameter| parameter.code.as_str()).collect();
        for code in
            ["text.title", "text.keywords", "text.body", "text.evidence", "region", "industry", "field"]
        {
            assert!(codes.contains(&code), "{codes:?}");
        }
        for parameter in &known {
            assert_ne!(label(&parameter.code), parameter.code);
            let changed = with(&Weights::default(), [(parameter.code.as_str(), 0.4321)].into_iter());
            let found = parameters(&changed).into_iter().find(|found| found.code == parameter.code);
            assert_eq!(found.map(|found| found.weight), Some(0.4321), "{}", parameter.code);
        }
        let same = with(&Weights::default(), known.iter().map(|known| (known.code.as_str(), known.weight)));
        assert_eq!(same, Weights::default());
    }
}
