//! Staff's own judgements: sheets go out blind and come back filled, judges are compared, and the ranking is measured on what they say.

mod sheet;

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{Kind, RecordId, Status};
use exchange::sheets::{self, CellProblem, FilledRow, FilledSheet, NeedName};
use futures_util::{StreamExt, stream};
use ranking::metrics::ndcg;
use ranking::{median_level, weighted_kappa};
use serde::Serialize;
use store::{Judgement, ListFilter, Outcome};

use crate::evaluate::{AT_ONCE, Case, FEWEST_JUDGEMENTS, Graded, Placed, RELEVANT, SHOWN};
use crate::{Engine, EngineError, blocking};

pub use exchange::sheets::level_word;
pub use sheet::{SheetRequest, SheetTotals};

/// Open needs read at a time.
const PAGE: u32 = 500;

/// The judged candidates of one registry for one need, each with the level that its judges come to.
pub(crate) type Judged = BTreeMap<(u64, Kind), BTreeMap<u64, u8>>;

/// What reading a filled sheet came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SheetImport {
    /// Whose judgements they are.
    pub judge: String,
    /// Whether anything was kept: not when rows were bad and nobody said to skip them.
    pub imported: bool,
    /// New judgements.
    pub created: usize,
    /// Judgements of this judge that say something else now.
    pub changed: usize,
    /// Judgements that were there already.
    pub unchanged: usize,
    /// Rows without a level.
    pub blank: usize,
    /// What is wrong, by row.
    #[serde(skip)]
    pub problems: Vec<CellProblem>,
}

/// What has been judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct JudgingStatus {
    /// Needs with judgements.
    pub needs: usize,
    /// Needs and registries that can be measured: with ten judged candidates and one that is relevant.
    pub measurable: usize,
    /// Different pairs of need and candidate.
    pub pairs: usize,
    /// Judgements of all judges.
    pub judgements: usize,
    /// Judgements of level 1, 2, 3 and 4.
    pub levels: [usize; 4],
    /// Each judge with the number of pairs judged, by name.
    pub judges: Vec<(String, usize)>,
    /// Each two judges who have judged the same pairs.
    pub agreement: Vec<Agreement>,
}

/// How far two judges agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Their names.
    pub judges: [String; 2],
    /// Pairs that both have judged.
    pub pairs: usize,
    /// Share of these on which they gave the same level.
    pub same: f64,
    /// Quadratically weighted kappa (Cohen 1968); none where both gave one and the same level throughout.
    pub kappa: Option<f64>,
}

impl Engine {
    /// Keeps what a filled sheet says. One bad row and nothing is kept, unless `skip_bad`. The judge is the one named here, else the
    /// one who signed the sheet.
    ///
    /// # Errors
    /// [`EngineError::Sheet`] when it is no judging sheet; [`EngineError::BadParameter`] when nobody says whose it is.
    pub async fn import_judgements(
        &self,
        file: Vec<u8>,
        judge: Option<&str>,
        skip_bad: bool,
    ) -> Result<SheetImport, EngineError> {
        let source = blake3::hash(&file).to_hex().to_string();
        let filled = blocking(move || Ok(sheets::read(&file)?)).await?;
        let FilledSheet { judge: signed, rows, blank, mut problems } = filled;
        let wrong =
            |why: &str| EngineError::BadParameter { parameter: "judge", detail: format!("评判人{why}") };
        let named = judge.map(|name| sheets::judge_name(name).map_err(wrong)).transpose()?;
        let unsigned = || EngineError::BadParameter {
            parameter: "judge",
            detail: "不知道是谁评判的：请在“填写说明”表的“评判人”一格填上姓名，或用 --judge 指明".to_owned(),
        };
        let judge = named.or(signed).ok_or_else(unsigned)?;
        let (rows, unknown) = self.known_rows(rows).await?;
        problems.extend(unknown);
        problems.sort_by_key(|problem| problem.row);
        let report = SheetImport { judge, blank, problems, ..SheetImport::default() };
        if !report.problems.is_empty() && !skip_bad {
            return Ok(report);
        }
        let judgement = |(need, row): (RecordId, FilledRow)| Judgement {
            need: need.number,
            target: row.candidate,
            judge: report.judge.clone(),
            level: row.level,
            note: exchange::without_contacts(&row.note),
            source: source.clone(),
        };
        let judgements: Vec<Judgement> = rows.into_iter().map(judgement).collect();
        let outcomes = self.store.add_judgements(&judgements).await?;
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        Ok(SheetImport {
            imported: true,
            created: count(Outcome::Created),
            changed: count(Outcome::Changed),
            unchanged: count(Outcome::Unchanged),
            ..report
        })
    }

    /// The rows whose need and candidate there are, and what is wrong with the others.
    async fn known_rows(
        &self,
        rows: Vec<FilledRow>,
    ) -> Result<(Vec<(RecordId, FilledRow)>, Vec<CellProblem>), EngineError> {
        let mut needs: HashMap<NeedName, Option<RecordId>> = HashMap::new();
        for name in rows.iter().map(|row| &row.need) {
            if !needs.contains_key(name) {
                let found = match name {
                    NeedName::Id(id) => Some(*id),
                    NeedName::External(id) => self.find(Kind::Need, id).await?,
                };
                needs.insert(name.clone(), found);
            }
        }
        let mut asked: BTreeMap<Kind, Vec<u64>> = BTreeMap::new();
        for id in needs.values().flatten().copied().chain(rows.iter().map(|row| row.candidate)) {
            asked.entry(id.kind).or_default().push(id.number);
        }
        let mut known: HashSet<RecordId> = HashSet::new();
        for (kind, mut numbers) in asked {
            numbers.sort_unstable();
            numbers.dedup();
            known.extend(self.store.records(kind, &numbers).await?.iter().map(|record| record.id));
        }
        let (mut good, mut problems) = (Vec::new(), Vec::new());
        for row in rows {
            match needs[&row.need].filter(|need| known.contains(need)) {
                None => problems.push(row.problem(true, format!("库中没有需求 {}", row.need))),
                Some(_) if !known.contains(&row.candidate) => problems.push(
                    row.problem(false, format!("库中没有{} {}", row.candidate.kind.label(), row.candidate)),
                ),
                Some(need) => good.push((need, row)),
            }
        }
        Ok((good, problems))
    }

    /// How much has been judged, and how far the judges agree.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn judging_status(&self) -> Result<JudgingStatus, EngineError> {
        let all = self.store.judgements().await?;
        let mut by_judge: BTreeMap<&str, BTreeMap<(u64, RecordId), u8>> = BTreeMap::new();
        let mut levels = [0; 4];
        for judgement in all.iter().map(|stored| &stored.judgement) {
            let pair = (judgement.need, judgement.target);
            by_judge.entry(&judgement.judge).or_default().insert(pair, judgement.level);
            levels[usize::from(judgement.level.clamp(1, 4)) - 1] += 1;
        }
        let mut agreement = Vec::new();
        for (first, theirs) in &by_judge {
            for (second, others) in
                by_judge.range::<str, _>((std::ops::Bound::Excluded(*first), std::ops::Bound::Unbounded))
            {
                let both: Vec<(u8, u8)> =
                    theirs.iter().filter_map(|(pair, level)| Some((*level, *others.get(pair)?))).collect();
                if both.is_empty() {
                    continue;
                }
                let same = both.iter().filter(|(a, b)| a == b).count() as f64 / both.len() as f64;
                let judges = [(*first).to_owned(), (*second).to_owned()];
                agreement.push(Agreement { judges, pairs: both.len(), same, kappa: weighted_kappa(&both) });
            }
        }
        let judged = fused(all.iter().map(|stored| &stored.judgement));
        Ok(JudgingStatus {
            needs: judged.keys().map(|(need, _)| need).collect::<HashSet<_>>().len(),
            measurable: judged.values().filter(|pool| measurable(pool)).count(),
            pairs: judged.values().map(BTreeMap::len).sum(),
            judgements: all.len(),
            levels,
            judges: by_judge.iter().map(|(judge, pairs)| ((*judge).to_owned(), pairs.len())).collect(),
            agreement,
        })
    }

    /// nDCG@10 of the ranking over what has been judged: each need ranks its judged candidates of one registry, under the conditions of
    /// [`Engine::measure_graded`]. Candidates that have been closed since are ranked all the same. `progress` hears of needs done.
    ///
    /// # Errors
    /// When database or index refuse.
    pub async fn measure_judged(
        &self,
        mut progress: impl FnMut(usize, usize) + Send,
    ) -> Result<Graded, EngineError> {
        let judged = self.judged().await?;
        let pools: Vec<_> = judged.into_iter().filter(|(_, pool)| measurable(pool)).collect();
        let mut cases = Vec::with_capacity(pools.len());
        let measured = pools.iter().map(|((need, target), pool)| self.judged_case(*need, *target, pool));
        let mut measured = stream::iter(measured).buffered(AT_ONCE).enumerate();
        while let Some((at, case)) = measured.next().await {
            cases.extend(case?);
            progress(at + 1, pools.len());
        }
        Ok(Graded::of(cases))
    }

    async fn judged_case(
        &self,
        need: u64,
        target: Kind,
        pool: &BTreeMap<u64, u8>,
    ) -> Result<Option<Case>, EngineError> {
        let id = RecordId::new(Kind::Need, need);
        let (value, order) = self.pool_quality(id, target, pool).await?;
        let Some(value) = value else { return Ok(None) };
        let first = &order[..order.len().min(SHOWN)];
        let records = self.store.records(target, first).await?;
        let placed = |record: &domain::Record| Placed {
            id: record.id.to_string(),
            title: record.profile.title().to_owned(),
            level: pool.get(&record.id.number).copied(),
        };
        let title = self.record(id).await?.profile.title().to_owned();
        let top = records.iter().map(placed).collect();
        Ok(Some(Case { id: format!("{id}/{target}"), title, value, top }))
    }

    /// nDCG@10 of a pool in the order of the ranking, and that order. `None` when nothing in it is worth finding.
    pub(crate) async fn pool_quality(
        &self,
        need: RecordId,
        target: Kind,
        pool: &BTreeMap<u64, u8>,
    ) -> Result<(Option<f64>, Vec<u64>), EngineError> {
        let order = self.order_of(need, target, pool.keys().copied().collect(), true).await?;
        let levels: Vec<u8> = order.iter().map(|number| pool[number]).collect();
        Ok((ndcg(&levels, 10), order))
    }

    /// What has been judged, one level for each pair.
    pub(crate) async fn judged(&self) -> Result<Judged, EngineError> {
        let all = self.store.judgements().await?;
        Ok(fused(all.iter().map(|stored| &stored.judgement)))
    }

    /// The open needs of these, or all of them, that are still valid.
    async fn valid_needs(&self, wanted: &[RecordId]) -> Result<Vec<domain::Record>, EngineError> {
        let mut needs = Vec::new();
        if wanted.is_empty() {
            let filter = ListFilter { statuses: vec![Status::Open], ..ListFilter::default() };
            let mut after = 0;
            loop {
                let page = self.store.page(Kind::Need, &filter, after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = last.id.number;
                needs.extend(page.into_iter().filter(sheet::is_valid));
            }
        } else {
            for id in wanted {
                needs.push(self.record(*id).await?);
            }
            needs.sort_by_key(|need| need.id);
            needs.dedup_by_key(|need| need.id);
        }
        Ok(needs)
    }
}

fn fused<'j>(judgements: impl Iterator<Item = &'j Judgement>) -> Judged {
    let mut levels: BTreeMap<(u64, Kind), BTreeMap<u64, Vec<u8>>> = BTreeMap::new();
    for judgement in judgements {
        let pool = levels.entry((judgement.need, judgement.target.kind)).or_default();
        pool.entry(judgement.target.number).or_default().push(judgement.level);
    }
    let one = |(number, levels): (u64, Vec<u8>)| Some((number, median_level(&levels)?));
    levels.into_iter().map(|(key, pool)| (key, pool.into_iter().filter_map(one).collect())).collect()
}

/// As a graded set's needs are chosen.
fn measurable(pool: &BTreeMap<u64, u8>) -> bool {
    pool.len() >= FEWEST_JUDGEMENTS && pool.values().any(|level| *level >= RELEVANT)
}
