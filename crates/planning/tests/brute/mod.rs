//! Tiny instances, and the best value over every set of pairs.

use planning::{Candidate, Expert, Instance, Members, Need, Quota, Ruling, Value};
use proptest::prelude::*;

/// Instances of at most four experts, four needs and eleven pairs. Needs may want `several` at least; quotas may `cross`.
pub(crate) fn tiny(several: bool, cross: bool) -> impl Strategy<Value = Instance> {
    let most = if several { 3_u32 } else { 1 };
    let needs = prop::collection::vec((1..=most, 0_u32..=2), 1..=4);
    let experts = prop::collection::vec(0_u32..=3, 1..=4);
    (needs, experts).prop_flat_map(move |(needs, experts)| {
        let (n, e) = (needs.len() as u64, experts.len() as u64);
        // Few scores, so that many plans are equally good.
        let pair = (0..n, 0..e, 0_u32..6, 0_u32..12);
        let quota = (any::<bool>(), 0_u32..3, 0_u32..4, any::<u8>());
        let pairs = prop::collection::vec(pair, 0..=11);
        let quotas = prop::collection::vec(quota, 0..=if cross { 3 } else { 2 });
        let previous = prop::collection::vec((0..e, 0..n), 0..4);
        (Just((needs, experts)), pairs, quotas, previous, 0_u32..3).prop_map(
            move |((needs, experts), pairs, quotas, previous, floor)| {
                build(&needs, &experts, &pairs, &quotas, (previous, floor, cross))
            },
        )
    })
}

fn build(
    needs: &[(u32, u32)],
    experts: &[u32],
    pairs: &[(u64, u64, u32, u32)],
    quotas: &[(bool, u32, u32, u8)],
    (previous, floor, cross): (Vec<(u64, u64)>, u32, bool),
) -> Instance {
    let mut instance = Instance { floor, previous, ..Instance::default() };
    instance.experts = (0..).zip(experts).map(|(id, capacity)| Expert { id, capacity: *capacity }).collect();
    instance.needs =
        (0..).zip(needs).map(|(id, (least, more))| Need { id, least: *least, most: least + more }).collect();
    for (need, expert, score, draw) in pairs.iter().copied() {
        let ruling = match draw {
            0 => Ruling::Locked,
            1 => Ruling::Forbidden,
            _ => Ruling::Open,
        };
        if !instance.pairs.iter().any(|pair| (pair.need, pair.expert) == (need, expert)) {
            instance.pairs.push(Candidate { expert, need, score, ruling });
        }
    }
    for (id, (of_needs, at_least, more, set)) in (0..).zip(quotas.iter().copied()) {
        let size = if of_needs { instance.needs.len() } else { instance.experts.len() } as u64;
        // Without crossing, each group is the first so many.
        let is_in =
            |member: &u64| if cross { set >> member & 1 == 1 } else { *member <= u64::from(set) % size };
        let members: Vec<u64> = (0..size).filter(is_in).collect();
        let members = if of_needs { Members::Needs(members) } else { Members::Experts(members) };
        let at_least = if cross { 0 } else { at_least };
        instance.quotas.push(Quota { id, members, at_least, at_most: at_least + more });
    }
    instance
}

/// The best value of all sets of pairs that keep the limits.
pub(crate) fn best(instance: &Instance) -> Value {
    let sets = 0..1_u32 << instance.pairs.len();
    let values = sets.filter_map(|set| value(instance, &|at| set >> at & 1 == 1));
    let key = |value: &Value| {
        (-(value.shortfall as i64), value.covered, value.score, -(value.load as i64), value.kept)
    };
    values.max_by_key(key).expect("the locked pairs alone are a plan")
}

/// What a set of pairs is worth, if it keeps the limits.
fn value(instance: &Instance, is_in: &dyn Fn(usize) -> bool) -> Option<Value> {
    let mut value = Value::default();
    let (mut needs, mut experts) =
        (vec![(0_u32, 0_u32); instance.needs.len()], vec![(0, 0); instance.experts.len()]);
    for (at, pair) in instance.pairs.iter().enumerate() {
        let is_locked = pair.ruling == Ruling::Locked;
        let may = is_locked || pair.ruling == Ruling::Open && pair.score >= instance.floor;
        if is_in(at) && !may || !is_in(at) && is_locked {
            return None;
        }
        if is_in(at) {
            for (used, locked) in [&mut needs[pair.need as usize], &mut experts[pair.expert as usize]] {
                *used += 1;
                *locked += u32::from(is_locked);
            }
            value.score += u64::from(pair.score);
            value.kept += u64::from(instance.previous.contains(&(pair.expert, pair.need)));
        }
    }
    for (need, (used, locked)) in instance.needs.iter().zip(&needs) {
        if *used > need.most.max(*locked) || *used < need.least && used != locked {
            return None;
        }
        value.covered += u64::from(*used >= need.least);
    }
    for (expert, (used, locked)) in instance.experts.iter().zip(&experts) {
        if *used > expert.capacity.max(*locked) {
            return None;
        }
        value.load += u64::from(used * used);
    }
    for quota in &instance.quotas {
        let (ids, counts) = match &quota.members {
            Members::Needs(ids) => (ids, &needs),
            Members::Experts(ids) => (ids, &experts),
        };
        let sum = |of: fn(&(u32, u32)) -> u32| ids.iter().map(|id| of(&counts[*id as usize])).sum::<u32>();
        let (used, locked) = (sum(|count| count.0), sum(|count| count.1));
        if used > quota.at_most.max(locked) {
            return None;
        }
        value.shortfall += u64::from(quota.at_least.saturating_sub(used));
    }
    Some(value)
}
