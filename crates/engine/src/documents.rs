//! From a stored record to what the index keeps of it.

use std::collections::HashMap;

use domain::access::Visibility;
use domain::{Area, Attributes, Kind, Passage, Profile, Record, RecordId, Status};
use index::{Dimension, Facet, IndexDocument};
use ranking::Evidence;
use store::Store;

use crate::EngineError;
use crate::desk::Sight;

/// Achievements of one expert that count as evidence at most, the newest.
const MOST_EVIDENCE: usize = 50;

/// Index documents of `records`, experts with the achievements that speak for them.
pub(crate) async fn documents(store: &Store, records: &[Record]) -> Result<Vec<IndexDocument>, EngineError> {
    let mut evidence = evidence(store, records, Sight::everything()).await?;
    let document = |record: &Record| {
        let spoken_for = evidence.remove(&record.id.number).unwrap_or_default();
        let passages = passages(record, &spoken_for.seen);
        IndexDocument {
            number: record.id.number,
            passages,
            // Staff look records up by their source's number too.
            names: record
                .profile
                .names()
                .into_iter()
                .chain([&*record.external_id])
                .map(str::to_owned)
                .collect(),
            open: record.status == Status::Open,
            facets: facets(record),
            attributes: Attributes::of(record),
            updated_at: record.updated_at.as_millisecond(),
        }
    };
    Ok(records.iter().map(document).collect())
}

/// What speaks for an expert.
#[derive(Debug, Default)]
pub(crate) struct SpokenFor {
    /// The newest, as far as their texts are seen.
    pub(crate) seen: Vec<Evidence>,
    /// Whether there are others among them.
    pub(crate) hides: bool,
}

/// The achievements of those of `records` that are experts, by the expert's number.
pub(crate) async fn evidence<'r>(
    store: &Store,
    records: impl IntoIterator<Item = &'r Record>,
    sight: Sight,
) -> Result<HashMap<u64, SpokenFor>, EngineError> {
    let experts: Vec<(u64, String)> = records
        .into_iter()
        .filter(|record| record.id.kind == Kind::Expert)
        .map(|record| (record.id.number, record.external_id.clone()))
        .collect();
    if experts.is_empty() {
        return Ok(HashMap::new());
    }
    let found = store.achievements_of(&experts).await?;
    let newest = |achievements: Vec<Record>| {
        let mut told = SpokenFor::default();
        for achievement in achievements.iter().rev().take(MOST_EVIDENCE) {
            if sight.record(achievement) == Visibility::Full {
                told.seen.push(self::document(achievement));
            } else {
                told.hides = true;
            }
        }
        told
    };
    Ok(found.into_iter().map(|(expert, achievements)| (expert, newest(achievements))).collect())
}

fn document(achievement: &Record) -> Evidence {
    let as_evidence = |passage: Passage| Passage { area: Area::Evidence, ..passage };
    Evidence {
        id: achievement.id,
        title: achievement.profile.title().to_owned(),
        passages: achievement.profile.passages().into_iter().map(as_evidence).collect(),
    }
}

/// A record's own texts and those of its evidence: what is indexed, compared and explained.
pub(crate) fn passages(record: &Record, evidence: &[Evidence]) -> Vec<Passage> {
    let own = record.profile.passages().into_iter();
    own.chain(evidence.iter().flat_map(|document| document.passages.iter().cloned())).collect()
}

fn facets(record: &Record) -> Vec<Facet> {
    let profile = &record.profile;
    let facet = |dimension, path: Vec<String>| Facet { dimension, path };
    let one = |dimension, step: &str| facet(dimension, vec![step.to_owned()]);
    let mut facets = vec![one(Dimension::Status, record.status.slug())];
    facets.extend(profile.region().map(|region| facet(Dimension::Region, region_path(region))));
    for industry in profile.industries() {
        facets.push(facet(Dimension::Industry, industry_path(*industry)));
    }
    facets.extend(profile.fields().iter().map(|field| one(Dimension::Field, field)));
    facets.extend(type_slug(profile).map(|slug| one(Dimension::Type, slug)));
    facets.extend(profile.professional_title().map(|title| one(Dimension::Title, title)));
    facets.extend(profile.dated().map(|date| one(Dimension::Year, &date.year().to_string())));
    facets
}

/// The codes from the province down.
pub(crate) fn region_path(region: domain::Region) -> Vec<String> {
    region.path().into_iter().map(String::from).collect()
}

/// The codes from the section down.
pub(crate) fn industry_path(industry: domain::Industry) -> Vec<String> {
    industry.path().into_iter().map(String::from).collect()
}

const fn type_slug(profile: &Profile) -> Option<&'static str> {
    match profile {
        Profile::Station(station) => Some(station.station_type.slug()),
        Profile::Achievement(achievement) => Some(achievement.achievement_type.slug()),
        _ => None,
    }
}

/// Names a record for messages and logs.
pub(crate) const fn id(kind: Kind, number: u64) -> RecordId {
    RecordId::new(kind, number)
}
