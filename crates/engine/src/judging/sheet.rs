//! Which pairs are judged, and what the judge reads of each.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use domain::{Attributes, Kind, Passage, Record, RecordId};
use exchange::sheets::{self, JudgingBlock, JudgingCandidate};
use ranking::{Exclusion, Weights, exclusions};
use serde::Serialize;

use crate::desk::Sight;
use crate::documents::evidence;
use crate::matching::{pairing, today};
use crate::{Engine, EngineError, blocking};

/// Characters of one text, of all a candidate's texts, and of a need's: what fits into a row of a sheet.
const TEXT: usize = 220;
const CANDIDATE: usize = 600;
const NEED: usize = 700;
/// Achievements that are named for an expert.
const NAMED: usize = 5;
/// Deepest pool of one ranking.
const DEEPEST: usize = 100;

/// What to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRequest {
    /// These needs; all that are open and valid when empty.
    pub needs: Vec<RecordId>,
    /// So many of them, drawn with the seed.
    pub sample: Option<usize>,
    /// Draws needs and shuffles candidates.
    pub seed: u64,
    /// The registry of the candidates.
    pub target: Kind,
    /// How many each ranking contributes to a need's pool, 1 to 100.
    pub depth: usize,
}

/// What a sheet holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SheetTotals {
    /// Needs with candidates.
    pub needs: usize,
    /// Rows to fill in.
    pub pairs: usize,
    /// Rankings that were pooled.
    pub rankings: usize,
}

impl Engine {
    /// A blind judging sheet as the bytes of an .xlsx file. The best of this ranking, of the `others` and of a plain text ranking are
    /// pooled for each need and shuffled: neither who proposed a candidate nor at which rank is in the file.
    ///
    /// # Errors
    /// [`EngineError::NothingToJudge`]; [`EngineError::BadParameter`] when the depth is out of bounds; [`EngineError::NotFound`];
    /// [`EngineError::NoSuchPairing`].
    pub async fn judging_sheet(
        &self,
        others: &[Engine],
        request: &SheetRequest,
    ) -> Result<(Vec<u8>, SheetTotals), EngineError> {
        if !(1..=DEEPEST).contains(&request.depth) {
            let detail = "应在 1 到 100 之间".to_owned();
            return Err(EngineError::BadParameter { parameter: "depth", detail });
        }
        pairing(Kind::Need, request.target)?;
        let mut rankings = vec![self.clone(), self.ranking_with(plain(), self.matching)];
        rankings.extend_from_slice(others);
        let mut needs = self.valid_needs(&request.needs).await?;
        if let Some(sample) = request.sample {
            needs.sort_by_key(|need| drawn(request.seed, &[need.id]));
            needs.truncate(sample);
            needs.sort_by_key(|need| need.id);
        }
        let mut blocks = Vec::new();
        for need in &needs {
            let candidates = self.pool(&rankings, need, request).await?;
            if !candidates.is_empty() {
                blocks.push(block(need, candidates));
            }
        }
        if blocks.is_empty() {
            return Err(EngineError::NothingToJudge);
        }
        let pairs = blocks.iter().map(|block| block.candidates.len()).sum();
        let totals = SheetTotals { needs: blocks.len(), pairs, rankings: rankings.len() };
        let file = blocking(move || Ok(sheets::write(&blocks)?)).await?;
        Ok((file, totals))
    }

    /// Those that any of the rankings has among its best, shuffled.
    async fn pool(
        &self,
        rankings: &[Engine],
        need: &Record,
        request: &SheetRequest,
    ) -> Result<Vec<JudgingCandidate>, EngineError> {
        let (target, depth, today) = (request.target, request.depth, today());
        let mut pool: BTreeSet<u64> = BTreeSet::new();
        for engine in rankings {
            let asking = Arc::new(engine.asking_record(need, today).await?);
            let (ranked, _) = engine.rank_eligible(&asking, target, depth, today).await?;
            pool.extend(ranked.scored.iter().take(depth).map(|scored| scored.number));
        }
        let numbers: Vec<u64> = pool.into_iter().collect();
        let mut records = self.store.records(target, &numbers).await?;
        // The database has the last word.
        let asking = Attributes::of(need);
        records.retain(|record| exclusions(Some(&asking), &Attributes::of(record), today).is_empty());
        records.sort_by_key(|record| drawn(request.seed, &[need.id, record.id]));
        let evidence = evidence(&self.store, &records, Sight::everything()).await?;
        let named: HashMap<u64, String> = evidence
            .into_iter()
            .map(|(number, spoken_for)| {
                let titles =
                    spoken_for.seen.iter().take(NAMED).map(|document| format!("《{}》", document.title));
                (number, titles.collect())
            })
            .collect();
        Ok(records.iter().map(|record| candidate(record, named.get(&record.id.number))).collect())
    }
}

/// A ranking by texts alone with all weights equal, so that a pool holds more than what the present weights find.
fn plain() -> Weights {
    let mut weights = Weights { crossing: 1.0, background: 0.0, ..Weights::default() };
    for area in domain::Area::ALL {
        weights.candidate.areas[area].weight = 1.0;
        weights.subject[area] = 1.0;
    }
    weights.dilution.power = 0.0;
    weights.peers = 0.0;
    weights.meaning.weight = 0.0;
    crate::learning::without_features(weights)
}

/// Past its validity, a need finds nobody.
pub(super) fn is_valid(need: &Record) -> bool {
    !exclusions(None, &Attributes::of(need), today()).contains(&Exclusion::Expired)
}

/// A place in an order that only the seed decides.
fn drawn(seed: u64, ids: &[RecordId]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_be_bytes());
    for id in ids {
        hasher.update(id.to_string().as_bytes());
        hasher.update(b"/");
    }
    *hasher.finalize().as_bytes()
}

fn block(need: &Record, candidates: Vec<JudgingCandidate>) -> JudgingBlock {
    let title = need.profile.title().to_owned();
    let said = need.profile.passages().into_iter().filter(|passage| passage.text != title);
    let texts: Vec<String> = said.map(|passage| told(&passage, NEED)).collect();
    let (text, external_id) = (cut(&texts.join("\n"), NEED), need.external_id.clone());
    JudgingBlock { need: need.id, external_id, text, title, candidates }
}

fn candidate(record: &Record, achievements: Option<&String>) -> JudgingCandidate {
    let profile = &record.profile;
    let title = match profile.professional_title() {
        Some(professional) => format!("{}（{professional}）", profile.title()),
        None => profile.title().to_owned(),
    };
    let mut texts: Vec<String> = Vec::new();
    texts.extend(profile.organisation().map(|organisation| format!("单位：{organisation}")));
    let said = profile.passages().into_iter().filter(|passage| passage.text != profile.title());
    texts.extend(said.map(|passage| told(&passage, TEXT)));
    texts.extend(achievements.map(|titles| format!("本人成果：{}", cut(titles, TEXT))));
    JudgingCandidate { id: record.id, title, text: cut(&texts.join("\n"), CANDIDATE) }
}

fn told(passage: &Passage, limit: usize) -> String {
    format!("{}：{}", passage.label, cut(passage.text.trim(), limit))
}

/// The whole text, or its beginning up to the end of a sentence where one ends in the last third, else of a clause.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit).collect();
    let late = |ends: &[char]| {
        let end = kept.rfind(ends).filter(|at| *at * 3 > kept.len() * 2)?;
        Some(end + kept[end..].chars().next().map_or(0, char::len_utf8))
    };
    let end = late(&['。', '；', '！', '？', '\n', '》'])
        .or_else(|| late(&['，', '、', ' ']))
        .unwrap_or(kept.len());
    format!("{}……", kept[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_where_something_ends() {
        let text = "一二三四五。六七八九，十";
        for (limit, shown) in [
            (12, text),
            (8, "一二三四五。六七……"),
            (7, "一二三四五。……"),
            (4, "一二三四……"),
            (11, "一二三四五。六七八九，……"),
        ] {
            assert_eq!(cut(text, limit), shown, "{limit}");
        }
    }
}
