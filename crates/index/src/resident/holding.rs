//! Whether what a document holds of a query has a ground in it for proposing the document.

/// Terms that are held, and the grounds that begin with each.
pub(super) struct Holding<'a> {
    grounds: Vec<&'a [u32]>,
    /// Grounds by their first term: where each term's end, and which they are.
    ends: Vec<u32>,
    of_term: Vec<u32>,
    /// A ground that needs no term.
    free: bool,
    held: Vec<bool>,
    /// Which terms are held; some may stand twice.
    terms: Vec<u32>,
}

impl<'a> Holding<'a> {
    /// Nothing is held yet, of so many terms.
    pub(super) fn new(grounds: impl Iterator<Item = &'a [u32]>, terms: usize) -> Self {
        let grounds: Vec<&[u32]> = grounds.collect();
        let mut ends = vec![0_u32; terms];
        let first = |ground: &[u32]| ground.first().map(|&term| term as usize);
        grounds.iter().filter_map(|ground| first(ground)).for_each(|term| ends[term] += 1);
        let mut end = 0;
        for of_term in &mut ends {
            end += *of_term;
            *of_term = end - *of_term;
        }
        // Where each term's begin so far.
        let mut of_term = vec![0; end as usize];
        for (ground, number) in grounds.iter().zip(0..) {
            if let Some(term) = first(ground) {
                of_term[ends[term] as usize] = number;
                ends[term] += 1;
            }
        }
        let free = of_term.len() < grounds.len();
        Self { grounds, ends, of_term, free, held: vec![false; terms], terms: Vec::new() }
    }

    pub(super) fn hold(&mut self, term: u32) {
        self.held[term as usize] = true;
        self.terms.push(term);
    }

    /// Whether all terms of a ground are held; nothing is held afterwards.
    pub(super) fn has_ground(&mut self) -> bool {
        let held = |ground: &u32| self.grounds[*ground as usize].iter().all(|&term| self.held[term as usize]);
        let begin = |term: &u32| self.of_term[super::range(&self.ends, *term as usize)].iter().any(held);
        let found = self.free || self.terms.iter().any(begin);
        self.terms.drain(..).for_each(|term| self.held[term as usize] = false);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ground_is_had_when_all_of_its_terms_are_held_together() {
        let grounds = [vec![0, 2], vec![3], vec![0, 1, 3]];
        let of = |grounds: &'static [&'static [u32]], terms| Holding::new(grounds.iter().copied(), terms);
        let mut holding = Holding::new(grounds.iter().map(Vec::as_slice), 5);
        let mut has = |terms: &[u32]| {
            terms.iter().for_each(|&term| holding.hold(term));
            holding.has_ground()
        };
        let answers = [&[][..], &[0, 1], &[2, 0], &[2], &[4, 1, 0], &[3], &[0, 0, 2]].map(&mut has);
        assert_eq!(answers, [false, false, true, false, false, true, true]);
        assert!(of(&[&[1], &[]], 2).has_ground());
        assert!(!of(&[], 2).has_ground());
    }
}
