//! Measuring ranking quality on labelled sets, through the product's own path: import, index, match.
//!
//! *Graded*: `needs.jsonl` (id, title, text), `achievements.jsonl` (id, title) and `qrels.tsv` (need_id, achievement_id, level 1–4). All achievements
//! are indexed; each need ranks its own judged pool. *Known item*: `experts.jsonl` (id, projects) and `queries.jsonl` (id, text, relevant);
//! each query ranks all experts.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use domain::{Kind, Record, RecordId};
use exchange::Format;
use futures_util::{StreamExt, stream};
use ranking::metrics::{bootstrap_interval, mean, ndcg, reciprocal_rank};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::desk::Sight;
use crate::matching::{Reach, today};
use crate::{Engine, EngineError, ImportOptions, Subject};

/// Ranks looked at for a known item; one further down counts as not found.
const DEEPEST: usize = 1_000;
/// A need counts with at least this many judgements, and with a level of at least this.
pub(crate) const FEWEST_JUDGEMENTS: usize = 10;
pub(crate) const RELEVANT: u8 = 2;
pub(crate) const AT_ONCE: usize = 4;
/// Results told of each case.
pub(crate) const SHOWN: usize = 10;

/// What one need or query came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// As in the set.
    pub id: String,
    /// The need's title, or the query.
    pub title: String,
    /// nDCG@10, or the reciprocal rank.
    pub value: f64,
    /// The first ten, best first.
    pub top: Vec<Placed>,
}

/// One of the first in a ranking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placed {
    /// As in the set.
    pub id: String,
    /// The achievement's title, or the expert's first project.
    pub title: String,
    /// The judgement, 1 to 4; of a known item 4; `None` where nobody judged.
    pub level: Option<u8>,
}

/// nDCG@10 over needs with graded judgements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graded {
    /// Mean nDCG@10.
    pub ndcg_at_10: f64,
    /// Needs measured.
    pub needs: usize,
    /// 95 % bootstrap interval of the mean.
    pub interval: (f64, f64),
    /// Judgements that could not be used.
    pub passed_over: PassedOver,
    /// Each need.
    #[serde(skip)]
    pub cases: Vec<Case>,
}

impl Graded {
    pub(crate) fn of(cases: Vec<Case>) -> Self {
        let values = values(&cases);
        let interval = bootstrap_interval(&values);
        Self {
            ndcg_at_10: mean(&values),
            needs: cases.len(),
            interval,
            passed_over: PassedOver::default(),
            cases,
        }
    }
}

/// Where the one relevant expert of each query stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KnownItem {
    /// Mean reciprocal rank; ranks beyond 1,000 count 0.
    pub mrr: f64,
    /// Share of queries with the expert among the first ten.
    pub recall_at_10: f64,
    /// Share of queries with the expert among the first hundred.
    pub recall_at_100: f64,
    /// Queries measured.
    pub queries: usize,
    /// Each query.
    #[serde(skip)]
    pub cases: Vec<Case>,
}

/// A graded set whose needs and achievements an engine holds.
#[derive(Debug)]
pub struct GradedSet {
    /// Those that count.
    needs: Vec<LabelledNeed>,
    judgements: Judgements,
    titles: HashMap<String, String>,
    passed_over: PassedOver,
}

/// Judgements of a set that could not be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// They speak of a need that is not in the set.
    pub unknown_needs: usize,
    /// They speak of an achievement that is not in the set.
    pub unknown_achievements: usize,
}

/// A known-item set whose experts an engine holds.
#[derive(Debug)]
pub struct KnownItemSet {
    queries: Vec<LabelledQuery>,
    /// The experts' first projects.
    titles: HashMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct LabelledNeed {
    id: String,
    title: String,
    #[serde(default)]
    text: String,
}

#[derive(Debug, Deserialize)]
struct LabelledAchievement {
    id: String,
    title: String,
}

#[derive(Debug, Deserialize)]
struct LabelledExpert {
    id: String,
    projects: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct LabelledQuery {
    id: String,
    text: String,
    relevant: Vec<String>,
}

impl Engine {
    /// Imports and indexes a graded set, and learns term vectors from its texts. The engine must be empty; use a temporary data directory.
    ///
    /// # Errors
    /// [`EngineError::SetFile`], [`EngineError::SetLine`]; [`EngineError::BadSet`] when a file is malformed or no need can be measured.
    pub async fn load_graded(&self, set: &Path) -> Result<GradedSet, EngineError> {
        let mut needs: Vec<LabelledNeed> = lines(&set.join("needs.jsonl"))?;
        let achievements: Vec<LabelledAchievement> = lines(&set.join("achievements.jsonl"))?;
        let mut judgements = judgements(&set.join("qrels.tsv"))?;
        let title = |found: &LabelledAchievement| (found.id.clone(), found.title.clone());
        let titles: HashMap<String, String> = achievements.iter().map(title).collect();
        let passed_over = passed_over(&mut judgements, &needs, &titles);
        let counts = |need: &LabelledNeed| {
            judgements.get(&need.id).is_some_and(|pool| {
                pool.len() >= FEWEST_JUDGEMENTS && pool.values().any(|level| *level >= RELEVANT)
            })
        };
        if !needs.iter().any(counts) {
            return Err(unmeasurable(&needs, &judgements, passed_over));
        }
        let form = |need: &LabelledNeed| json!({"external_id": need.id, "title": need.title, "description": need.text});
        self.load(Kind::Need, needs.iter().map(form)).await?;
        let form = |found: &LabelledAchievement| json!({"external_id": found.id, "title": found.title});
        self.load(Kind::Achievement, achievements.iter().map(form)).await?;
        self.learn_from_set().await?;
        needs.retain(counts);
        Ok(GradedSet { needs, judgements, titles, passed_over })
    }

    /// Measures on a graded set that was loaded into this data directory. `progress` hears of needs done.
    ///
    /// # Errors
    /// When database or index refuse.
    pub async fn measure_graded(
        &self,
        set: &GradedSet,
        mut progress: impl FnMut(usize, usize) + Send,
    ) -> Result<Graded, EngineError> {
        let mut cases = Vec::with_capacity(set.needs.len());
        let mut measured =
            stream::iter(&set.needs).map(|need| self.graded_need(need, set)).buffered(AT_ONCE).enumerate();
        while let Some((at, case)) = measured.next().await {
            cases.extend(case?);
            progress(at + 1, set.needs.len());
        }
        Ok(Graded { passed_over: set.passed_over, ..Graded::of(cases) })
    }

    async fn graded_need(&self, need: &LabelledNeed, set: &GradedSet) -> Result<Option<Case>, EngineError> {
        let missing = || EngineError::BadSet(format!("需求 {} 没有导入成功", need.id));
        let id = self.find(Kind::Need, &need.id).await?.ok_or_else(missing)?;
        let mut judged: HashMap<u64, (&str, u8)> = HashMap::new();
        for (external_id, level) in &set.judgements[&need.id] {
            let missing = || EngineError::BadSet(format!("成果 {external_id} 不在 achievements.jsonl 中"));
            let found = self.find(Kind::Achievement, external_id).await?.ok_or_else(missing)?;
            judged.insert(found.number, (external_id, *level));
        }
        let order = self.order_of(id, Kind::Achievement, judged.keys().copied().collect(), false).await?;
        let levels: Vec<u8> = order.iter().map(|number| judged[number].1).collect();
        let placed = |number: &u64| {
            let (id, level) = judged[number];
            let title = set.titles.get(id).cloned().unwrap_or_default();
            Placed { id: id.to_owned(), title, level: Some(level) }
        };
        let top = order.iter().take(SHOWN).map(placed).collect();
        let case = |value| Case { id: need.id.clone(), title: need.title.clone(), value, top };
        Ok(ndcg(&levels, 10).map(case))
    }

    /// These candidates in the order in which the need ranks them; what shares no term with it comes last, by number.
    pub(crate) async fn order_of(
        &self,
        need: RecordId,
        target: Kind,
        mut among: Vec<u64>,
        with_closed: bool,
    ) -> Result<Vec<u64>, EngineError> {
        among.sort_unstable();
        let reach =
            Reach { candidates: among.len(), among: Some(among.clone()), with_closed, ..Reach::default() };
        let asking = Arc::new(self.asking(&Subject::Stored(need), today(), Sight::everything()).await?);
        let ranked = self.rank(&asking, target, &reach, today()).await?;
        let mut order: Vec<u64> = ranked.scored.iter().map(|scored| scored.number).collect();
        let found: HashSet<u64> = order.iter().copied().collect();
        order.extend(among.into_iter().filter(|number| !found.contains(number)));
        Ok(order)
    }

    /// Imports and indexes a known-item set, and learns term vectors from its experts. The engine must be empty; use a temporary data
    /// directory.
    ///
    /// # Errors
    /// [`EngineError::SetFile`], [`EngineError::SetLine`]; [`EngineError::BadSet`] when there is no query, or one without an answer.
    pub async fn load_known_item(&self, set: &Path) -> Result<KnownItemSet, EngineError> {
        let experts: Vec<LabelledExpert> = lines(&set.join("experts.jsonl"))?;
        let queries: Vec<LabelledQuery> = lines(&set.join("queries.jsonl"))?;
        if queries.is_empty() {
            return Err(EngineError::BadSet("queries.jsonl 里没有查询，无法衡量".to_owned()));
        }
        if let Some(query) = queries.iter().find(|query| query.relevant.is_empty()) {
            let said = format!("queries.jsonl 里的查询 {} 没有写明答案（relevant）", query.id);
            return Err(EngineError::BadSet(said));
        }
        let form = |expert: &LabelledExpert| json!({"external_id": expert.id, "name": expert.id, "projects": expert.projects});
        self.load(Kind::Expert, experts.iter().map(form)).await?;
        self.learn_from_set().await?;
        let title =
            |expert: LabelledExpert| (expert.id, expert.projects.into_iter().next().unwrap_or_default());
        Ok(KnownItemSet { queries, titles: experts.into_iter().map(title).collect() })
    }

    /// Measures on a known-item set that was loaded into this data directory. `progress` hears of queries done.
    ///
    /// # Errors
    /// [`EngineError::BadSet`] when a relevant expert is not in the set.
    pub async fn measure_known_item(
        &self,
        set: &KnownItemSet,
        mut progress: impl FnMut(usize, usize) + Send,
    ) -> Result<KnownItem, EngineError> {
        let total = set.queries.len();
        let mut ranks: Vec<Option<usize>> = Vec::with_capacity(total);
        let mut cases = Vec::with_capacity(total);
        let mut found = stream::iter(&set.queries).map(|query| self.known_item(query, set)).buffered(AT_ONCE);
        while let Some(found) = found.next().await {
            let (rank, case) = found?;
            ranks.push(rank);
            cases.push(case);
            progress(ranks.len(), total);
        }
        let within =
            |k| ranks.iter().flatten().filter(|rank| **rank <= k).count() as f64 / total.max(1) as f64;
        Ok(KnownItem {
            mrr: mean(&values(&cases)),
            recall_at_10: within(10),
            recall_at_100: within(100),
            queries: total,
            cases,
        })
    }

    async fn known_item(
        &self,
        query: &LabelledQuery,
        set: &KnownItemSet,
    ) -> Result<(Option<usize>, Case), EngineError> {
        let form = Subject::Form(Kind::Need, json!({"title": query.text}));
        let asking = Arc::new(self.asking(&form, today(), Sight::everything()).await?);
        let reach = Reach { candidates: DEEPEST, ..Reach::default() };
        let ranked = self.rank(&asking, Kind::Expert, &reach, today()).await?;
        let mut relevant = Vec::with_capacity(query.relevant.len());
        for expert in &query.relevant {
            let missing = || EngineError::BadSet(format!("专家 {expert} 不在 experts.jsonl 中"));
            relevant.push(self.find(Kind::Expert, expert).await?.ok_or_else(missing)?.number);
        }
        let rank = ranked.scored.iter().position(|scored| relevant.contains(&scored.number)).map(|at| at + 1);
        let first: Vec<u64> = ranked.scored.iter().take(SHOWN).map(|scored| scored.number).collect();
        let mut records = self.store.records(Kind::Expert, &first).await?;
        records.sort_by_key(|record| first.iter().position(|number| *number == record.id.number));
        let placed = |record: Record| Placed {
            title: set.titles.get(&record.external_id).cloned().unwrap_or_default(),
            level: relevant.contains(&record.id.number).then_some(4),
            id: record.external_id,
        };
        let top = records.into_iter().map(placed).collect();
        let (id, title) = (query.id.clone(), query.text.clone());
        Ok((rank, Case { id, title, value: reciprocal_rank(rank), top }))
    }

    /// What the product learns at night is part of its ranking; from a handful of records there is nothing to learn.
    async fn learn_from_set(&self) -> Result<(), EngineError> {
        self.train_vectors(|_| {}).await?;
        self.catch_up().await?;
        Ok(())
    }

    /// Imports forms as a file would be imported; a rejected one is an error, for it would change the measure.
    async fn load(&self, kind: Kind, forms: impl Iterator<Item = Value>) -> Result<(), EngineError> {
        let lines: Vec<String> = forms.map(|form| form.to_string()).collect();
        let options = ImportOptions { kind, format: Format::JsonLines, all_or_nothing: false };
        let report = self.import(options, Cursor::new(lines.join("\n").into_bytes()), |_| {}).await?;
        match report.errors.first() {
            Some(error) => Err(EngineError::BadSet(format!("{}未能导入：{error}", kind.label()))),
            None => Ok(()),
        }
    }
}

fn values(cases: &[Case]) -> Vec<f64> {
    cases.iter().map(|case| case.value).collect()
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, EngineError> {
    let text = read(path)?;
    let parsed = |(at, line): (usize, &str)| {
        let wrong = |error| EngineError::SetLine { path: path.to_owned(), line: at + 1, error };
        serde_json::from_str(line).map_err(wrong)
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(parsed).collect()
}

fn read(path: &Path) -> Result<String, EngineError> {
    let text =
        fs::read_to_string(path).map_err(|error| EngineError::SetFile { path: path.to_owned(), error })?;
    // Windows programs put a mark in front.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Need to achievement to level.
type Judgements = HashMap<String, HashMap<String, u8>>;

/// The first line is a heading unless its third cell is a number.
fn judgements(path: &Path) -> Result<Judgements, EngineError> {
    let text = read(path)?;
    let is_heading =
        |line: &str| line.split('\t').nth(2).is_none_or(|cell| cell.trim().parse::<i64>().is_err());
    let mut judgements = Judgements::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || (at == 0 && is_heading(line)) {
            continue;
        }
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let bad = || {
            EngineError::BadSet(format!(
                "{} 第 {} 行：应为三列，用制表符隔开，第三列为等级 1 到 4",
                path.display(),
                at + 1
            ))
        };
        let [need, achievement, level] = cells[..] else { return Err(bad()) };
        let level = level.parse().ok().filter(|level| (1..=4).contains(level)).ok_or_else(bad)?;
        judgements.entry(need.to_owned()).or_default().insert(achievement.to_owned(), level);
    }
    Ok(judgements)
}

/// Takes out the judgements that speak of needs or achievements that are not in the set, and counts them.
fn passed_over(
    judgements: &mut Judgements,
    needs: &[LabelledNeed],
    titles: &HashMap<String, String>,
) -> PassedOver {
    let mut passed_over = PassedOver::default();
    let known: HashSet<&str> = needs.iter().map(|need| need.id.as_str()).collect();
    judgements.retain(|need, pool| {
        if !known.contains(need.as_str()) {
            passed_over.unknown_needs += pool.len();
            return false;
        }
        let all = pool.len();
        pool.retain(|achievement, _| titles.contains_key(achievement));
        passed_over.unknown_achievements += all - pool.len();
        true
    });
    passed_over
}

/// Why no need of the set can be measured.
fn unmeasurable(needs: &[LabelledNeed], judgements: &Judgements, passed_over: PassedOver) -> EngineError {
    let pools = || needs.iter().filter_map(|need| judgements.get(&need.id)).filter(|pool| !pool.is_empty());
    let few = pools().filter(|pool| pool.len() < FEWEST_JUDGEMENTS).count();
    let irrelevant = pools().count() - few;
    let PassedOver { unknown_needs, unknown_achievements } = passed_over;
    EngineError::BadSet(format!(
        "没有一项需求可以衡量：一项需求至少要评判过 {FEWEST_JUDGEMENTS} 个成果，其中至少一个为弱相关（2 级）以上；\
         needs.jsonl 里的 {} 项需求中，{} 项没有评判，{few} 项评判太少，{irrelevant} 项没有相关的；\
         另有 {unknown_needs} 个评判的需求、{unknown_achievements} 个评判的成果不在标注集里",
        needs.len(),
        needs.len() - pools().count(),
    ))
}
