//! The groups that quotas are on: societies of those who may be sent, counties, cities and fields of needs.

use std::collections::BTreeMap;

use domain::{Record, Region, RegionLevel};

use super::checks::group_region;
use super::gathering::About;
use super::kept::KeptGroup;
use super::request::{CampaignRequest, GroupBy};

/// The groups that the rules make of those who take part, numbered from 1 in the order of the rules.
pub(super) fn groups(
    request: &CampaignRequest,
    needs: &[Record],
    about: &BTreeMap<u64, About>,
) -> Vec<KeptGroup> {
    let mut groups: Vec<KeptGroup> = Vec::new();
    for (rule, quota) in request.quotas.iter().enumerate() {
        let mut members: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let wanted = quota.of.as_deref().map(|of| match group_region(quota.by, of) {
            Ok(Some(region)) => region.full_name(),
            _ => of.trim().to_owned(),
        });
        // A group that is named is one, though nobody be in it: what it must have at least is then to be told.
        members.extend(wanted.clone().map(|label| (label, Vec::new())));
        let mut add = |label: String, number: u64| {
            if wanted.as_ref().is_none_or(|wanted| *wanted == label) {
                members.entry(label).or_default().push(number);
            }
        };
        if quota.by == GroupBy::Society {
            for (number, about) in about {
                about.societies.iter().for_each(|society| add(society.clone(), *number));
            }
        } else {
            for need in needs {
                label_of(quota.by, need).into_iter().for_each(|label| add(label, need.id.number));
            }
        }
        for (label, members) in members {
            let id = groups.len() as u64 + 1;
            let (at_least, at_most) = (quota.at_least, quota.at_most);
            groups.push(KeptGroup { id, rule, by: quota.by, label, members, at_least, at_most });
        }
    }
    groups
}

/// The group of needs that a need is in.
fn label_of(by: GroupBy, need: &Record) -> Option<String> {
    let region = need.profile.region();
    let level = |level| {
        let path = region.map(Region::path).unwrap_or_default();
        path.into_iter().find(|step| step.level() == level).map(Region::full_name)
    };
    match by {
        GroupBy::County => level(RegionLevel::County),
        GroupBy::City => level(RegionLevel::City),
        GroupBy::Field => need.profile.fields().first().cloned(),
        GroupBy::Society => None,
    }
}
