//! States of an index that somebody is paging through. They are kept for a while, so that what is written meanwhile moves no hit from one
//! page to another: scores go by counts over all documents, so any writing may change them all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::Kind;
use index::Snapshot;

/// How long a state is kept after a page of it was given out.
const KEPT: Duration = Duration::from_secs(120);
/// States of one registry at most; those asked for longest ago go first. They share what has not changed, but each may hold files open that
/// are otherwise gone.
const MOST: usize = 16;

/// States that are kept.
#[derive(Default)]
pub(crate) struct Pins(Mutex<Vec<Pin>>);

struct Pin {
    kind: Kind,
    state: Snapshot,
    until: Instant,
}

impl Pins {
    /// The state that had this position, or, when it is not kept here any more, the present one.
    pub(crate) fn find(&self, kind: Kind, position: u64, present: Snapshot) -> Snapshot {
        if present.position() == position {
            return present;
        }
        let pins = self.held();
        let pin = pins.iter().find(|pin| pin.kind == kind && pin.state.position() == position);
        pin.map_or(present, |pin| pin.state.clone())
    }

    /// Keeps a state from now on for as long as any is kept.
    pub(crate) fn keep(self: &Arc<Self>, kind: Kind, state: &Snapshot) {
        let until = Instant::now() + KEPT;
        let mut pins = self.held();
        if let Some(pin) =
            pins.iter_mut().find(|pin| pin.kind == kind && pin.state.position() == state.position())
        {
            pin.until = until;
            return;
        }
        while pins.iter().filter(|pin| pin.kind == kind).count() >= MOST {
            let of_kind = pins.iter().enumerate().filter(|(_, pin)| pin.kind == kind);
            let Some((oldest, _)) = of_kind.min_by_key(|(_, pin)| pin.until) else { break };
            pins.swap_remove(oldest);
        }
        pins.push(Pin { kind, state: state.clone(), until });
        drop(pins);
        self.let_go_later();
    }

    /// Lets go of all states of a registry; whoever pages through one goes on in the present state.
    pub(crate) fn forget(&self, kind: Kind) {
        self.held().retain(|pin| pin.kind != kind);
    }

    /// Lets go of what is past its time even if nobody asks any more.
    fn let_go_later(self: &Arc<Self>) {
        let pins = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(KEPT).await;
                let Some(pins) = pins.upgrade() else { return };
                let mut pins = pins.held();
                pins.retain(|pin| pin.until > Instant::now());
                if pins.is_empty() {
                    return;
                }
            }
        });
    }

    /// What is past its time is gone.
    fn held(&self) -> MutexGuard<'_, Vec<Pin>> {
        let mut pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.retain(|pin| pin.until > Instant::now());
        pins
    }
}
