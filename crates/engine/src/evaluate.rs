//! Measuring ranking quality on labelled sets, through the product's own path: import, index, match.
//!
//! *Graded*: `needs.jsonl` (id, title, text), `achievements.jsonl` (id, title) and `qrels.tsv` (need_id, achievement_id, level 1–4). All achievements
//! are indexed; each need ranks its own judged pool. *Known item*: `experts.jsonl` (id, projects) and `queries.jsonl` (id, text, relevant);
//! each query ranks all experts.

use std::collections::HashMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use domain::Kind;
use exchange::Format;
use futures_util::{StreamExt, stream};
use ranking::metrics::{bootstrap_interval, mean, ndcg, reciprocal_rank};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::matching::{Reach, today};
use crate::{Engine, EngineError, ImportOptions, Subject};

/// Ranks looked at for a known item; one further down counts as not found.
const DEEPEST: usize = 1_000;
/// A need counts with at least this many judgements, and with a level of at least this.
const FEWEST_JUDGEMENTS: usize = 10;
const RELEVANT: u8 = 2;
const AT_ONCE: usize = 4;

/// nDCG@10 over needs with graded judgements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graded {
    /// Mean nDCG@10.
    pub ndcg_at_10: f64,
    /// Needs measured.
    pub needs: usize,
    /// 95 % bootstrap interval of the mean.
    pub interval: (f64, f64),
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
}

#[derive(Deserialize)]
struct LabelledNeed {
    id: String,
    title: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct LabelledAchievement {
    id: String,
    title: String,
}

#[derive(Deserialize)]
struct LabelledExpert {
    id: String,
    projects: Vec<String>,
}

#[derive(Deserialize)]
struct LabelledQuery {
    text: String,
    relevant: Vec<String>,
}

impl Engine {
    /// Measures on a graded set. The engine must be empty; use a temporary data directory. `progress` hears of needs done.
    ///
    /// # Errors
    /// [`EngineError::BadSet`] when a file is missing or malformed.
    pub async fn evaluate_graded(
        &self,
        set: &Path,
        mut progress: impl FnMut(usize, usize) + Send,
    ) -> Result<Graded, EngineError> {
        let needs: Vec<LabelledNeed> = lines(&set.join("needs.jsonl"))?;
        let achievements: Vec<LabelledAchievement> = lines(&set.join("achievements.jsonl"))?;
        let judgements = judgements(&set.join("qrels.tsv"))?;
        let form = |need: &LabelledNeed| json!({"external_id": need.id, "title": need.title, "description": need.text});
        self.load(Kind::Need, needs.iter().map(form)).await?;
        let form = |found: &LabelledAchievement| json!({"external_id": found.id, "title": found.title});
        self.load(Kind::Achievement, achievements.iter().map(form)).await?;
        self.catch_up().await?;

        let counted = needs.iter().filter_map(|need| {
            let pool = judgements.get(&need.id)?;
            let relevant = pool.values().any(|level| *level >= RELEVANT);
            (pool.len() >= FEWEST_JUDGEMENTS && relevant).then_some((need, pool))
        });
        let counted: Vec<_> = counted.collect();
        let mut values: Vec<f64> = Vec::with_capacity(counted.len());
        let mut measured = stream::iter(&counted)
            .map(|(need, pool)| self.graded_need(&need.id, pool))
            .buffered(AT_ONCE)
            .enumerate();
        while let Some((at, value)) = measured.next().await {
            values.extend(value?);
            progress(at + 1, counted.len());
        }
        Ok(Graded { ndcg_at_10: mean(&values), needs: values.len(), interval: bootstrap_interval(&values) })
    }

    async fn graded_need(&self, need: &str, pool: &HashMap<String, u8>) -> Result<Option<f64>, EngineError> {
        let missing = || EngineError::BadSet(format!("需求 {need} 没有导入成功"));
        let id = self.find(Kind::Need, need).await?.ok_or_else(missing)?;
        let mut levels: HashMap<u64, u8> = HashMap::new();
        for (external_id, level) in pool {
            let missing = || EngineError::BadSet(format!("成果 {external_id} 不在 achievements.jsonl 中"));
            let found = self.find(Kind::Achievement, external_id).await?.ok_or_else(missing)?;
            levels.insert(found.number, *level);
        }
        let mut among: Vec<u64> = levels.keys().copied().collect();
        among.sort_unstable();
        let reach = Reach { candidates: among.len(), among: Some(among.clone()), with_closed: false };
        let asking = Arc::new(self.asking(&Subject::Stored(id), today()).await?);
        let ranked = self.rank(&asking, Kind::Achievement, &reach, today()).await?;
        let mut order: Vec<u64> = ranked.scored.iter().map(|scored| scored.number).collect();
        // What shares no term with the need comes last, by number.
        among.retain(|number| !order.contains(number));
        order.extend(among);
        let levels: Vec<u8> = order.iter().map(|number| levels[number]).collect();
        Ok(ndcg(&levels, 10))
    }

    /// Measures on a known-item set. The engine must be empty; use a temporary data directory. `progress` hears of queries done.
    ///
    /// # Errors
    /// [`EngineError::BadSet`] when a file is missing or malformed.
    pub async fn evaluate_known_item(
        &self,
        set: &Path,
        mut progress: impl FnMut(usize, usize) + Send,
    ) -> Result<KnownItem, EngineError> {
        let experts: Vec<LabelledExpert> = lines(&set.join("experts.jsonl"))?;
        let queries: Vec<LabelledQuery> = lines(&set.join("queries.jsonl"))?;
        let form = |expert: &LabelledExpert| json!({"external_id": expert.id, "name": expert.id, "projects": expert.projects});
        self.load(Kind::Expert, experts.iter().map(form)).await?;
        self.catch_up().await?;

        let total = queries.len();
        let mut ranks: Vec<Option<usize>> = Vec::with_capacity(total);
        let mut found = stream::iter(&queries).map(|query| self.rank_of(query)).buffered(AT_ONCE);
        while let Some(rank) = found.next().await {
            ranks.push(rank?);
            progress(ranks.len(), total);
        }
        let reciprocal: Vec<f64> = ranks.iter().map(|rank| reciprocal_rank(*rank)).collect();
        let within =
            |k| ranks.iter().flatten().filter(|rank| **rank <= k).count() as f64 / total.max(1) as f64;
        Ok(KnownItem {
            mrr: mean(&reciprocal),
            recall_at_10: within(10),
            recall_at_100: within(100),
            queries: total,
        })
    }

    async fn rank_of(&self, query: &LabelledQuery) -> Result<Option<usize>, EngineError> {
        let form = Subject::Form(Kind::Need, json!({"title": query.text}));
        let asking = Arc::new(self.asking(&form, today()).await?);
        let reach = Reach { candidates: DEEPEST, ..Reach::default() };
        let ranked = self.rank(&asking, Kind::Expert, &reach, today()).await?;
        let mut relevant = Vec::with_capacity(query.relevant.len());
        for expert in &query.relevant {
            let missing = || EngineError::BadSet(format!("专家 {expert} 不在 experts.jsonl 中"));
            relevant.push(self.find(Kind::Expert, expert).await?.ok_or_else(missing)?.number);
        }
        let at = ranked.scored.iter().position(|scored| relevant.contains(&scored.number));
        Ok(at.map(|at| at + 1))
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

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, EngineError> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| EngineError::BadSet(format!("{name}：{error}")))?;
    let read = |(at, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| EngineError::BadSet(format!("{name} 第 {} 行：{error}", at + 1)))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(read).collect()
}

/// Need to achievement to level.
fn judgements(path: &Path) -> Result<HashMap<String, HashMap<String, u8>>, EngineError> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| EngineError::BadSet(format!("{name}：{error}")))?;
    let mut judgements: HashMap<String, HashMap<String, u8>> = HashMap::new();
    for (at, line) in text.lines().enumerate().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let bad = || EngineError::BadSet(format!("{name} 第 {} 行：应为三列，级别 1 到 4", at + 1));
        let [need, achievement, level] = cells[..] else { return Err(bad()) };
        let level = level.trim().parse().ok().filter(|level| (1..=4).contains(level)).ok_or_else(bad)?;
        judgements.entry(need.to_owned()).or_default().insert(achievement.to_owned(), level);
    }
    Ok(judgements)
}
