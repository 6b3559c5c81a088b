//! Explains why a pair scores as it does: finds the words that both sides share, where they stand, and what they are worth.

use domain::{Area, Passage, RecordId};
use rustc_hash::{FxHashMap, FxHashSet};
use text::{Analyzer, Scratch, TokenKind};
use vectors::TermVectors;

use crate::alike::{Meant, alike, meant};
use crate::clarity::says_nothing;
use crate::reading::{Reading, SharedWord, TermHit, WordTerms};
use crate::sentence::sentence;
use crate::{
    Areas, Corpus, EvidenceItem, Explanation, Feature, Highlight, Part, Piece, Query, Rule, Score, TermMatch,
    Weights,
};

/// Terms, snippets and evidence documents shown at most, and the length of a snippet in characters.
const TERMS: usize = 12;
pub(crate) const SNIPPETS: usize = 3;
const EVIDENCE: usize = 3;

/// A word with less than this share of the best word's points is no reason.
const LEAST_SHARE: f64 = 0.05;

/// The candidate's texts.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its own texts.
    pub passages: &'a [Passage],
    /// The documents that speak for it; their texts count as its evidence.
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

/// Explains the matches of one asking side. Its texts are read once, and those of each candidate once.
pub struct Explainer<'a> {
    analyzer: &'a Analyzer,
    weights: &'a Weights,
    vectors: &'a TermVectors,
    query: &'a Query,
    corpus: &'a Corpus,
    /// The asking side's words.
    meant: Vec<Meant>,
    /// Where each term stands in the query.
    numbers: FxHashMap<&'a str, u32>,
    subject: Vec<Reading<'a>>,
}

impl<'a> Explainer<'a> {
    /// Reads the asking side: its texts, what they ask for, and what the candidates' registry knows of it.
    pub fn new(
        analyzer: &'a Analyzer,
        weights: &'a Weights,
        vectors: &'a TermVectors,
        passages: &'a [Passage],
        query: &'a Query,
        corpus: &'a Corpus,
    ) -> Self {
        let numbers = query.terms.iter().map(|term| term.text.as_str()).zip(0..).collect();
        let (meant, subject) = (Vec::new(), Vec::new());
        let mut explainer = Self { analyzer, weights, vectors, query, corpus, meant, numbers, subject };
        explainer.subject = explainer.read(passages, weights.max_characters, &mut Scratch::default());
        explainer.meant = explainer.meant(&explainer.subject.iter().collect::<Vec<_>>());
        explainer
    }

    /// Explains `score`: what the query found in `candidate`. Who is proposed was decided before ([`Query::grounds`]): should no whole word be found
    /// that stands in both, the explanation says so.
    pub fn explain(&self, candidate: &Candidate<'_>, score: &Score, features: &[Feature]) -> Explanation {
        let mut scratch = Scratch::default();
        // Whole, as they were scored.
        let mut read = |passages| self.read(passages, usize::MAX, &mut scratch);
        let own = read(candidate.passages);
        let documents: Vec<Vec<Reading<'_>>> =
            candidate.evidence.iter().map(|document| read(&document.passages)).collect();
        let all: Vec<&Reading<'_>> = own.iter().chain(documents.iter().flatten()).collect();
        let points = self.points(&all, score);
        let (words, named) = self.shared_words(&all, &points);
        let loose = text_points(score) - named;
        let counts = score.parts.iter().any(|part| part.code == "meaning");
        let shared = |word: &str| words.iter().any(|shared| shared.key == word);
        let alike = if counts { alike(&self.meant, &self.meant(&all), shared) } else { Vec::new() };
        let evidence = evidence(candidate.evidence, &documents, &words);
        let subject = highlights(&self.subject, &words);
        let candidate = highlights(&own, &words);
        let terms: Vec<TermMatch> = words.into_iter().map(|word| word.shown).collect();
        let rules: Vec<Rule> = features.iter().filter(|feature| !feature.fact.is_empty()).map(rule).collect();
        let total = rounded(score.total);
        Explanation {
            sentence: sentence(&terms, &alike, &evidence, &rules, (loose > named).then_some(loose), total),
            total,
            parts: score.parts.iter().map(round_part).collect(),
            alike,
            subject,
            candidate,
            terms,
            evidence,
            rules,
        }
    }

    fn meant(&self, readings: &[&Reading<'_>]) -> Vec<Meant> {
        meant(self.analyzer, self.vectors, readings.iter().flat_map(|reading| &reading.words))
    }

    /// The first `characters` of each text.
    fn read<'p>(
        &self,
        passages: &'p [Passage],
        characters: usize,
        scratch: &mut Scratch,
    ) -> Vec<Reading<'p>> {
        let read = |passage: &'p Passage| {
            let mut hits = Vec::new();
            let (mut tokens, mut grams) = (0, 0);
            let text = crate::query::first_characters(&passage.text, characters);
            self.analyzer.for_each_token(text, scratch, |token| {
                tokens += 1;
                grams += u32::from(token.kind != TokenKind::Word);
                if let Some(&term) = self.numbers.get(token.text) {
                    let bytes = token.start as usize..token.end as usize;
                    hits.push(TermHit { term, kind: token.kind, bytes });
                }
            });
            let words = self.analyzer.words_read(scratch);
            let mut held: Vec<u32> = hits.iter().map(|hit| hit.term).collect();
            held.sort_unstable();
            held.dedup();
            Reading { passage, tokens, grams, text: scratch.take(), hits, held, words }
        };
        passages.iter().map(read).collect()
    }

    /// What each term of the query adds to the total; 0 for those that the candidate does not hold.
    fn points(&self, readings: &[&Reading<'_>], score: &Score) -> Vec<f64> {
        let mut counts = vec![Areas::<u32>::default(); self.query.terms.len()];
        let mut lengths = Areas::<u32>::default();
        for reading in readings {
            lengths[reading.passage.area] += reading.tokens;
            reading.hits.iter().for_each(|hit| counts[hit.term as usize][reading.passage.area] += 1);
        }
        let model = &self.weights.candidate;
        let norms = Areas::from_fn(|area| {
            model.length_norm(area, lengths[area], self.corpus.statistics[area].average_length)
        });
        let mut points: Vec<f64> = vec![0.0; counts.len()];
        for (at, (areas, term)) in counts.iter().zip(&self.query.terms).enumerate() {
            let own = Area::ALL.into_iter().filter(|&area| area != Area::Evidence && areas[area] > 0);
            let part = |area: Area| {
                let saturation = model.saturation(areas[area], norms[area]);
                model.areas[area].weight * term.weight * self.corpus.idf(at, area) * saturation
            };
            points[at] = f64::from(own.map(part).sum::<f32>());
        }
        self.add_evidence(readings, &mut points);
        let sum: f64 = points.iter().sum();
        let scale = if sum > 0.0 { text_points(score) / sum } else { 0.0 };
        points.iter_mut().for_each(|points| *points *= scale);
        points
    }

    /// Adds what each term adds to the evidence. Pieces of scores s make S = (Σ sᵖ)^(1/p) together, so a piece's terms count (s/S)ᵖ⁻¹ as much as by
    /// themselves, and all of them add up to S.
    fn add_evidence(&self, readings: &[&Reading<'_>], points: &mut [f64]) {
        let (model, pieces) = (&self.weights.candidate, &self.weights.pieces);
        let scored =
            |reading: &&&Reading<'_>| reading.passage.area == Area::Evidence && !reading.held.is_empty();
        let score = |reading: &&Reading<'_>| {
            let norm = model.norm(pieces.b, reading.grams, self.corpus.piece_length);
            let mut counts: FxHashMap<u32, u32> = FxHashMap::default();
            reading.hits.iter().for_each(|hit| *counts.entry(hit.term).or_default() += 1);
            let term = |&term: &u32| {
                let at = term as usize;
                let factor = self.query.terms[at].weight * self.corpus.idf(at, Area::Evidence);
                (term, factor * model.saturation(counts[&term], norm))
            };
            let terms: Vec<(u32, f32)> = reading.held.iter().map(term).collect();
            (terms.iter().map(|(_, score)| score).sum::<f32>(), terms)
        };
        let mut scores: Vec<(f32, Vec<(u32, f32)>)> = readings.iter().filter(scored).map(score).collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        scores.truncate(pieces.most);
        let together = pieces.together(&mut scores.iter().map(|(score, _)| *score).collect::<Vec<_>>());
        for (score, terms) in scores {
            let share = model.areas[Area::Evidence].weight * (score / together).powf(pieces.power - 1.0);
            terms.iter().for_each(|(term, score)| points[*term as usize] += f64::from(share * score));
        }
    }

    /// Words that stand in both sides' texts, or in one with a synonym in the other, each with the points of its terms,
    /// weightiest first; a term counts for one word only. With the points of all that are shown.
    fn shared_words(&self, candidate: &[&Reading<'_>], points: &[f64]) -> (Vec<SharedWord>, f64) {
        let held = |term: &u32| points[*term as usize] > 0.0;
        let sum = |terms: &[u32]| terms.iter().map(|term| points[*term as usize]).sum::<f64>();
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        let mut words: Vec<(f64, SharedWord, Vec<u32>)> = Vec::new();
        for reading in self.subject.iter().chain(candidate.iter().copied()) {
            for word in reading.words_with_hits() {
                if !seen.insert(&word.text) || says_nothing(&word.text) {
                    continue;
                }
                let terms = self.terms_of(&word.text);
                let class = terms.class.filter(held);
                let both = terms.own.iter().all(held)
                    && self.subject.iter().any(|reading| reading.has(&word.text, &terms))
                    && candidate.iter().any(|reading| reading.has(&word.text, &terms));
                let (term, terms, counted, synonym) = match class {
                    _ if both => {
                        let counted = terms.own.iter().chain(&terms.characters).copied().chain(class);
                        let counted = counted.collect::<Vec<_>>();
                        (word.text.clone(), terms, counted, None)
                    }
                    // Told as the asking side writes it, whichever side the word was met on.
                    Some(class) => {
                        let Some(asked) = self.subject.iter().find_map(|reading| reading.surface(class))
                        else {
                            continue;
                        };
                        let asked = self.analyzer.normalise(&asked);
                        let other = candidate.iter().find_map(|reading| reading.surface(class));
                        // Both may hold the same word, the one of them inside a longer one.
                        let other = other.filter(|other| self.analyzer.normalise(other) != asked);
                        let terms = self.terms_of(&asked);
                        (asked, terms, vec![class], other)
                    }
                    None => continue,
                };
                let shown = TermMatch { term: String::new(), synonym, points: 0.0 };
                words.push((sum(&counted), SharedWord { key: term, shown, terms }, counted));
            }
        }
        words.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.key.cmp(&b.1.key)));
        let mut used = vec![false; points.len()];
        let mut shared: Vec<SharedWord> = Vec::new();
        for (_, mut word, mut counted) in words {
            counted.retain(|&term| !std::mem::replace(&mut used[term as usize], true));
            word.shown.points = rounded(sum(&counted));
            if word.shown.points > 0.0 {
                shared.push(word);
            }
        }
        shared.sort_by(|a, b| b.shown.points.total_cmp(&a.shown.points).then_with(|| a.key.cmp(&b.key)));
        let least = shared.first().map_or(0.0, |best| best.shown.points * LEAST_SHARE);
        shared.retain(|word| word.shown.points >= least);
        shared.truncate(TERMS);
        shared.iter_mut().for_each(|word| word.shown.term = self.as_asked(&word.key));
        let named = shared.iter().map(|word| word.shown.points).sum();
        (shared, named)
    }

    /// A normalised word as the asking side first writes it.
    fn as_asked(&self, key: &str) -> String {
        let written = |reading: &Reading<'_>| {
            let word = reading.words.iter().find(|word| word.text == key)?;
            Some(reading.passage.text[word.start..word.end].to_owned())
        };
        self.subject.iter().find_map(written).unwrap_or_else(|| key.to_owned())
    }

    fn terms_of(&self, word: &str) -> WordTerms {
        let mut terms = WordTerms { own: Vec::new(), characters: Vec::new(), class: None, latin: true };
        for token in self.analyzer.tokens(word) {
            let number = self.numbers.get(token.text.as_str()).copied();
            let whole = token.start == 0 && token.end as usize == word.len();
            terms.latin &= whole && matches!(token.kind, TokenKind::Latin | TokenKind::Synonym);
            match token.kind {
                TokenKind::Synonym => terms.class = terms.class.or(number.filter(|_| whole)),
                TokenKind::Unigram => terms.characters.extend(number),
                _ => terms.own.extend(number),
            }
        }
        terms
    }
}

/// The documents that hold shared words, those with the weightiest words first.
fn evidence(
    documents: &[Evidence],
    readings: &[Vec<Reading<'_>>],
    words: &[SharedWord],
) -> Vec<EvidenceItem> {
    let mut ranked: Vec<(f64, &Evidence, &[Reading<'_>], Vec<&TermMatch>)> = Vec::new();
    for (document, readings) in documents.iter().zip(readings) {
        let held = words.iter().filter(|word| readings.iter().any(|reading| reading.holds(word)));
        let held: Vec<&TermMatch> = held.map(|word| &word.shown).collect();
        let points: f64 = held.iter().map(|term| term.points).sum();
        if points > 0.0 {
            ranked.push((points, document, readings, held));
        }
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let item = |(_, document, readings, held): (f64, &Evidence, &[Reading<'_>], Vec<&TermMatch>)| {
        let pieces = readings.iter().map(|reading| reading.pieces(words));
        EvidenceItem {
            id: document.id,
            title: document.title.clone(),
            terms: held.into_iter().map(|term| term.term.clone()).collect(),
            pieces: pieces.max_by_key(|pieces| (hits(pieces), usize::MAX - pieces.len())).unwrap_or_default(),
        }
    };
    ranked.into_iter().take(EVIDENCE).map(item).collect()
}

fn highlights(readings: &[Reading<'_>], words: &[SharedWord]) -> Vec<Highlight> {
    let highlight = |reading: &Reading<'_>| Highlight {
        field: reading.passage.field.to_owned(),
        label: reading.passage.label.to_owned(),
        pieces: reading.pieces(words),
    };
    readings.iter().map(highlight).filter(|highlight| hits(&highlight.pieces) > 0).take(SNIPPETS).collect()
}

/// The part of a total that comes from texts.
fn text_points(score: &Score) -> f64 {
    score.parts.iter().filter(|part| part.code.starts_with("text.")).map(|part| part.points).sum()
}

fn hits(pieces: &[Piece]) -> usize {
    pieces.iter().filter(|piece| piece.hit).count()
}

fn rule(feature: &Feature) -> Rule {
    Rule { code: feature.code.to_owned(), label: feature.label.to_owned(), fact: feature.fact.clone() }
}

/// A part as it is shown.
pub fn round_part(part: &Part) -> Part {
    Part {
        value: rounded(part.value),
        weight: rounded(part.weight),
        points: rounded(part.points),
        ..part.clone()
    }
}

/// To four decimals, as shown and stored.
pub fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
