//! What is told to portals, written in the transaction that makes it true: a message for each group of addresses that may hear the same, and
//! with it that it is on its way to each of them.
//!
//! No message holds anything of a person, nor anything that its receivers could not read over the API.

use domain::{EventType, Kind, RecordId, Region, WebhookId};
use serde_json::{Value, json};

use super::{Webhook, WebhookRow};
use crate::backend::{Transaction, on_backend};
use crate::keyring::random;
use crate::rows::{moment, now, row, signed, unsigned};
use crate::sql::webhooks as texts;
use crate::{RunId, Store, StoreError};

/// Needs that one message tells of: it then has some 12 KB.
const NEEDS: usize = 100;

/// How a need's published lists have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedChanges {
    /// Number of the need.
    pub need: u64,
    /// Where the need lies.
    pub region: Option<Region>,
    /// The lists that have changed.
    pub lists: Vec<RegistryChanges>,
}

/// How a need's published list of one registry has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistryChanges {
    /// Of this registry.
    pub target: Kind,
    /// Targets that stand in it now and did not before.
    pub entered: u32,
    /// Targets that stood in it before and do not now.
    pub left: u32,
}

/// From here on needs have not been told of: this one and those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// In this run.
    pub run: RunId,
    /// From the need of this number on.
    pub need: u64,
}

row! {
    struct AnnouncedRow {
        run: i64,
        need: i64,
    }
}

impl Store {
    /// How far needs with new matches have been told of; `None` before the first run.
    pub async fn announced(&self) -> Result<Option<Announced>, StoreError> {
        let row: Option<AnnouncedRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::ANNOUNCED).fetch_optional(&pools.readers).await?
        });
        Ok(row.map(|row| Announced { run: RunId(unsigned(row.run)), need: unsigned(row.need) }))
    }

    /// Whether anybody wants to hear of needs with new matches.
    pub async fn any_hears_of_needs(&self) -> Result<bool, StoreError> {
        let rows: Vec<WebhookRow> = on_backend!(&self.backend, pools => {
            sqlx::query_as(texts::LISTENING).bind(now()).fetch_all(&pools.readers).await?
        });
        let webhooks = rows.into_iter().map(WebhookRow::webhook).collect::<Result<Vec<_>, _>>()?;
        Ok(webhooks.iter().any(|webhook| webhook.hears(EventType::NeedMatchesChanged)))
    }

    /// Tells whoever may know it which needs have new matches in a published run, and moves on with it from `from` to `to`: so each is told of once,
    /// whoever tells and whatever ends it. Returns whether it was still there. An address of a region's key hears of the needs in that region alone,
    /// and of no list of a registry whose records in other regions are `hidden` from it.
    ///
    /// # Errors
    /// [`StoreError::RunNotFound`] when there is no such run.
    pub async fn announce_needs(
        &self,
        [from, to]: [Announced; 2],
        needs: &[NeedChanges],
        hidden: &[Kind],
    ) -> Result<bool, StoreError> {
        let mut transaction = self.backend.begin().await?;
        let moved = on_backend!(&mut transaction, transaction => {
            sqlx::query(texts::ANNOUNCE)
                .bind(signed(from.run.0))
                .bind(signed(from.need))
                .bind(signed(to.run.0))
                .bind(signed(to.need))
                .execute(&mut **transaction)
                .await?
                .rows_affected()
        });
        if moved == 0 {
            return Ok(false);
        }
        if !needs.is_empty() {
            day_of(&mut transaction, to.run).await?;
            needs_changed(&mut transaction, to.run, needs, hidden).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

/// Tells that a run is the current one. Its counts are left out: some of them are not for every key.
pub(crate) async fn run_published(transaction: &mut Transaction, run: RunId) -> Result<(), StoreError> {
    on_backend!(&mut *transaction, transaction => {
        sqlx::query(texts::BEGIN_ANNOUNCING).bind(signed(run.0)).execute(&mut **transaction).await?;
    });
    let hearing = hearing(transaction, EventType::RunPublished).await?;
    if hearing.is_empty() {
        return Ok(());
    }
    let business_date = day_of(transaction, run).await?;
    let data = json!({"run": run.0, "business_date": business_date, "url": "/api/v1/rematch-runs/current"});
    let to: Vec<WebhookId> = hearing.iter().map(|webhook| webhook.id).collect();
    send(transaction, EventType::RunPublished, &data, &to).await
}

/// Tells which needs have new matches. An address of a region's key hears of the needs in that region alone, and of no list of a registry
/// whose records in other regions are `hidden` from it: what changed there may be one of them.
pub(crate) async fn needs_changed(
    transaction: &mut Transaction,
    run: RunId,
    needs: &[NeedChanges],
    hidden: &[Kind],
) -> Result<(), StoreError> {
    let event = EventType::NeedMatchesChanged;
    let mut groups: Vec<(Option<Region>, Vec<WebhookId>)> = Vec::new();
    for webhook in hearing(transaction, event).await? {
        match groups.iter_mut().find(|(region, _)| *region == webhook.region) {
            Some((_, to)) => to.push(webhook.id),
            None => groups.push((webhook.region, vec![webhook.id])),
        }
    }
    for (region, to) in groups {
        let told: Vec<Value> = needs.iter().filter_map(|need| told(need, region, hidden)).collect();
        for some in told.chunks(NEEDS) {
            send(transaction, event, &json!({"run": run.0, "needs": some}), &to).await?;
        }
    }
    Ok(())
}

/// What an address of this region hears of a need; nothing when nothing new stands in the lists that it sees.
fn told(need: &NeedChanges, region: Option<Region>, hidden: &[Kind]) -> Option<Value> {
    // What lies nowhere is seen whole by those without a region alone.
    let seen = region.is_none_or(|region| need.region.is_some_and(|place| region.contains(place)));
    let lists = need.lists.iter().filter(|list| region.is_none() || !hidden.contains(&list.target));
    let lists: Vec<&RegistryChanges> = lists.filter(|list| list.entered + list.left > 0).collect();
    if !seen || lists.iter().all(|list| list.entered == 0) {
        return None;
    }
    let id = RecordId::new(Kind::Need, need.need).to_string();
    let list = |list: &&RegistryChanges| json!({"registry": list.target.plural(), "entered": list.entered, "left": list.left});
    let changes: Vec<Value> = lists.iter().map(list).collect();
    Some(json!({"url": format!("/api/v1/needs/{id}/changes"), "need": id, "changes": changes}))
}

/// The addresses that are told of this kind of event now.
async fn hearing(transaction: &mut Transaction, event: EventType) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<WebhookRow> = on_backend!(transaction, transaction => {
        sqlx::query_as(texts::LISTENING).bind(now()).fetch_all(&mut **transaction).await?
    });
    let webhooks = rows.into_iter().map(WebhookRow::webhook).collect::<Result<Vec<_>, _>>()?;
    Ok(webhooks.into_iter().filter(|webhook| webhook.hears(event)).collect())
}

/// Writes a message down, and that it is on its way to these addresses.
async fn send(
    transaction: &mut Transaction,
    event: EventType,
    data: &Value,
    to: &[WebhookId],
) -> Result<(), StoreError> {
    let at = now();
    let body = json!({"type": event.slug(), "timestamp": moment(at)?, "data": data}).to_string();
    on_backend!(transaction, transaction => {
        let message: i64 = sqlx::query_scalar(texts::ADD_MESSAGE)
            .bind(message_id()?)
            .bind(event.slug())
            .bind(body)
            .bind(at)
            .fetch_one(&mut **transaction)
            .await?;
        for webhook in to {
            sqlx::query(texts::ADD_DELIVERY)
                .bind(signed(webhook.0))
                .bind(message)
                .bind(at)
                .execute(&mut **transaction)
                .await?;
        }
    });
    Ok(())
}

/// A name that no other message has, without a full stop, as the specification asks.
///
/// # Errors
/// [`StoreError::NoRandomness`].
pub fn message_id() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(random)?;
    Ok(format!("msg_{:032x}", u128::from_be_bytes(bytes)))
}

async fn day_of(transaction: &mut Transaction, run: RunId) -> Result<String, StoreError> {
    let day: Option<String> = on_backend!(transaction, transaction => {
        sqlx::query_scalar(texts::DAY_OF_RUN).bind(signed(run.0)).fetch_optional(&mut **transaction).await?
    });
    day.ok_or(StoreError::RunNotFound(run))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const EXPERTS: RegistryChanges = RegistryChanges { target: Kind::Expert, entered: 2, left: 1 };

    fn need(region: Option<&str>, lists: &[RegistryChanges]) -> NeedChanges {
        NeedChanges { need: 42, region: region.map(|code| code.parse().unwrap()), lists: lists.to_vec() }
    }

    fn heard(need: &NeedChanges, region: Option<&str>, hidden: &[Kind]) -> Option<Value> {
        told(need, region.map(|code| code.parse().unwrap()), hidden)
    }

    #[test]
    fn a_need_is_told_of_with_what_changed_and_where_to_read_on() {
        let told = heard(&need(Some("341103"), &[EXPERTS]), None, &[]).unwrap();
        let changes = json!([{"registry": "experts", "entered": 2, "left": 1}]);
        assert_eq!(
            told,
            json!({"need": "need-42", "url": "/api/v1/needs/need-42/changes", "changes": changes})
        );
    }

    #[test]
    fn a_region_hears_of_its_own_needs_alone() {
        for (place, region, hears) in [
            (Some("341103"), Some("341100"), true),
            (Some("341103"), Some("341103"), true),
            (Some("341100"), Some("341103"), false),
            (Some("340104"), Some("341100"), false),
            (None, Some("340000"), false),
            (None, None, true),
            (Some("340104"), None, true),
        ] {
            assert_eq!(heard(&need(place, &[EXPERTS]), region, &[]).is_some(), hears, "{place:?} {region:?}");
        }
    }

    #[test]
    fn nothing_is_told_of_what_only_left_or_is_hidden() {
        let stations = RegistryChanges { target: Kind::Station, entered: 1, left: 0 };
        let left = RegistryChanges { entered: 0, ..EXPERTS };
        assert_eq!(heard(&need(None, &[left]), None, &[]), None);
        assert_eq!(heard(&need(None, &[]), None, &[]), None);
        let place = Some("341103");
        let both = need(place, &[EXPERTS, stations]);
        let registries = |told: Value| {
            let changes = told["changes"].as_array().unwrap().iter();
            changes.map(|one| one["registry"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(registries(heard(&both, place, &[Kind::Station]).unwrap()), ["experts"]);
        assert_eq!(registries(heard(&both, None, &[Kind::Station]).unwrap()), ["experts", "stations"]);
        let only_hidden = need(place, &[left, stations]);
        assert_eq!(heard(&only_hidden, place, &[Kind::Station]), None, "nor that something else left");
    }

    #[test]
    fn messages_have_names_of_their_own() {
        let (one, two) = (message_id().unwrap(), message_id().unwrap());
        assert!(one != two && one.len() == 36 && one.starts_with("msg_") && !one.contains('.'), "{one}");
    }
}
