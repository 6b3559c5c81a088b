//! Reading stored codes. Tables are replaced over the years: a code that the present one does not know is taken for absent, for
//! a record that cannot be read would take the page, the index and the nightly run with it.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// A code that may be missing.
pub(super) fn code<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Several codes.
pub(super) fn codes<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use crate::{Attributes, Kind, Profile};

    #[test]
    fn codes_that_the_tables_no_longer_know_are_absent() {
        for kind in Kind::ALL {
            let json = r#"{"region": "349999", "industry": "Z9", "industries": ["Z9", "C3841"], "travel_regions": ["34", "349999"]}"#;
            let profile = Profile::from_json(kind, json).unwrap();
            assert_eq!(profile.region(), None);
            assert!(profile.industries().iter().all(|industry| industry.code() == "C3841"));
            if let Profile::Expert(expert) = &profile {
                assert_eq!((expert.industries.len(), expert.travel_regions.len()), (1, 1));
            }
        }
        let json = br#"{"region": "349999", "industries": ["Z9"], "travel_regions": ["349999"]}"#;
        assert_eq!(Attributes::from_json(json).unwrap(), Attributes::default());
    }
}
