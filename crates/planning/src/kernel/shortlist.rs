//! The few cheapest candidates of each need, remembered: while experts only become dearer, they stay the cheapest until even they cost
//! more than the first that was left out.

use super::cost::Cost;
use super::flow::{FIXED, Flow, index};
use super::network::Network;

/// How many are remembered.
const LENGTH: usize = 8;
const NOBODY: u32 = u32::MAX;

/// A candidate, with all of its key that does not change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick<C> {
    pub(crate) cost: C,
    pub(crate) expert: u32,
    pub(crate) pair: u32,
}

pub(crate) struct Shortlists<C> {
    picks: Vec<[Pick<C>; LENGTH]>,
    /// No key of a pair that is not among the picks is below this.
    beyond: Vec<C>,
}

impl<C: Cost> Shortlists<C> {
    pub(crate) fn new(network: &Network<C>) -> Self {
        let needs = network.needs().len();
        let nobody = Pick { cost: C::MAX, expert: NOBODY, pair: NOBODY };
        Self { picks: vec![[nobody; LENGTH]; needs], beyond: vec![-C::MAX; needs] }
    }

    /// What is remembered of a need (counted from the first), and the key that nothing else is below.
    pub(crate) fn of(&self, need: usize) -> (impl Iterator<Item = Pick<C>> + '_, C) {
        let picks = self.picks[need].iter().take_while(|pick| pick.pair != NOBODY);
        (picks.copied(), self.beyond[need])
    }

    /// Looks through all pairs of a need's node anew.
    pub(crate) fn refresh(&mut self, network: &Network<C>, flow: &Flow<C>, need: usize) {
        let at = need - network.first_need;
        // One place more than is remembered, for the first left out.
        let mut keys = [C::MAX; LENGTH + 1];
        let mut picks = [Pick { cost: C::MAX, expert: NOBODY, pair: NOBODY }; LENGTH + 1];
        for pair in network.pairs_of(need) {
            let (cost, expert) = (flow.cost(network, pair), network.pairs[pair].expert);
            let key = cost - flow.price[expert as usize];
            if key >= keys[LENGTH] || flow.state[pair] & FIXED != 0 {
                continue;
            }
            let mut place = LENGTH;
            while place > 0 && key < keys[place - 1] {
                keys[place] = keys[place - 1];
                picks[place] = picks[place - 1];
                place -= 1;
            }
            keys[place] = key;
            picks[place] = Pick { cost, expert, pair: index(pair) };
        }
        self.picks[at].copy_from_slice(&picks[..LENGTH]);
        self.beyond[at] = keys[LENGTH];
    }
}
