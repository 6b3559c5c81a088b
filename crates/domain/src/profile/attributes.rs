//! What matching compares of a record beside its texts: small enough to stand in the index, so that ranking reads no database.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::stored;
use crate::{Availability, Capacity, Consent, Expert, Industry, Profile, Record, Region, Status};

/// What matching compares of a record beside its texts. Its JSON is kept in the index and is as short as the record allows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attributes {
    /// Where the record stands in its life.
    pub status: Status,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "stored::code")]
    pub region: Option<Region>,
    /// Where else an expert is willing to go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[serde(deserialize_with = "stored::codes")]
    pub travel_regions: Vec<Region>,
    /// The industries it belongs to or serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[serde(deserialize_with = "stored::codes")]
    pub industries: Vec<Industry>,
    /// Fields of technology, the main one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What an expert or a station can take on; `None` for all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// The last day on which a need stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
    /// The organisation it belongs to, letters and digits only and in lower case: equal for spellings of one name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub organisation: String,
}

/// What somebody can take on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// How much a year, and how much of it is taken.
    #[serde(flatten)]
    pub capacity: Capacity,
    /// Whether they can be asked now.
    pub availability: Availability,
    /// Whether they have agreed to be matched.
    pub consent: Consent,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            status: Status::Open,
            region: None,
            travel_regions: Vec::new(),
            industries: Vec::new(),
            fields: Vec::new(),
            offer: None,
            valid_until: None,
            organisation: String::new(),
        }
    }
}

impl Attributes {
    /// Those of a stored record.
    pub fn of(record: &Record) -> Self {
        Self { status: record.status, ..Self::of_form(&record.profile) }
    }

    /// Those of a form that is not stored, which stands open.
    pub fn of_form(profile: &Profile) -> Self {
        let (offer, travel_regions, valid_until) = match profile {
            Profile::Expert(expert) => {
                let Expert { capacity, availability, consent, .. } = *expert;
                (Some(Offer { capacity, availability, consent }), expert.travel_regions.clone(), None)
            }
            // Stations are there to be asked.
            Profile::Station(station) => {
                let (availability, consent) = (Availability::Available, Consent::MatchingAndContact);
                (Some(Offer { capacity: station.capacity, availability, consent }), Vec::new(), None)
            }
            Profile::Need(need) => (None, Vec::new(), need.valid_until),
            Profile::Enterprise(_) | Profile::Achievement(_) | Profile::Society(_) => {
                (None, Vec::new(), None)
            }
        };
        let name = profile.organisation().unwrap_or_default();
        Self {
            status: Status::Open,
            region: profile.region(),
            travel_regions,
            industries: profile.industries().to_vec(),
            fields: profile.fields().to_vec(),
            offer,
            valid_until,
            organisation: name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect(),
        }
    }

    /// The JSON that the index keeps.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("attributes hold only strings, numbers and lists")
    }

    /// Reads the JSON of [`Self::to_json`] back.
    ///
    /// # Errors
    /// When it is not such JSON.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn json_says_all_and_no_more_than_there_is() {
        let expert = Profile::Expert(Expert {
            organisation: "皖江 理工大学（A 区）".to_owned(),
            region: "340104".parse().ok(),
            travel_regions: vec!["34".parse().unwrap()],
            industries: vec!["C3841".parse().unwrap()],
            fields: vec!["现代能源".to_owned()],
            capacity: Capacity { per_year: Some(3), engaged: 1 },
            ..Expert::default()
        });
        let attributes = Attributes::of_form(&expert);
        assert_eq!(attributes.organisation, "皖江理工大学a区");
        assert_eq!(Attributes::from_json(&attributes.to_json()).unwrap(), attributes);
        let plain = Attributes::of_form(&Profile::Society(crate::Society::default()));
        assert_eq!(plain.to_json(), br#"{"status":"open"}"#);
        assert_eq!(Attributes::from_json(br#"{"status":"open"}"#).unwrap(), plain);
    }
}
