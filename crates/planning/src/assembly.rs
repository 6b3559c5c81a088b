//! A campaign as a network: nodes numbered, limits and aims put on arcs.

use crate::campaign::{Campaign, Scored};
use crate::groups::Grouping;
use crate::instance::Ruling;
use crate::kernel::{ASSIGNED, FIXED, KEPT, Network, Pair, ROOT, TreeArc, index};
use crate::weights::Weights;

/// The network of a campaign; no flow yet.
pub(crate) fn network(campaign: &Campaign, weights: &Weights) -> Network<i128> {
    let firsts = firsts(campaign);
    let first_expert = index(firsts[2]);
    let pair = |pair: &Scored| Pair { expert: first_expert + pair.expert, worth: pair.score };
    let pairs = campaign.pairs.iter().map(pair).collect();
    let tree = trees(campaign, weights);
    Network::new(tree, firsts, (campaign.starts.clone(), pairs), (weights.score, weights.kept))
}

/// The first need's node, the first group of experts' and the first expert's.
fn firsts(campaign: &Campaign) -> [usize; 3] {
    let first_need = 1 + campaign.need_groups.tree.len();
    let first_expert_group = first_need + campaign.needs.len();
    [first_need, first_expert_group, first_expert_group + campaign.expert_groups.tree.len()]
}

/// Every node's parent and tree arc.
pub(crate) fn trees(campaign: &Campaign, weights: &Weights) -> (Vec<u32>, Vec<TreeArc<i128>>) {
    let [_, first_expert_group, _] = firsts(campaign);
    let locked = locked(campaign);
    let mut parent = vec![index(ROOT)];
    let mut tree = vec![limit(0, 0, 0, weights)];
    enter_groups(&campaign.need_groups, 1, &locked.needs, weights, &mut parent, &mut tree);
    for (at, need) in campaign.needs.iter().enumerate() {
        parent.push(node_of(campaign.need_groups.innermost[at], 1));
        tree.push(TreeArc {
            low: need.least,
            high: need.most,
            cap: need.most.max(locked.needs[at]),
            floor: locked.needs[at],
            below: -share(weights, need.least, locked.needs[at]),
            within: 0,
            rise: 0,
        });
    }
    enter_groups(
        &campaign.expert_groups,
        first_expert_group,
        &locked.experts,
        weights,
        &mut parent,
        &mut tree,
    );
    for (at, expert) in campaign.experts.iter().enumerate() {
        parent.push(node_of(campaign.expert_groups.innermost[at], first_expert_group));
        let mut arc = limit(0, expert.capacity, locked.experts[at], weights);
        arc.rise = weights.load;
        tree.push(arc);
    }
    (parent, tree)
}

/// The share of a need's cover that each visit brings beyond those that are locked.
fn share(weights: &Weights, least: u32, locked: u32) -> i128 {
    weights.cover / i128::from(if locked < least { least - locked } else { least })
}

/// What the flow through the network costs less than the plan that it is: the network pays for what lower bounds get while the value
/// counts what they lack, and it pays a share for the locked visits of needs that are not covered by them.
pub(crate) fn prepaid(campaign: &Campaign, weights: &Weights) -> i128 {
    let groups = campaign.need_groups.tree.iter().chain(&campaign.expert_groups.tree);
    let promised: i128 = groups.map(|group| i128::from(group.at_least)).sum();
    let shares = campaign.needs.iter().enumerate().map(|(at, need)| {
        let locked = campaign.locked(at);
        if locked < need.least { i128::from(locked) * share(weights, need.least, locked) } else { 0 }
    });
    promised * weights.shortfall + shares.sum::<i128>()
}

/// The state of each pair before anything is planned: locks and prohibitions.
pub(crate) fn states(campaign: &Campaign) -> Vec<u8> {
    (0..campaign.pairs.len()).map(|pair| state(campaign, pair)).collect()
}

/// The state of one pair before anything is planned.
pub(crate) fn state(campaign: &Campaign, pair: usize) -> u8 {
    let kept = if campaign.pairs[pair].kept { KEPT } else { 0 };
    match campaign.pairs[pair].ruling {
        Ruling::Locked => kept | FIXED | ASSIGNED,
        _ if campaign.is_open(pair) => kept,
        _ => kept | FIXED,
    }
}

/// How much is locked for each need and each expert.
struct Locked {
    needs: Vec<u32>,
    experts: Vec<u32>,
}

fn locked(campaign: &Campaign) -> Locked {
    let mut found = Locked { needs: vec![0; campaign.needs.len()], experts: vec![0; campaign.experts.len()] };
    for need in 0..campaign.needs.len() {
        for pair in campaign.pairs_of(need).map(|pair| &campaign.pairs[pair]) {
            if pair.ruling == Ruling::Locked {
                found.needs[need] += 1;
                found.experts[pair.expert as usize] += 1;
            }
        }
    }
    found
}

fn node_of(group: Option<usize>, first: usize) -> u32 {
    group.map_or(index(ROOT), |group| index(first + group))
}

fn limit(low: u32, high: u32, locked: u32, weights: &Weights) -> TreeArc<i128> {
    TreeArc { low, high, cap: high.max(locked), floor: locked, below: -weights.shortfall, within: 0, rise: 0 }
}

fn enter_groups(
    groups: &Grouping,
    first: usize,
    locked: &[u32],
    weights: &Weights,
    parent: &mut Vec<u32>,
    tree: &mut Vec<TreeArc<i128>>,
) {
    for (group, around) in groups.tree.iter().zip(&groups.around) {
        parent.push(node_of(*around, first));
        let locked = group.members.iter().map(|member| locked[*member as usize]).sum();
        tree.push(limit(group.at_least, group.at_most, locked, weights));
    }
}
