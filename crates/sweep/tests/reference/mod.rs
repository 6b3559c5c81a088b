//! The same question answered by scoring every document, and collections to ask it of.

use sweep::{Builder, Document, Forward, Found, Judge, Order, Query, Sums, Sweep, Term};

/// Numbers that are the same everywhere (Steele, Lea & Flood 2014, SplitMix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// From 0 to less than 1.
    pub(crate) fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// What impacts and weights look like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values {
    /// Whole numbers from 0 to 3: sums are exact and many are alike.
    Few,
    /// From 0 to 8.
    Any,
    /// From very small to very great.
    Wild,
}

impl Values {
    fn draw(self, numbers: &mut Numbers) -> f32 {
        match self {
            Self::Few => numbers.below(4) as f32,
            Self::Any => (numbers.part() * 8.0) as f32,
            Self::Wild => 10_f64.powf(numbers.part() * 24.0 - 12.0) as f32,
        }
    }
}

/// Documents with terms, each term in about its own share of them: in none, in a few, in all.
pub(crate) fn documents(seed: u64, count: usize, terms: usize, values: Values) -> Forward {
    const SHARES: [f64; 8] = [0.0, 0.0005, 0.002, 0.01, 0.05, 0.08, 0.4, 1.0];
    let mut numbers = Numbers(seed);
    let shares: Vec<f64> = (0..terms).map(|_| SHARES[numbers.below(8) as usize]).collect();
    let mut forward = Forward::new(terms);
    for _ in 0..count {
        let mut has = Vec::new();
        for (term, &share) in shares.iter().enumerate() {
            if numbers.part() < share {
                has.push((term as Term, values.draw(&mut numbers)));
            }
        }
        forward.push(&has).unwrap();
    }
    forward
}

/// Some of the terms, some of them twice, some without weight.
pub(crate) fn query(seed: u64, terms: usize, values: Values) -> Vec<(Term, f32)> {
    let mut numbers = Numbers(seed ^ 0xA5A5);
    let count = numbers.below(2 * terms as u64 + 1);
    (0..count).map(|_| (numbers.below(terms as u64) as Term, values.draw(&mut numbers))).collect()
}

/// A sweep of the documents in an order drawn by lot.
pub(crate) fn shuffled(forward: &Forward, seed: u64) -> Sweep {
    let mut numbers = Numbers(seed);
    let mut order: Vec<Document> = (0..forward.documents()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, numbers.below(at as u64 + 1) as usize);
    }
    let mut builder = Builder::ordered(Order::new(order).unwrap()).unwrap();
    for term in 0..forward.terms() as Term {
        let documents = 0..forward.documents();
        let impact =
            |document| forward.impacts(document).find(|has| has.0 == term).map(|has| (document, has.1));
        builder.term(&documents.filter_map(impact).collect::<Vec<_>>()).unwrap();
    }
    builder.finish()
}

/// Sums, something added to some documents, others left out; remembers whom it was asked about.
pub(crate) struct Featured<'a> {
    pub(crate) sums: Sums<'a>,
    /// No document is given more.
    pub(crate) most: f64,
    /// One document in so many is left out; 0 leaves none out.
    pub(crate) without: u32,
    pub(crate) asked: Vec<Document>,
}

impl Featured<'_> {
    fn truth(&mut self, document: Document) -> Option<f64> {
        let mut numbers = Numbers(u64::from(document));
        let feature = (numbers.part() * 4.0).floor() / 4.0 * self.most;
        let out = self.without > 0 && numbers.below(u64::from(self.without)) == 0;
        let sum = self.sums.score(document, f64::INFINITY, f64::NEG_INFINITY)?;
        (!out).then_some(sum + feature)
    }
}

impl Judge for Featured<'_> {
    fn ceiling(&self, sum: f64) -> f64 {
        self.sums.ceiling(sum) + self.most
    }

    fn score(&mut self, document: Document, _: f64, least: f64) -> Option<f64> {
        self.asked.push(document);
        self.truth(document).filter(|&score| score >= least)
    }
}

/// The best of all documents that have a term of weight with an impact.
pub(crate) fn best(forward: &Forward, query: &Query, k: usize, judge: &mut Featured<'_>) -> Vec<Found> {
    let mut weights = vec![0.0; forward.terms()];
    for (term, weight) in query.terms() {
        weights[term as usize] = weight;
    }
    let shares = |&document: &Document| {
        forward.impacts(document).any(|(term, impact)| impact > 0.0 && weights[term as usize] > 0.0)
    };
    let scored = (0..forward.documents()).filter(shares);
    let mut found: Vec<Found> =
        scored.filter_map(|document| judge.truth(document).map(|score| Found { document, score })).collect();
    found.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.document.cmp(&other.document)));
    found.truncate(k);
    found
}
