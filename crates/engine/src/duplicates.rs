//! Needs that came twice: new and changed ones are compared with all that are there, and those that say nearly the same are flagged.
//!
//! A need that is written waits in the database until it has been compared: by whoever wrote it, or by [`Engine::catch_up`], which
//! the server does all the time and every command at its start. So the needs of a database from before are compared at the next start.

use std::cmp::Reverse;
use std::collections::HashMap;

use domain::{Kind, Profile, Record, RecordId, Status};
use ranking::{Alikeness, Likeness, Sameness, Writing};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use store::{Pair, Sketch};
use utoipa::ToSchema;

use crate::{Engine, EngineError, blocking};

/// Needs compared in one transaction, for which other writers wait.
const SLICE: usize = 1_000;
/// So many needs stand under one key; those that come later find these, and these are enough.
const HOLDERS: usize = 32;
/// So many of the likeliest are compared closely.
const CANDIDATES: usize = 64;

/// A need in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NeedBrief {
    /// 记录编号
    pub id: RecordId,
    /// 外部编号
    #[schema(example = "CZ-2026-0007")]
    pub external_id: String,
    /// 技术需求名称
    #[schema(example = "方形铝壳锂电池激光焊接气孔控制")]
    pub title: String,
    /// 单位名称
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "滁州皖东新能源科技有限公司")]
    pub enterprise: Option<String>,
    /// 所在地区全称
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "安徽省滁州市南谯区")]
    pub region_name: Option<String>,
    /// 报送单位
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "滁州市科协")]
    pub filed_by: Option<String>,
    /// 状态
    #[schema(value_type = String, example = "open")]
    pub status: Status,
}

/// A need that says nearly the same as the one asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Duplicate {
    /// 对方
    pub other: NeedBrief,
    /// 判为疑似重复的依据
    pub reason: Alikeness,
    /// 相似度（百分比）
    #[schema(example = 87.3)]
    pub likeness: f64,
    /// 本条的文字见于对方的比例（百分比）
    #[schema(example = 95.0)]
    pub share: f64,
    /// 对方的文字见于本条的比例（百分比）
    #[schema(example = 91.5)]
    pub other_share: f64,
    /// 一句话说明
    #[schema(example = "两条的文字有 87.3% 相同：本条的 95% 见于对方，对方的 91.5% 见于本条")]
    pub detail: String,
    /// What is exactly the same.
    #[serde(skip)]
    pub(crate) same: Option<Sameness>,
}

/// A row of an imported file that says nearly the same as another need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flag {
    /// 行号，从 1 起
    #[schema(example = 2)]
    pub line: u64,
    /// 该行成为的记录
    pub id: RecordId,
    /// 该行的技术需求名称
    #[schema(example = "方形铝壳锂离子电池激光焊接气孔控制技术")]
    pub title: String,
    /// 与哪条需求疑似重复
    #[serde(flatten)]
    pub duplicate: Duplicate,
}

/// Two needs that say nearly the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DuplicatePair {
    /// The one that came first.
    pub need: NeedBrief,
    /// How the other is like it.
    #[serde(flatten)]
    pub duplicate: Duplicate,
}

/// By which method needs are compared.
pub(crate) fn method() -> String {
    Writing::method()
}

impl Engine {
    /// The needs that say nearly the same as this one, the likest first; withdrawn ones are left out.
    ///
    /// # Errors
    /// [`EngineError::NotFound`].
    pub async fn duplicates(&self, id: RecordId) -> Result<Vec<Duplicate>, EngineError> {
        self.record(id).await?;
        let pairs = self.store.pairs_of(&[id.number], false).await?;
        self.seen_from(id.number, &pairs).await
    }

    /// Up to `limit` pairs of needs that say nearly the same, by number, after the pair of these two.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn duplicate_pairs(
        &self,
        after: (u64, u64),
        limit: u32,
    ) -> Result<Vec<DuplicatePair>, EngineError> {
        let pairs = self.store.pairs(after, limit).await?;
        let briefs = self.briefs(&pairs).await?;
        let found = pairs.iter().filter_map(|pair| {
            let need = briefs.get(&pair.first)?.brief.clone();
            let mut duplicate = duplicate(pair, pair.first, &briefs)?;
            if let Ok(duplicate) = &mut duplicate {
                // In a list of many, nobody knows which one “this” is.
                let names = [need.id.to_string(), duplicate.other.id.to_string()];
                duplicate.detail = duplicate.said(names.each_ref().map(String::as_str));
            }
            Some(duplicate.map(|duplicate| DuplicatePair { need, duplicate }))
        });
        found.collect()
    }

    /// How many needs nobody has compared with the others yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn uncompared_needs(&self) -> Result<u64, EngineError> {
        Ok(self.store.count_uncompared().await?)
    }

    /// Compares the needs that nobody has compared yet.
    pub(crate) async fn compare_needs(&self) -> Result<(), EngineError> {
        loop {
            let needs = self.store.uncompared(SLICE as u32).await?;
            if needs.is_empty() {
                return Ok(());
            }
            self.compare(&needs).await?;
        }
    }

    /// Compares one need that was just written; what it is like, withdrawn needs too.
    pub(crate) async fn compare_need(&self, need: u64) -> Result<Vec<Duplicate>, EngineError> {
        self.compare(&[need]).await?;
        self.duplicates_found(need).await
    }

    /// What a need that was compared is like, withdrawn needs too.
    pub(crate) async fn duplicates_found(&self, need: u64) -> Result<Vec<Duplicate>, EngineError> {
        let pairs = self.store.pairs_of(&[need], true).await?;
        self.seen_from(need, &pairs).await
    }

    /// Compares needs that were just written. `lines` tells on which line each need of the file stands; of two that are alike the later
    /// one is flagged, when it is among `needs`.
    pub(crate) async fn flagged(
        &self,
        needs: &[u64],
        lines: &FxHashMap<u64, u64>,
    ) -> Result<Vec<Flag>, EngineError> {
        for needs in needs.chunks(SLICE) {
            self.compare(needs).await?;
        }
        let here: FxHashSet<u64> = needs.iter().copied().collect();
        let pairs = self.store.pairs_of(needs, true).await?;
        let briefs = self.briefs(&pairs).await?;
        let mut flags = Vec::new();
        for pair in &pairs {
            let (first, second) = (lines.get(&pair.first), lines.get(&pair.second));
            let (line, need) = if first > second { (first, pair.first) } else { (second, pair.second) };
            let (Some(&line), Some(told)) = (line, briefs.get(&need)) else { continue };
            if !here.contains(&need) {
                continue;
            }
            let brief = &told.brief;
            if let Some(duplicate) = duplicate(pair, need, &briefs) {
                let (id, title) = (brief.id, brief.title.clone());
                flags.push(Flag { line, id, title, duplicate: duplicate? });
            }
        }
        flags.sort_by(|a, b| {
            let likest = b.duplicate.likeness.total_cmp(&a.duplicate.likeness);
            a.line.cmp(&b.line).then(likest).then(a.duplicate.other.id.cmp(&b.duplicate.other.id))
        });
        Ok(flags)
    }

    /// Compares those of these needs that are to be compared with all others.
    async fn compare(&self, needs: &[u64]) -> Result<(), EngineError> {
        if needs.is_empty() {
            return Ok(());
        }
        let mut comparison = self.store.compare().await?;
        let records = comparison.uncompared(needs).await?;
        let read: Vec<Read> = blocking(move || Ok(records.iter().map(Read::new).collect())).await?;
        let mut bands: Vec<i64> = read.iter().flat_map(|need| need.bands.iter().copied()).collect();
        bands.sort_unstable();
        bands.dedup();
        let holders = comparison.holders(&bands).await?;
        let (sketches, candidates) = candidates(&read, holders);
        let mut others: Vec<u64> = candidates.iter().flatten().copied().collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|other| read.binary_search_by_key(other, |need| need.number).is_err());
        let others = comparison.records(&others).await?;
        let pairs = blocking(move || {
            let mut all = read;
            let here = all.len();
            all.extend(others.iter().map(Read::without_bands));
            let writings: FxHashMap<u64, &Writing> =
                all.iter().map(|need| (need.number, &need.writing)).collect();
            let pairs = all[..here].iter().zip(candidates).flat_map(|(need, others)| {
                let with = |other| pair(need.number, other, &writings);
                others.into_iter().filter_map(with).collect::<Vec<_>>()
            });
            Ok(pairs.collect::<Vec<Pair>>())
        })
        .await?;
        Ok(comparison.write(needs, &sketches, &pairs).await?)
    }

    async fn seen_from(&self, need: u64, pairs: &[Pair]) -> Result<Vec<Duplicate>, EngineError> {
        let briefs = self.briefs(pairs).await?;
        let found = pairs.iter().filter_map(|pair| duplicate(pair, need, &briefs));
        let mut duplicates: Vec<Duplicate> = found.collect::<Result<_, _>>()?;
        duplicates
            .sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then_with(|| a.other.id.cmp(&b.other.id)));
        Ok(duplicates)
    }

    async fn briefs(&self, pairs: &[Pair]) -> Result<HashMap<u64, Told>, EngineError> {
        let mut numbers: Vec<u64> = pairs.iter().flat_map(|pair| [pair.first, pair.second]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let records = self.store.records(Kind::Need, &numbers).await?;
        Ok(records.iter().map(|record| (record.id.number, Told::of(record))).collect())
    }
}

/// A need in short, and what it says.
struct Told {
    brief: NeedBrief,
    description: String,
}

impl Told {
    fn of(record: &Record) -> Self {
        Self { brief: NeedBrief::of(record), description: description(record).to_owned() }
    }

    fn texts(&self) -> [&str; 2] {
        [&self.brief.title, &self.description]
    }
}

fn description(record: &Record) -> &str {
    match &record.profile {
        Profile::Need(need) => &need.description,
        _ => "",
    }
}

/// A need read for the comparison.
struct Read {
    number: u64,
    writing: Writing,
    bands: Vec<i64>,
}

impl Read {
    fn new(record: &Record) -> Self {
        let read = Self::without_bands(record);
        Self { bands: read.writing.bands(), ..read }
    }

    /// As one with which others are compared.
    fn without_bands(record: &Record) -> Self {
        let writing = Writing::new(record.profile.title(), description(record));
        Self { number: record.id.number, bands: Vec::new(), writing }
    }
}

impl NeedBrief {
    pub(crate) fn of(record: &Record) -> Self {
        let Record { profile, .. } = record;
        let filed_by = match profile {
            Profile::Need(need) => need.filed_by.clone(),
            _ => None,
        };
        Self {
            id: record.id,
            external_id: record.external_id.clone(),
            title: profile.title().to_owned(),
            enterprise: profile.organisation().map(str::to_owned),
            region_name: profile.region().map(domain::Region::full_name),
            filed_by,
            status: record.status,
        }
    }
}

/// Where each need is listed, and those that stood there before it, the likeliest first: those with the most keys in common.
fn candidates(needs: &[Read], mut holders: HashMap<i64, Vec<u64>>) -> (Vec<Sketch>, Vec<Vec<u64>>) {
    let mut sketches = Vec::with_capacity(needs.len());
    let mut candidates = Vec::with_capacity(needs.len());
    for Read { number, bands, .. } in needs {
        let mut met: FxHashMap<u64, usize> = FxHashMap::default();
        let mut listed = Vec::with_capacity(bands.len());
        for band in bands {
            let held = holders.entry(*band).or_default();
            held.iter().for_each(|other| *met.entry(*other).or_default() += 1);
            if held.len() < HOLDERS {
                held.push(*number);
                listed.push(*band);
            }
        }
        let mut met: Vec<(u64, usize)> = met.into_iter().collect();
        met.sort_unstable_by_key(|&(other, keys)| (Reverse(keys), other));
        met.truncate(CANDIDATES);
        candidates.push(met.into_iter().map(|(other, _)| other).collect());
        sketches.push(Sketch { need: *number, bands: bands.clone(), listed });
    }
    (sketches, candidates)
}

fn pair(need: u64, other: u64, writings: &FxHashMap<u64, &Writing>) -> Option<Pair> {
    let (first, second) = (need.min(other), need.max(other));
    let Likeness { reason, likeness, shares } = writings.get(&first)?.likeness(writings.get(&second)?)?;
    let [first_share, second_share] = shares;
    Some(Pair { first, second, reason: reason.slug().to_owned(), likeness, first_share, second_share })
}

/// A pair as the need sees it; `None` when a record has gone.
fn duplicate(pair: &Pair, need: u64, told: &HashMap<u64, Told>) -> Option<Result<Duplicate, EngineError>> {
    let (other, share, other_share) = if need == pair.first {
        (pair.second, pair.first_share, pair.second_share)
    } else {
        (pair.first, pair.second_share, pair.first_share)
    };
    let (need, other) = (told.get(&need)?, told.get(&other)?);
    let same = Sameness::of(need.texts(), other.texts());
    let other = other.brief.clone();
    let reason: Alikeness = match pair.reason.parse() {
        Ok(reason) => reason,
        Err(source) => {
            let place = format!("需求 {} 与 {} 的比较结果", pair.first, pair.second);
            return Some(Err(store::StoreError::Corrupt { place, source: String::into(source) }.into()));
        }
    };
    let [likeness, share, other_share] = [pair.likeness, share, other_share].map(percent);
    let mut found = Duplicate { other, reason, likeness, share, other_share, detail: String::new(), same };
    found.detail = found.said(["本条", "对方"]);
    Some(Ok(found))
}

impl Duplicate {
    /// How the two are alike, in one sentence that calls them by these names.
    fn said(&self, [this, that]: [&str; 2]) -> String {
        let Self { reason, likeness, share, other_share, same, .. } = self;
        let spaced = if this.is_ascii() { " " } else { "" };
        let shares = format!(
            "{this}{spaced}的 {share}% 见于{spaced}{that}，{that}{spaced}的 {other_share}% 见于{spaced}{this}"
        );
        match (same, reason) {
            (Some(Sameness::All), _) => "名称和说明文字都相同".to_owned(),
            (Some(Sameness::ButNumbers), _) => "只有数字不同，其余文字相同".to_owned(),
            (Some(Sameness::Description), _) => "说明文字相同，名称不同".to_owned(),
            (None, Alikeness::Text) if *likeness >= 100.0 => {
                "除名称、套话和数字以外，两条的文字相同".to_owned()
            }
            (None, Alikeness::Text) => format!("两条的文字有 {likeness}% 相同：{shares}"),
            (None, Alikeness::Contained) => format!("较短一条的文字有 {likeness}% 见于较长一条：{shares}"),
            (None, Alikeness::Title) => "名称相同，其中一条没有另外的说明".to_owned(),
        }
    }
}

/// With one decimal.
fn percent(share: f64) -> f64 {
    (share * 1e3).round() / 10.0
}
