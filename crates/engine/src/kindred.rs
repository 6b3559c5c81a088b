//! Kindred needs (共性需求): needs of different enterprises that share a problem, so that one event can serve all of them.
//!
//! Every open, valid need asks the registry of needs with the first stage of matching (`kindred/neighbours.rs`); [`ranking::kindred`] makes groups of those
//! that find each other. A need that its enterprise filed several times counts once. The nightly re-match publishes the clusters with its run, by the
//! statistics of its epoch.

mod neighbours;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{Attributes, Kind, Passage, Profile, Record, Status};
use jiff::Timestamp;
use jiff::civil::Date;
use ranking::kindred::{Group, groups};
use ranking::{Common, Exclusion, Highlight, SharedWords, common};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use store::{Cluster, ClusterPlace, ListFilter, RunId, RunState, StoreError};
use utoipa::ToSchema;

use crate::duplicates::NeedBrief;
use crate::matching::today;
use crate::rematch::summary;
use crate::{Engine, EngineError, RunSummary, blocking};
pub(crate) use neighbours::{HELD, Peers, SHOWN, SINGLE, by_words, neighbourhood, weightiest};

/// Needs read at a time; pairs read at a time.
const PAGE: u32 = 500;
const PAIRS: u32 = 2_000;
/// A problem of one enterprise alone is none that is shared.
pub(crate) const LEAST: usize = 2;

/// Which clusters are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterRequest {
    /// Those of so many enterprises at least; less than two counts as two.
    pub least: usize,
    /// The day on which validity is judged; today when absent.
    pub on: Option<Date>,
}

/// Needs of different enterprises that share a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NeedCluster {
    /// 名次：涉及企业多的在前，从 1 起
    #[schema(example = 1)]
    pub place: u64,
    /// 主题词：至少两条需求都有、最能把这一组与其他需求区分开的词语
    #[schema(example = json!(["激光焊接", "气孔", "铝壳"]))]
    pub label: Vec<String>,
    /// 涉及的企业数
    #[schema(example = 3)]
    pub enterprises: usize,
    /// 涉及的县（市、区）数
    #[schema(example = 2)]
    pub counties: usize,
    /// 内聚度，0 到 1：各需求两两之间相似度的平均值，彼此检索不到的按 0 计
    #[schema(example = 0.41)]
    pub cohesion: f64,
    /// 组内的需求，按编号排列；同一企业重复提交的只列一条
    pub members: Vec<ClusterMember>,
}

/// A need in a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClusterMember {
    /// 需求
    pub need: NeedBrief,
    /// 与组内其他需求共有的词语
    #[schema(example = json!(["激光焊接", "气孔"]))]
    pub words: Vec<String>,
    /// 共有词语在文中的位置
    pub highlights: Vec<Highlight>,
    /// 同一企业重复提交的同一需求，不另计
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<SameNeed>,
}

/// The same need, filed again by the same enterprise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SameNeed {
    /// 需求
    pub need: NeedBrief,
}

/// Clusters of the current run.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterPage {
    /// The run.
    pub run: RunSummary,
    /// By place.
    pub items: Vec<NeedCluster>,
    /// Place after which the next page starts; `None` on the last page.
    pub next: Option<u64>,
}

/// Open needs, each once, and who filed them.
pub(crate) struct Needs {
    pub(crate) open: BTreeMap<u64, OpenNeed>,
    /// The same need filed again by the same owner: those that the first one stands for, ascending.
    pub(crate) same: BTreeMap<u64, Vec<u64>>,
    /// The other way round.
    first: FxHashMap<u64, u64>,
}

/// An open need.
pub(crate) struct OpenNeed {
    /// Whose it is; one of nobody in particular is its county's.
    owner: String,
    /// Of its texts.
    pub(crate) digest: TextDigest,
    /// Which state of the record it is.
    pub(crate) revision: (u64, Timestamp),
}

impl Engine {
    /// Finds the clusters of open, valid needs as they are now, those of the most enterprises first.
    ///
    /// # Errors
    /// When database or index refuse.
    pub async fn need_clusters(&self, request: &ClusterRequest) -> Result<Vec<NeedCluster>, EngineError> {
        let date = request.on.unwrap_or_else(today);
        let needs = self.open_needs(date).await?;
        let peers = Peers::as_they_are(self.catalog.registry(Kind::Need).snapshot());
        let asking: Vec<u64> = needs.each_once().collect();
        let near = self.near(&asking, &asking, &peers).await?;
        let found = blocking(move || {
            let neighbourhoods: Vec<_> = near.iter().map(|near| neighbourhood(near.0, &near.1)).collect();
            Ok(groups(&neighbourhoods))
        });
        let mut clusters = Vec::new();
        for group in found.await? {
            clusters.extend(self.cluster(group, &needs, &peers).await?);
        }
        // Words were counted in it meanwhile.
        peers.require_ready()?;
        clusters.retain(|cluster| cluster.enterprises >= request.least);
        Ok(placed(clusters))
    }

    /// Up to `limit` clusters of a run, the current one unless another is named, after a place; those of `least` enterprises and more.
    ///
    /// # Errors
    /// [`EngineError::NoRun`]; [`StoreError::RunNotFound`] for one that was published and is not kept any more.
    pub async fn run_clusters(
        &self,
        run: Option<RunId>,
        least: u64,
        after: u64,
        limit: u32,
    ) -> Result<ClusterPage, EngineError> {
        let run = match run {
            None => self.store.current_run().await?.ok_or(EngineError::NoRun)?,
            Some(id) => {
                let found = self.store.run(id).await?.filter(|run| run.state == RunState::Published);
                found.ok_or(StoreError::RunNotFound(id))?
            }
        };
        let wanted = ClusterPlace { after, least, limit: limit + 1 };
        let mut stored = self.store.run_clusters(run.id, wanted).await?;
        let more = stored.len() > limit as usize;
        stored.truncate(limit as usize);
        let next = stored.last().filter(|_| more).map(|cluster| cluster.place);
        let read = |cluster: &Cluster| {
            serde_json::from_str(&cluster.content).map_err(|source| StoreError::Corrupt {
                place: format!("匹配批次 {} 的共性需求", run.id),
                source: Box::new(source),
            })
        };
        let items = stored.iter().map(read).collect::<Result<_, _>>()?;
        Ok(ClusterPage { run: summary(&run), items, next })
    }

    pub(crate) async fn open_needs(&self, date: Date) -> Result<Needs, EngineError> {
        let filter = ListFilter { statuses: vec![Status::Open], ..ListFilter::default() };
        let mut needs = Needs { open: BTreeMap::new(), same: BTreeMap::new(), first: FxHashMap::default() };
        let mut after = 0;
        loop {
            let page = self.store.page(Kind::Need, &filter, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id.number;
            for need in &page {
                let against = ranking::exclusions(None, &Attributes::of(need), date);
                if !against.contains(&Exclusion::Expired) {
                    let (owner, digest) = (self.owner(need), text_digest(need));
                    let revision = (need.revision, need.updated_at);
                    needs.open.insert(need.id.number, OpenNeed { owner, digest, revision });
                }
            }
        }
        let mut after = (0, 0);
        loop {
            let pairs = self.store.pairs(after, PAIRS).await?;
            let Some(last) = pairs.last() else { break };
            after = (last.first, last.second);
            pairs.iter().for_each(|pair| needs.count_once(pair.first, pair.second));
        }
        Ok(needs)
    }

    /// Whose a need is, as far as the form tells.
    fn owner(&self, need: &Record) -> String {
        let Profile::Need(profile) = &need.profile else { return String::new() };
        let name = self.analyzer.normalise(&profile.enterprise_name);
        let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let code = profile.enterprise_code.as_ref().map(ToString::to_string);
        let county = || profile.region.map(|region| format!("?{}", String::from(region)));
        let known = Some(name).filter(|name| !name.is_empty()).or(code).or(profile.enterprise.clone());
        known.or_else(county).unwrap_or_else(|| format!("?{}", need.id))
    }

    /// What a group has in common; `None` when it is one enterprise's, or has no word in common.
    pub(crate) async fn cluster(
        &self,
        group: Group,
        needs: &Needs,
        peers: &Peers,
    ) -> Result<Option<NeedCluster>, EngineError> {
        if needs.owners_among(&group.members) < LEAST {
            return Ok(None);
        }
        let cohesion = told_cohesion(&group);
        let again = group.members.iter().filter_map(|member| needs.same.get(member)).flatten();
        let numbers: Vec<u64> = group.members.iter().chain(again).copied().collect();
        let records = self.store.records(Kind::Need, &numbers).await?;
        let records: HashMap<u64, Record> =
            records.into_iter().map(|record| (record.id.number, record)).collect();
        // Meanwhile one may have gone.
        let mut members = group.members;
        members.retain(|member| records.contains_key(member));
        let texts = |members: &[u64]| -> Vec<Vec<Passage>> {
            members.iter().map(|member| records[member].profile.passages()).collect()
        };
        let mut told = self.common(texts(&members), peers).await?;
        // Who shares no word with the others is none of them that anybody could see.
        while told.needs.iter().any(|need| need.words.is_empty()) {
            let mut shares = told.needs.iter().map(|need| !need.words.is_empty());
            members.retain(|_| shares.next().unwrap_or(false));
            told = self.common(texts(&members), peers).await?;
        }
        let enterprises = needs.owners_among(&members);
        if enterprises < LEAST {
            return Ok(None);
        }
        let counties: BTreeSet<_> =
            members.iter().filter_map(|member| records[member].profile.region()).collect();
        let member = |(number, shared): (&u64, SharedWords)| {
            let again = needs.same.get(number).into_iter().flatten();
            let same = again.filter_map(|again| records.get(again));
            ClusterMember {
                need: NeedBrief::of(&records[number]),
                words: shared.words,
                highlights: shared.highlights,
                same: same.map(|record| SameNeed { need: NeedBrief::of(record) }).collect(),
            }
        };
        Ok(Some(NeedCluster {
            place: 0,
            label: told.label,
            enterprises,
            counties: counties.len(),
            cohesion,
            members: members.iter().zip(told.needs).map(member).collect(),
        }))
    }

    async fn common(&self, texts: Vec<Vec<Passage>>, peers: &Peers) -> Result<Common, EngineError> {
        let (engine, peers) = (self.clone(), peers.clone());
        blocking(move || {
            let holders = |word: &str| peers.holders(&engine.analyzer, word);
            Ok(common(&engine.analyzer, &texts, peers.count(), holders))
        })
        .await
    }
}

/// A group's cohesion as it is told.
pub(crate) fn told_cohesion(group: &Group) -> f64 {
    (group.cohesion * 1e3).round() / 1e3
}

/// Clusters in their order: those of the most enterprises first.
pub(crate) fn placed(mut clusters: Vec<NeedCluster>) -> Vec<NeedCluster> {
    clusters.sort_by(|a, b| {
        let size = |cluster: &NeedCluster| Reverse((cluster.enterprises, cluster.counties));
        let first = |cluster: &NeedCluster| cluster.members.first().map(|member| member.need.id);
        let cohesive = b.cohesion.total_cmp(&a.cohesion);
        size(a).cmp(&size(b)).then(cohesive).then_with(|| first(a).cmp(&first(b)))
    });
    clusters.iter_mut().zip(1..).for_each(|(cluster, place)| cluster.place = place);
    clusters
}

/// Digest of a record's texts.
pub(crate) type TextDigest = [u8; blake3::OUT_LEN];

/// Tells a record's own texts from any others.
pub(crate) fn text_digest(record: &Record) -> TextDigest {
    let mut hasher = blake3::Hasher::new();
    for passage in record.profile.passages() {
        hasher.update(passage.area.slug().as_bytes());
        hasher.update(&(passage.text.len() as u64).to_le_bytes());
        hasher.update(passage.text.as_bytes());
    }
    hasher.finalize().into()
}

impl Needs {
    /// Lets two needs that say nearly the same count once, when they have one owner.
    fn count_once(&mut self, first: u64, second: u64) {
        let (Some(one), Some(other)) = (self.open.get(&first), self.open.get(&second)) else { return };
        if one.owner != other.owner {
            return;
        }
        let (one, two) = (self.stands_for(first), self.stands_for(second));
        if one != two {
            let (kept, gone) = (one.min(two), one.max(two));
            let mut gone_with = self.same.remove(&gone).unwrap_or_default();
            gone_with.push(gone);
            self.first.extend(gone_with.iter().map(|need| (*need, kept)));
            let same = self.same.entry(kept).or_default();
            same.append(&mut gone_with);
            same.sort_unstable();
        }
    }

    /// The first of those that are the same as this one.
    fn stands_for(&self, need: u64) -> u64 {
        self.first.get(&need).copied().unwrap_or(need)
    }

    pub(crate) fn each_once(&self) -> impl Iterator<Item = u64> {
        self.open.keys().copied().filter(|need| !self.first.contains_key(need))
    }

    fn owners_among(&self, members: &[u64]) -> usize {
        let owners: BTreeSet<&str> =
            members.iter().filter_map(|member| Some(self.open.get(member)?.owner.as_str())).collect();
        owners.len()
    }
}
