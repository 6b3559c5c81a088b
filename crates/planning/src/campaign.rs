//! An instance that was checked and put into one order, whatever the order it came in.

use crate::groups::{Group, Grouping};
use crate::instance::{
    Expert, HIGHEST_SCORE, Instance, InstanceError, MOST_VISITS, Members, Need, Ruling, Score,
};

/// A checked instance: experts and needs by number, pairs by need from the highest score down.
#[derive(Debug, Clone)]
pub struct Campaign {
    pub(crate) experts: Vec<Expert>,
    pub(crate) needs: Vec<Need>,
    /// Where each need's pairs begin; one more than needs.
    pub(crate) starts: Vec<u32>,
    pub(crate) pairs: Vec<Scored>,
    pub(crate) floor: Score,
    pub(crate) need_groups: Grouping,
    pub(crate) expert_groups: Grouping,
    pub(crate) has_previous: bool,
}

/// A pair as it is kept: its expert by place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scored {
    pub(crate) expert: u32,
    pub(crate) score: Score,
    pub(crate) ruling: Ruling,
    /// It stood in the plan before.
    pub(crate) kept: bool,
}

impl Campaign {
    /// Checks an instance.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn new(instance: Instance) -> Result<Self, InstanceError> {
        let Instance { mut experts, mut needs, pairs, quotas, floor, previous } = instance;
        let sizes = [experts.len(), needs.len(), pairs.len(), quotas.len()];
        if sizes.iter().any(|size| *size > (u32::MAX / 4) as usize) {
            return Err(InstanceError::TooLarge);
        }
        experts.sort_unstable_by_key(|expert| expert.id);
        needs.sort_unstable_by_key(|need| need.id);
        check_experts(&experts)?;
        check_needs(&needs)?;
        let mut campaign = Self {
            experts,
            needs,
            starts: Vec::new(),
            pairs: Vec::new(),
            floor,
            need_groups: Grouping::default(),
            expert_groups: Grouping::default(),
            has_previous: false,
        };
        campaign.enter_pairs(&pairs)?;
        campaign.enter_quotas(quotas)?;
        for (expert, need) in previous {
            // What stood there before and is no candidate any more is no reason to refuse.
            if let Ok(pair) = campaign.pair(expert, need) {
                campaign.pairs[pair].kept = true;
                campaign.has_previous = true;
            }
        }
        Ok(campaign)
    }

    fn enter_pairs(&mut self, pairs: &[crate::Candidate]) -> Result<(), InstanceError> {
        let mut rows = Vec::with_capacity(pairs.len());
        self.starts = vec![0; self.needs.len() + 1];
        for pair in pairs {
            let (expert, need) = (self.expert(pair.expert)?, self.need(pair.need)?);
            if pair.score > HIGHEST_SCORE {
                return Err(InstanceError::Score { expert: pair.expert, need: pair.need });
            }
            self.starts[need + 1] += 1;
            let scored =
                Scored { expert: expert as u32, score: pair.score, ruling: pair.ruling, kept: false };
            rows.push((need as u32, scored));
        }
        for at in 1..self.starts.len() {
            self.starts[at] += self.starts[at - 1];
        }
        rows.sort_unstable_by_key(|(need, pair)| (*need, std::cmp::Reverse(pair.score), pair.expert));
        self.pairs = rows.into_iter().map(|(_, pair)| pair).collect();
        self.refuse_repeated_pairs()
    }

    fn refuse_repeated_pairs(&self) -> Result<(), InstanceError> {
        let mut last = vec![u32::MAX; self.experts.len()];
        for need in 0..self.needs.len() {
            for pair in self.pairs_of(need) {
                let seen = &mut last[self.pairs[pair].expert as usize];
                if std::mem::replace(seen, need as u32) == need as u32 {
                    let (expert, need) = self.names(need, pair);
                    return Err(InstanceError::RepeatedPair { expert, need });
                }
            }
        }
        Ok(())
    }

    fn enter_quotas(&mut self, mut quotas: Vec<crate::Quota>) -> Result<(), InstanceError> {
        quotas.sort_by_key(|quota| quota.id);
        if let Some(two) = quotas.windows(2).find(|two| two[0].id == two[1].id) {
            return Err(InstanceError::RepeatedQuota(two[0].id));
        }
        let (mut of_needs, mut of_experts) = (Vec::new(), Vec::new());
        for quota in quotas {
            if quota.at_least > quota.at_most {
                return Err(InstanceError::Bounds(quota.id));
            }
            let (members, side) = match &quota.members {
                Members::Experts(ids) => {
                    (ids.iter().map(|id| self.expert(*id)).collect::<Result<Vec<_>, _>>()?, &mut of_experts)
                }
                Members::Needs(ids) => {
                    (ids.iter().map(|id| self.need(*id)).collect::<Result<Vec<_>, _>>()?, &mut of_needs)
                }
            };
            let mut members: Vec<u32> = members.into_iter().map(|member| member as u32).collect();
            members.sort_unstable();
            members.dedup();
            side.push(Group { id: quota.id, members, at_least: quota.at_least, at_most: quota.at_most });
        }
        let crossing = InstanceError::CrossingFloors;
        self.need_groups = Grouping::new(self.needs.len(), of_needs).map_err(crossing)?;
        self.expert_groups = Grouping::new(self.experts.len(), of_experts).map_err(crossing)?;
        Ok(())
    }

    pub(crate) fn expert(&self, id: u64) -> Result<usize, InstanceError> {
        let found = self.experts.binary_search_by_key(&id, |expert| expert.id);
        found.map_err(|_| InstanceError::UnknownExpert(id))
    }

    pub(crate) fn need(&self, id: u64) -> Result<usize, InstanceError> {
        let found = self.needs.binary_search_by_key(&id, |need| need.id);
        found.map_err(|_| InstanceError::UnknownNeed(id))
    }

    /// The place of a pair.
    pub(crate) fn pair(&self, expert: u64, need: u64) -> Result<usize, InstanceError> {
        let (at, of) = (self.expert(expert)?, self.need(need)?);
        let found = self.pairs_of(of).find(|pair| self.pairs[*pair].expert as usize == at);
        found.ok_or(InstanceError::UnknownPair { expert, need })
    }

    /// The pairs of a need, by place.
    pub(crate) fn pairs_of(&self, need: usize) -> std::ops::Range<usize> {
        self.starts[need] as usize..self.starts[need + 1] as usize
    }

    /// Expert and need of a pair, by number.
    pub(crate) fn names(&self, need: usize, pair: usize) -> (u64, u64) {
        (self.experts[self.pairs[pair].expert as usize].id, self.needs[need].id)
    }

    /// Whether the plan may choose the pair.
    pub(crate) fn is_open(&self, pair: usize) -> bool {
        self.pairs[pair].ruling == Ruling::Open && self.pairs[pair].score >= self.floor
    }

    /// Whether bounds are read off totals: some needs want several or nothing, or some quotas cross.
    pub(crate) fn reads_totals(&self) -> bool {
        let crosses = |groups: &Grouping| !groups.crossing.is_empty();
        crosses(&self.need_groups) || crosses(&self.expert_groups) || self.wants_several()
    }

    /// Whether some need must get more than one expert.
    pub(crate) fn wants_several(&self) -> bool {
        self.needs.iter().any(|need| need.least > 1)
    }

    /// How many experts are locked for a need.
    pub(crate) fn locked(&self, need: usize) -> u32 {
        self.pairs_of(need).filter(|pair| self.pairs[*pair].ruling == Ruling::Locked).count() as u32
    }
}

fn check_experts(experts: &[Expert]) -> Result<(), InstanceError> {
    if let Some(two) = experts.windows(2).find(|two| two[0].id == two[1].id) {
        return Err(InstanceError::RepeatedExpert(two[0].id));
    }
    match experts.iter().find(|expert| expert.capacity > MOST_VISITS) {
        Some(expert) => Err(InstanceError::Capacity(expert.id)),
        None => Ok(()),
    }
}

fn check_needs(needs: &[Need]) -> Result<(), InstanceError> {
    if let Some(two) = needs.windows(2).find(|two| two[0].id == two[1].id) {
        return Err(InstanceError::RepeatedNeed(two[0].id));
    }
    let wrong = |need: &&Need| need.least == 0 || need.least > need.most || need.most > MOST_VISITS;
    match needs.iter().find(wrong) {
        Some(need) => Err(InstanceError::Wants(need.id)),
        None => Ok(()),
    }
}
