//! The aims in one number: what each is worth, so that the least of a higher aim outweighs all of the lower ones.
//!
//! A flow is optimal when no simple cycle of what may still be moved improves it. So a unit has to outweigh the lower aims along one
//! simple cycle only, which visits each need, expert and group at most once; `docs/planning.md` has the proof. Where a bound is read
//! off a total instead (some needs want several or nothing, or quotas cross), a unit outweighs the lower aims of the whole plan.

use crate::campaign::Campaign;
use crate::instance::Ruling;
use crate::plan::Value;

/// Costs per unit of each aim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weights {
    /// One visit short of a lower bound.
    pub(crate) shortfall: i128,
    /// A covered need; divisible by all that needs want at least.
    pub(crate) cover: i128,
    /// A ten-thousandth of a point.
    pub(crate) score: i128,
    /// One of the sum of squared loads.
    pub(crate) load: i128,
    /// A pair of the previous plan.
    pub(crate) kept: i128,
    /// All of them, if there was no previous plan, are multiples of this, which is more than the arcs of a simple cycle.
    pub(crate) quantum: i128,
    /// What the worth of a cover has to be a multiple of, to be shared out evenly.
    pub(crate) divisor: i128,
}

impl Weights {
    /// The narrowest weights for a campaign; `None` if not even 128 bits hold them.
    pub(crate) fn new(campaign: &Campaign) -> Option<Self> {
        let sizes = Sizes::of(campaign);
        let quantum = sizes.pairs_of_cycle + 2 * sizes.hubs + 1;
        // Without a previous plan the quantum itself leaves room to keep pairs in when staff amend the plan.
        let kept = if campaign.has_previous { quantum } else { 1 };
        let load = if campaign.has_previous { quantum * quantum } else { quantum };
        let (loads, scores) = if campaign.reads_totals() {
            (sizes.squares, sizes.total_score)
        } else {
            let loads = 2 * sizes.hubs * (2 * sizes.greatest_load + 1);
            (loads, (sizes.pairs_of_cycle / 2 + sizes.hubs) * sizes.greatest_score)
        };
        // A plan's kept pairs are no more than its visits, a cycle's no more than its pairs.
        let kept_total =
            kept.checked_mul(if campaign.reads_totals() { sizes.visits } else { sizes.pairs_of_cycle })?;
        let load = multiple(load.max(kept_total + 1), quantum)?;
        let below_score = load.checked_mul(loads)?.checked_add(kept_total)?;
        let score = multiple(below_score.checked_add(1)?, quantum)?;
        let below_cover = score.checked_mul(scores)?.checked_add(below_score)?;
        let part = multiple(below_cover.checked_add(1)?, quantum)?;
        let cover = part.checked_mul(sizes.wants)?;
        let covers = if campaign.reads_totals() { campaign.needs.len() as i128 + 1 } else { 2 * sizes.hubs };
        let shortfall = cover.checked_mul(covers)?.checked_add(below_cover)?.checked_add(1)?;
        let shortfall = multiple(shortfall, quantum)?;
        // Room for sums of prices along a way, and for multipliers.
        shortfall.checked_mul(sizes.visits + 1)?.checked_mul(1 << 12)?;
        Some(Self { shortfall, cover, score, load, kept, quantum, divisor: quantum * sizes.wants })
    }

    /// What a plan of this value costs.
    pub(crate) fn cost(&self, value: &Value) -> i128 {
        i128::from(value.shortfall) * self.shortfall
            - i128::from(value.covered) * self.cover
            - i128::from(value.score) * self.score
            + i128::from(value.load) * self.load
            - i128::from(value.kept) * self.kept
    }
}

/// What bounds the aims.
struct Sizes {
    hubs: i128,
    pairs_of_cycle: i128,
    greatest_load: i128,
    greatest_score: i128,
    total_score: i128,
    squares: i128,
    visits: i128,
    /// The least common multiple of what needs want at least.
    wants: i128,
}

impl Sizes {
    fn of(campaign: &Campaign) -> Self {
        let hubs = 1 + campaign.need_groups.tree.len() + campaign.expert_groups.tree.len();
        let sides = campaign.needs.len().min(campaign.experts.len()) + hubs;
        let mut locked = vec![0_i128; campaign.experts.len()];
        for pair in campaign.pairs.iter().filter(|pair| pair.ruling == Ruling::Locked) {
            locked[pair.expert as usize] += 1;
        }
        let loads = campaign
            .experts
            .iter()
            .zip(&locked)
            .map(|(expert, locked)| i128::from(expert.capacity).max(*locked));
        let (greatest_load, squares) =
            loads.fold((1, 1), |(most, sum), load| (load.max(most), load * load + sum));
        let (mut greatest_score, mut total_score, mut visits, mut wants) = (1, 1, 1, 1);
        for (at, need) in campaign.needs.iter().enumerate() {
            let locked = campaign.locked(at);
            // From the highest down, whatever staff say now: so amending a plan seldom asks for other weights.
            let scores = campaign.pairs_of(at).map(|pair| i128::from(campaign.pairs[pair].score));
            greatest_score = greatest_score.max(scores.clone().next().unwrap_or_default());
            let taken = scores.take(need.most.max(locked) as usize);
            (total_score, visits) =
                taken.fold((total_score, visits), |(sum, count), score| (sum + score, count + 1));
            wants =
                lcm(lcm(wants, i128::from(need.least)), i128::from(need.least.saturating_sub(locked).max(1)));
        }
        Self {
            hubs: hubs as i128,
            pairs_of_cycle: 2 * sides as i128,
            greatest_load,
            greatest_score,
            total_score,
            squares,
            visits,
            wants,
        }
    }
}

/// The next multiple of `of` from `value` on.
fn multiple(value: i128, of: i128) -> Option<i128> {
    value.checked_add(of - 1).map(|value| value / of * of)
}

fn lcm(one: i128, other: i128) -> i128 {
    let (mut a, mut b) = (one, other);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    (one / a).saturating_mul(other)
}
