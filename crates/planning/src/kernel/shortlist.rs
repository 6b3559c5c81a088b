//! The few cheapest candidates of each need, remembered: while experts only become dearer, they stay the cheapest until even they cost
//! more than the first that was left out.

use super::cost::Cost;
use super::flow::{FIXED, Flow, index};
use super::network::Network;

/// How many are remembered.
const LENGTH: usize = 8;
const NONE: u32 = u32::MAX;

pub(crate) struct Shortlists<C> {
    picks: Vec<[u32; LENGTH]>,
    /// No key of a pair that is not among the picks is below this.
    beyond: Vec<C>,
}

impl<C: Cost> Shortlists<C> {
    pub(crate) fn new(network: &Network<C>) -> Self {
        let needs = network.needs().len();
        Self { picks: vec![[NONE; LENGTH]; needs], beyond: vec![-C::MAX; needs] }
    }

    /// What is remembered of a need, and the key that nothing else is below.
    pub(crate) fn of(&self, need: usize) -> (impl Iterator<Item = usize> + '_, C) {
        let picks = self.picks[need].iter().take_while(|pair| **pair != NONE);
        (picks.map(|pair| *pair as usize), self.beyond[need])
    }

    /// Looks through all pairs of a need anew.
    pub(crate) fn refresh(&mut self, network: &Network<C>, flow: &Flow<C>, need: usize) {
        // One place more than is remembered, for the first left out.
        let mut keys = [C::MAX; LENGTH + 1];
        let mut pairs = [NONE; LENGTH + 1];
        for pair in network.pairs_of(need) {
            let key = flow.cost(network, pair) - flow.price[network.pairs[pair].expert as usize];
            if key >= keys[LENGTH] || flow.state[pair] & FIXED != 0 {
                continue;
            }
            let mut at = LENGTH;
            while at > 0 && key < keys[at - 1] {
                keys[at] = keys[at - 1];
                pairs[at] = pairs[at - 1];
                at -= 1;
            }
            keys[at] = key;
            pairs[at] = index(pair);
        }
        let at = need - network.first_need;
        self.picks[at].copy_from_slice(&pairs[..LENGTH]);
        self.beyond[at] = keys[LENGTH];
    }
}
