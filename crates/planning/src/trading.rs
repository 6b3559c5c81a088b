//! How high the score of any plan can be that covers so many needs, when all or nothing leaves that open.
//!
//! In the aims' one number a covered need outweighs all scores, so a bound that hopes for half a need more says nothing of the score.
//! Here a cover is worth only λ points: no plan that covers c needs scores more than the network's optimum less λ·c, whatever λ is
//! (Lagrangian relaxation of the number covered), and λ is sought where the network covers about c.

use crate::assembly;
use crate::campaign::Campaign;
use crate::weights::Weights;
use crate::working::Working;

/// How often λ is tried.
const TRIES: u32 = 7;

/// A bound on the score of every plan that covers `covered` needs, in the costs of `weights`.
pub(crate) fn most_with(campaign: &Campaign, weights: &Weights, covered: u64, shortfall: u64) -> i128 {
    let part = |cover: i128| cover / weights.divisor * weights.divisor;
    // From a sixteenth of the best score to sixty-four times it: in this range somebody gives a cover up for a score.
    let greatest = campaign.pairs.iter().map(|pair| i128::from(pair.score)).max().unwrap_or(1).max(1);
    let (mut low, mut high) = (0, 10);
    let mut best = i128::MAX;
    for _ in 0..TRIES {
        let middle = (low + high) / 2;
        let cover =
            part(weights.score * greatest / 16 * (1 << middle)).max(weights.divisor).min(weights.cover);
        let priced = Weights { cover, ..*weights };
        let network = assembly::network(campaign, &priced);
        let Ok(working) = Working::solve(network, assembly::states(campaign), &priced) else { break };
        let cost = working.cost() + assembly::prepaid(campaign, &priced);
        let worth = i128::from(shortfall) * weights.shortfall - cost - cover * i128::from(covered);
        best = best.min(worth);
        if high - low <= 1 {
            break;
        }
        // More covers than asked for: each is worth too much.
        if half_counted(&working) > i128::from(covered) * 1000 {
            high = middle;
        } else {
            low = middle;
        }
    }
    best
}

/// Covered needs in thousandths, those half covered by their share.
fn half_counted(working: &Working) -> i128 {
    let share = |need: usize| {
        let (arc, flow) = (&working.network.tree[need], i128::from(working.flow.tree[need]));
        let (low, floor) = (i128::from(arc.low), i128::from(arc.floor));
        if flow >= low { 1000 } else { (flow - floor) * 1000 / (low - floor) }
    };
    working.network.needs().map(share).sum()
}
