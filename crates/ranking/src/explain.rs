//! Why a pair scores as it does, in parts that staff can check: terms, highlights on both sides, evidence, rules, one sentence.

use domain::{Area, Passage, RecordId};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use text::{Analyzer, TokenKind};
use utoipa::ToSchema;

use crate::sentence::sentence;
use crate::{AreaStatistics, Areas, Feature, Part, Query, Score, Weights, idf};

/// Terms, snippets and evidence documents shown at most, and the length of a snippet in characters.
const TERMS: usize = 12;
const SNIPPETS: usize = 3;
const EVIDENCE: usize = 3;
const SNIPPET_CHARACTERS: usize = 90;

/// What the registry knows of a query's terms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Corpus {
    /// Per area.
    pub statistics: Areas<AreaStatistics>,
    /// How many records hold each term of the query, per area; parallel to [`Query::terms`].
    pub frequencies: Vec<Areas<u64>>,
}

impl Corpus {
    fn idf(&self, term: usize, area: Area) -> f32 {
        idf(self.frequencies[term][area], self.statistics[area].documents)
    }

    /// The text score of a candidate that held every term once, in texts of average length, where the term tells most.
    /// Terms that no record holds do not count.
    pub fn ideal(&self, query: &Query) -> f32 {
        let best = |term: usize| {
            let held = Area::ALL.iter().filter(|&&area| self.frequencies[term][area] > 0);
            held.map(|&area| self.idf(term, area)).fold(0.0, f32::max)
        };
        query.terms.iter().enumerate().map(|(at, term)| term.weight * best(at)).sum()
    }
}

/// The candidate as the index saw it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// All its texts, those of its evidence included.
    pub passages: &'a [Passage],
    /// Terms in each area, as the index counted them.
    pub lengths: Areas<u32>,
    /// The documents behind its evidence.
    pub evidence: &'a [Evidence],
}

/// A document that speaks for a candidate: an achievement of an expert.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The document.
    pub id: RecordId,
    /// Its title.
    pub title: String,
    /// Its texts.
    pub passages: Vec<Passage>,
}

/// A piece of a text; the pieces of one text are shown one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Piece {
    /// 文字
    #[schema(example = "激光焊接")]
    pub text: String,
    /// 是否命中，应突出显示
    pub hit: bool,
}

/// A text of one side with its hits marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Highlight {
    /// 字段名
    #[schema(example = "description")]
    pub field: String,
    /// 字段中文名
    #[schema(example = "具体的技术需求说明")]
    pub label: String,
    /// 片段，依次相连
    pub pieces: Vec<Piece>,
}

/// A term that both sides share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TermMatch {
    /// 词语
    #[schema(example = "激光焊接")]
    pub term: String,
    /// 对方使用的同义词，与词语相同时缺省
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "激光熔接")]
    pub synonym: Option<String>,
    /// 在总分中所占的分数
    #[schema(example = 6.4)]
    pub points: f64,
}

/// A document that supports the match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceItem {
    /// 编号
    pub id: RecordId,
    /// 标题
    pub title: String,
    /// 命中的词语
    pub terms: Vec<String>,
    /// 最相关的片段
    pub pieces: Vec<Piece>,
}

/// A rule that spoke for the pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    /// 稳定的名称
    #[schema(example = "region")]
    pub code: String,
    /// 中文名称
    #[schema(example = "地域")]
    pub label: String,
    /// 依据的事实
    #[schema(example = "同在安徽省滁州市")]
    pub fact: String,
}

/// Why a pair scores as it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// 总分，0 到 100
    #[schema(example = 63.2)]
    pub total: f64,
    /// 各项得分，相加即总分
    pub parts: Vec<Part>,
    /// 双方共有的词语，分数高的在前
    pub terms: Vec<TermMatch>,
    /// 提出方文字中的命中
    pub subject: Vec<Highlight>,
    /// 对方文字中的命中
    pub candidate: Vec<Highlight>,
    /// 佐证材料
    pub evidence: Vec<EvidenceItem>,
    /// 起作用的规则
    pub rules: Vec<Rule>,
    /// 一句话说明
    #[schema(example = "双方都提到“激光焊接”“气孔”；同在安徽省滁州市；当前可对接。综合 63.2 分。")]
    pub sentence: String,
}

/// The asking side as it was asked.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its texts.
    pub passages: &'a [Passage],
    /// What they ask for.
    pub query: &'a Query,
    /// What the candidates' registry knows of the query's terms.
    pub corpus: &'a Corpus,
}

/// Explains `score`: what the query of `subject` found in `candidate`.
pub fn explain(
    analyzer: &Analyzer,
    weights: &Weights,
    subject: &Subject<'_>,
    candidate: &Candidate<'_>,
    score: &Score,
    features: &[Feature],
) -> Explanation {
    let found = Found::new(analyzer, weights, subject, candidate, score);
    let terms = found.terms(analyzer, subject.passages, candidate.passages);
    let shown = shown_tokens(analyzer, &terms);
    let rules: Vec<Rule> = features.iter().filter(|feature| !feature.fact.is_empty()).map(rule).collect();
    let evidence = found.evidence(analyzer, candidate.evidence, &terms, &shown);
    let evidence_area = |passage: &&Passage| passage.area != Area::Evidence || candidate.evidence.is_empty();
    let own: Vec<&Passage> = candidate.passages.iter().filter(evidence_area).collect();
    let total = rounded(score.total);
    Explanation {
        sentence: sentence(&terms, &evidence, &rules, total),
        total,
        parts: score.parts.iter().map(round_part).collect(),
        subject: highlights(analyzer, &subject.passages.iter().collect::<Vec<_>>(), &shown),
        candidate: highlights(analyzer, &own, &shown),
        terms,
        evidence,
        rules,
    }
}

/// The query's terms that the candidate holds, with what each adds to the total.
struct Found {
    points: FxHashMap<String, f64>,
    /// How the candidate writes the synonym classes that it holds.
    synonyms: FxHashMap<String, String>,
}

impl Found {
    fn new(
        analyzer: &Analyzer,
        weights: &Weights,
        subject: &Subject<'_>,
        candidate: &Candidate<'_>,
        score: &Score,
    ) -> Self {
        let Subject { query, corpus, .. } = *subject;
        let mut counts: FxHashMap<String, Areas<u32>> = FxHashMap::default();
        let mut synonyms = FxHashMap::default();
        for passage in candidate.passages {
            for token in analyzer.tokens(&passage.text) {
                if token.kind == TokenKind::Synonym {
                    let surface = &passage.text[token.start as usize..token.end as usize];
                    synonyms.entry(token.text.clone()).or_insert_with(|| surface.to_owned());
                }
                counts.entry(token.text).or_default()[passage.area] += 1;
            }
        }
        let model = &weights.candidate;
        let norms = Areas::from_fn(|area| {
            model.length_norm(area, candidate.lengths[area], corpus.statistics[area].average_length)
        });
        let mut raw: Vec<(&str, f64)> = Vec::new();
        for (at, term) in query.terms.iter().enumerate() {
            let Some(areas) = counts.get(&term.text) else { continue };
            let part = |&area: &Area| {
                let saturation = model.saturation(areas[area], norms[area]);
                model.areas[area].weight * term.weight * corpus.idf(at, area) * saturation
            };
            raw.push((&term.text, f64::from(Area::ALL.iter().map(part).sum::<f32>())));
        }
        let text_points: f64 =
            score.parts.iter().filter(|part| part.code.starts_with("text.")).map(|part| part.points).sum();
        let sum: f64 = raw.iter().map(|(_, value)| value).sum();
        let scale = if sum > 0.0 { text_points / sum } else { 0.0 };
        Self {
            points: raw.into_iter().map(|(term, value)| (term.to_owned(), value * scale)).collect(),
            synonyms,
        }
    }

    /// Whole words that both sides hold, each with the points of its terms; a term counts for one word only.
    fn terms(&self, analyzer: &Analyzer, subject: &[Passage], candidate: &[Passage]) -> Vec<TermMatch> {
        let mut seen = FxHashSet::default();
        let mut words: Vec<(f64, String, Vec<String>, Option<String>)> = Vec::new();
        for passage in subject.iter().chain(candidate) {
            for word in analyzer.words(&passage.text) {
                if seen.insert(word.text.clone())
                    && let Some((tokens, synonym)) = self.shared(analyzer, &word.text)
                {
                    let points = tokens.iter().map(|token| self.points[token]).sum();
                    words.push((points, word.text, tokens, synonym));
                }
            }
        }
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let mut used: FxHashSet<String> = FxHashSet::default();
        let mut terms: Vec<TermMatch> = Vec::new();
        for (_, term, tokens, synonym) in words {
            let fresh: Vec<&String> = tokens.iter().filter(|token| !used.contains(*token)).collect();
            let points: f64 = fresh.iter().map(|token| self.points[*token]).sum();
            if points > 0.0 {
                terms.push(TermMatch { term, synonym, points: rounded(points) });
                used.extend(tokens);
            }
        }
        terms.sort_by(|a, b| b.points.total_cmp(&a.points).then_with(|| a.term.cmp(&b.term)));
        terms.truncate(TERMS);
        terms
    }

    /// The terms of a word when the candidate holds the whole word or a synonym of it, and the synonym in the latter case.
    fn shared(&self, analyzer: &Analyzer, word: &str) -> Option<(Vec<String>, Option<String>)> {
        let tokens: Vec<_> =
            analyzer.tokens(word).into_iter().filter(|token| token.kind != TokenKind::Unigram).collect();
        let (classes, own): (Vec<_>, Vec<_>) =
            tokens.iter().partition(|token| token.kind == TokenKind::Synonym);
        let whole = !own.is_empty() && own.iter().all(|token| self.points.contains_key(&token.text));
        let class = classes.iter().find(|token| {
            self.points.contains_key(&token.text) && token.end as usize - token.start as usize == word.len()
        });
        if whole {
            return Some((
                tokens.iter().map(|t| t.text.clone()).filter(|t| self.points.contains_key(t)).collect(),
                None,
            ));
        }
        let class = class?;
        Some((vec![class.text.clone()], self.synonyms.get(&class.text).cloned()))
    }

    fn evidence(
        &self,
        analyzer: &Analyzer,
        documents: &[Evidence],
        terms: &[TermMatch],
        shown: &FxHashSet<String>,
    ) -> Vec<EvidenceItem> {
        let mut ranked: Vec<(f64, &Evidence, FxHashSet<String>)> = documents
            .iter()
            .map(|document| {
                let tokens = document.passages.iter().flat_map(|passage| analyzer.tokens(&passage.text));
                let held: FxHashSet<String> =
                    tokens.map(|token| token.text).filter(|token| shown.contains(token)).collect();
                let mut points: Vec<f64> =
                    held.iter().filter_map(|token| self.points.get(token).copied()).collect();
                // Summed in a fixed order: the same input gives the same bytes.
                points.sort_unstable_by(f64::total_cmp);
                (points.iter().sum(), document, held)
            })
            .filter(|(points, _, _)| *points > 0.0)
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
        let item = |(_, document, held): (f64, &Evidence, FxHashSet<String>)| {
            let best = document.passages.iter().map(|passage| pieces(analyzer, &passage.text, shown));
            EvidenceItem {
                id: document.id,
                title: document.title.clone(),
                terms: held_terms(analyzer, terms, &held),
                pieces: best
                    .max_by_key(|pieces| (hits(pieces), usize::MAX - pieces.len()))
                    .unwrap_or_default(),
            }
        };
        ranked.into_iter().take(EVIDENCE).map(item).filter(|item| !item.terms.is_empty()).collect()
    }
}

/// Those of the shown terms that a document holds whole, or by a synonym.
fn held_terms(analyzer: &Analyzer, terms: &[TermMatch], held: &FxHashSet<String>) -> Vec<String> {
    let holds = |term: &&TermMatch| {
        let tokens = analyzer.tokens(&term.term);
        let (classes, own): (Vec<_>, Vec<_>) = tokens
            .iter()
            .filter(|token| token.kind != TokenKind::Unigram)
            .partition(|token| token.kind == TokenKind::Synonym);
        own.iter().all(|token| held.contains(&token.text))
            || classes.iter().any(|token| held.contains(&token.text))
    };
    terms.iter().filter(holds).map(|term| term.term.clone()).collect()
}

/// The index terms behind the shown words: what is highlighted.
fn shown_tokens(analyzer: &Analyzer, terms: &[TermMatch]) -> FxHashSet<String> {
    terms
        .iter()
        .flat_map(|term| analyzer.tokens(&term.term))
        .filter(|token| token.kind != TokenKind::Unigram)
        .map(|token| token.text)
        .collect()
}

fn highlights(analyzer: &Analyzer, passages: &[&Passage], shown: &FxHashSet<String>) -> Vec<Highlight> {
    let highlight = |passage: &&Passage| Highlight {
        field: passage.field.to_owned(),
        label: passage.label.to_owned(),
        pieces: pieces(analyzer, &passage.text, shown),
    };
    let all = passages.iter().map(highlight);
    all.filter(|highlight| hits(&highlight.pieces) > 0).take(SNIPPETS).collect()
}

fn pieces(analyzer: &Analyzer, text: &str, shown: &FxHashSet<String>) -> Vec<Piece> {
    text::snippet(analyzer, text, shown, SNIPPET_CHARACTERS)
        .into_iter()
        .map(|segment| Piece { text: segment.text, hit: segment.hit })
        .collect()
}

fn hits(pieces: &[Piece]) -> usize {
    pieces.iter().filter(|piece| piece.hit).count()
}

fn rule(feature: &Feature) -> Rule {
    Rule { code: feature.code.to_owned(), label: feature.label.to_owned(), fact: feature.fact.clone() }
}

fn round_part(part: &Part) -> Part {
    Part {
        value: rounded(part.value),
        weight: rounded(part.weight),
        points: rounded(part.points),
        ..part.clone()
    }
}

/// To four decimals, as shown and stored.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
