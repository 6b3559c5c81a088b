//! The clusters of a run: whom a need finds is kept from run to run, and only needs that say something else are asked and asked about again.
//!
//! By an epoch's statistics the likeness of two needs is a function of the two. So the argument of `merging.rs` holds for whom a need finds as it does for
//! whom it is matched with; and a group of the same needs has the same words in common.

use std::sync::Arc;

use domain::{Attributes, Kind, Status};
use index::{Ask, Few, Heard, Wanted};
use jiff::civil::Date;
use ranking::kindred::{Group, groups};
use ranking::{Exclusion, exclusions, says_nothing};
use store::{Cluster, ClusterPlace, ListFilter};
use text::{Lexicon, TokenKind};

use super::neighbours::{Kept, Neighbours, memo_key};
use super::readings::Reading;
use super::working::Shift;
use crate::kindred::{
    LEAST, NeedCluster, Needs, Peers, SINGLE, by_words, neighbourhood, placed, told_cohesion, weightiest,
};
use crate::{Engine, EngineError, blocking};

/// Needs read at a time.
const PAGE: u32 = 500;
/// With more needs than one in so many that say something else, all are asked anew.
const MANY: usize = 8;

impl Engine {
    /// Clusters rest on the needs alone: on their texts, on which of them are valid, and on how they are analysed.
    pub(super) async fn clusters_in(&self, shift: &Arc<Shift>) -> Result<Vec<Cluster>, EngineError> {
        let date = shift.run.business_date;
        let no_need_changed = shift.changed.as_ref().is_some_and(|changed| changed.of(Kind::Need).is_empty());
        if let Some(base) = &shift.base
            && no_need_changed
            && !shift.run.whole
            && !shift.is_of_new_epoch()
            && !self.any_expires_between(base.business_date, date).await?
        {
            let all = ClusterPlace { after: 0, least: 0, limit: i32::MAX.cast_unsigned() };
            return Ok(self.store.run_clusters(base.id, all).await?);
        }
        self.found_clusters(shift, date).await
    }

    async fn found_clusters(&self, shift: &Arc<Shift>, date: Date) -> Result<Vec<Cluster>, EngineError> {
        let snapshot = self.catalog.registry(Kind::Need).snapshot();
        let position = snapshot.position();
        let peers = Peers::frozen(snapshot, shift.ranking.statistics().clone());
        let needs = Arc::new(self.open_needs(date).await?);
        let kept = if shift.run.whole {
            Neighbours::new(&shift.key)
        } else {
            Neighbours::open(&self.data_dir, &shift.key)
        };
        let work = {
            let (shift, needs, peers) = (shift.clone(), needs.clone(), peers.clone());
            move || brought_up_to_date(kept, &shift, &needs, &peers)
        };
        let (mut kept, to_ask) = blocking(work).await?;
        let once: Vec<u64> = needs.each_once().collect();
        for (need, near) in self.near(&to_ask, &once, &peers).await? {
            if let Some(open) = needs.open.get(&need) {
                kept.needs.insert(need, Kept::new(open.digest, near));
            }
        }
        peers.require_ready()?;
        let (kept, found) = blocking(move || {
            let neighbourhoods: Vec<_> =
                kept.needs.iter().map(|(need, kept)| neighbourhood(*need, &kept.near)).collect();
            Ok((kept, groups(&neighbourhoods)))
        })
        .await?;
        self.told_clusters(kept, found, position, &needs, &peers).await
    }

    /// What the groups have in common; kept for the next run, as far as the index holds what the needs say.
    async fn told_clusters(
        &self,
        mut kept: Neighbours,
        found: Vec<Group>,
        position: u64,
        needs: &Needs,
        peers: &Peers,
    ) -> Result<Vec<Cluster>, EngineError> {
        let mut clusters: Vec<NeedCluster> = Vec::new();
        let mut before = std::mem::take(&mut kept.told);
        for group in found {
            let (key, cohesion) = (memo_key(&group, needs), told_cohesion(&group));
            let told = before.remove(&key);
            let known = told.as_ref().map(|told| told.as_deref().map(serde_json::from_str).transpose());
            let cluster: Option<NeedCluster> = match known {
                Some(Ok(cluster)) => {
                    kept.told.extend(told.map(|told| (key, told)));
                    cluster
                }
                _ => {
                    let cluster = self.cluster(group, needs, peers).await?;
                    kept.told.insert(key, cluster.as_ref().map(content));
                    cluster
                }
            };
            // Members that are as they were may have come nearer to each other, or moved apart.
            clusters.extend(cluster.map(|cluster| NeedCluster { cohesion, ..cluster }));
        }
        peers.require_ready()?;
        // What a need says now may not be what the index knew of it.
        let later = self.changed_after(position).await?;
        match later {
            Some(later) => later.of(Kind::Need).iter().for_each(|need| kept.forget(*need)),
            None => kept = Neighbours::new(&kept.key),
        }
        let data_dir = self.data_dir.clone();
        blocking(move || {
            if let Err(error) = kept.save(&data_dir) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "which needs are alike is found anew next time"
                );
            }
            Ok(())
        })
        .await?;
        clusters.retain(|cluster| cluster.enterprises >= LEAST);
        let stored = |cluster: &NeedCluster| Cluster {
            place: cluster.place,
            size: cluster.enterprises as u64,
            content: content(cluster),
        };
        Ok(placed(clusters).iter().map(stored).collect())
    }

    /// Whether an open need is valid on one of two days only.
    async fn any_expires_between(&self, one: Date, other: Date) -> Result<bool, EngineError> {
        if one == other {
            return Ok(false);
        }
        let filter = ListFilter { statuses: vec![Status::Open], ..ListFilter::default() };
        let mut after = 0;
        loop {
            let needs = self.store.page(Kind::Need, &filter, after, PAGE).await?;
            let Some(last) = needs.last() else { return Ok(false) };
            after = last.id.number;
            let differs = |attributes: Attributes| {
                let [one, other] =
                    [one, other].map(|day| exclusions(None, &attributes, day).contains(&Exclusion::Expired));
                one != other
            };
            if needs.iter().map(Attributes::of).any(differs) {
                return Ok(true);
            }
        }
    }
}

fn content(cluster: &NeedCluster) -> String {
    serde_json::to_string(cluster).expect("clusters hold only strings and numbers")
}

/// Whom the needs find of which that is known or can be told from those that came; and the needs that must ask.
fn brought_up_to_date(
    mut kept: Neighbours,
    shift: &Shift,
    needs: &Needs,
    peers: &Peers,
) -> Result<(Neighbours, Vec<u64>), EngineError> {
    let is_new = |need: &u64| {
        let known = kept.needs.get(need).map(|kept| kept.digest);
        known.is_none() || known != needs.open.get(need).map(|open| open.digest)
    };
    let once: Vec<u64> = needs.each_once().collect();
    let came: Vec<u64> = once.iter().copied().filter(is_new).collect();
    if came.len() > once.len() / MANY {
        return Ok((Neighbours { told: kept.told, ..Neighbours::new(&kept.key) }, once));
    }
    let stays = |need: &u64| once.binary_search(need).is_ok() && came.binary_search(need).is_err();
    let gone: Vec<u64> = kept.needs.keys().copied().filter(|need| !stays(need)).collect();
    gone.iter().for_each(|need| _ = kept.needs.remove(need));
    for kept in kept.needs.values_mut() {
        kept.near.retain(|(other, _)| gone.binary_search(other).is_err());
    }
    let unknown = asked_about(&mut kept, &came, shift, needs, peers)?;
    let mut to_ask = [came, unknown].concat();
    to_ask.sort_unstable();
    Ok((kept, to_ask))
}

/// Puts those that came where they belong among those whom each need finds; returns the needs that must ask themselves.
fn asked_about(
    kept: &mut Neighbours,
    came: &[u64],
    shift: &Shift,
    needs: &Needs,
    peers: &Peers,
) -> Result<Vec<u64>, EngineError> {
    let statistics = shift.ranking.statistics().needs();
    let weights = by_words(shift.ranking.weights());
    let few = Few::new(peers.snapshot(), statistics, &weights, shift.run.business_date, came)?;
    let readings = shift.readings();
    let reading = |need: &u64| readings.saying(*need, &needs.open.get(need)?.digest);
    let (mut known, mut unknown): (Vec<(u64, Reading)>, Vec<u64>) = Default::default();
    for need in kept.needs.keys() {
        match reading(need) {
            Some(reading) => known.push((*need, reading)),
            None => unknown.push(*need),
        }
    }
    let single = |kind| if kind == TokenKind::Unigram { SINGLE } else { 1.0 };
    // All terms, where a need asks with the weightiest of them: no sum is less for that.
    let terms = |reading: &Reading| -> Vec<(u32, f32)> {
        let terms = reading.terms.iter().zip(reading.kinds());
        terms.map(|(&(term, weight), kind)| (term, weight * single(kind))).collect()
    };
    let terms: Vec<Vec<(u32, f32)>> = known.iter().map(|(_, reading)| terms(reading)).collect();
    let least = |need: &u64| f64::from(kept.needs.get(need).map_or(0.0, Kept::least));
    let asks = known.iter().zip(&terms);
    let asks: Vec<Ask<'_>> =
        asks.map(|((need, _), terms)| Ask { terms, rate: 0.0, least_text: least(need) }).collect();
    let reached = few.reached(readings.terms(), &asks);
    let mut said = Said { terms: readings.terms(), says: vec![None; readings.terms().len()] };
    for ((need, reading), reached) in known.iter().zip(reached) {
        let Some(kept) = kept.needs.get_mut(need) else { continue };
        let mut found = Vec::new();
        if !reached.is_empty() {
            let terms = said.asked_by(reading);
            let (attributes, grounds) = (&Attributes::default(), &[&[][..]][..]);
            // Nobody is to come to a total: needs are told apart by their words.
            let heard = Heard { attributes, terms: &terms, grounds, direction: None, ideal: 1.0, rate: 0.0 };
            let best = few.best(&heard, &reached, Wanted::best(reached.len()));
            found = best.iter().map(|best| (best.number, best.texts.total(&weights))).collect();
        }
        if !kept.merge(found) {
            unknown.push(*need);
        }
    }
    Ok(unknown)
}

/// Which of the terms that are asked for say something, as far as anybody wanted to know.
struct Said<'a> {
    terms: &'a Lexicon,
    says: Vec<Option<bool>>,
}

impl Said<'_> {
    /// What a need asks other needs for: [`crate::kindred`]'s query, by numbers.
    fn asked_by(&mut self, reading: &Reading) -> Vec<(u32, f32)> {
        let mut terms: Vec<(u32, f32, TokenKind)> = Vec::with_capacity(reading.terms.len());
        for (&(term, weight), kind) in reading.terms.iter().zip(reading.kinds()) {
            let says = &mut self.says[term as usize];
            if *says.get_or_insert_with(|| !says_nothing(self.terms.term(term))) {
                terms.push((term, weight, kind));
            }
        }
        weightiest(&mut terms, |(_, weight, kind)| (*kind, weight));
        terms.into_iter().map(|(term, weight, _)| (term, weight)).collect()
    }
}
