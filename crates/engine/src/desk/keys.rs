//! Keys at a desk: who administers a region makes keys of that region, and nobody gives what they do not have.

use domain::access::KeyId;

use super::{Act, Desk};
use crate::{EngineError, Key, KeyRequest, NewKey};

/// Keys read at a time when some are not shown.
const PAGE: u32 = 100;

impl Desk {
    /// The caller's own key.
    ///
    /// # Errors
    /// Never, so far.
    pub fn own_key(&self) -> Result<Key, EngineError> {
        self.permit(Act::OwnKey)?;
        Ok(self.caller.key.clone())
    }

    /// Makes a key.
    ///
    /// # Errors
    /// As [`crate::Engine::create_key`]; [`EngineError::OutsideRegion`] for another region, [`EngineError::MissingScopes`] for scopes
    /// that the caller's own key does not have.
    pub async fn create_key(&self, request: &KeyRequest) -> Result<NewKey, EngineError> {
        let _turn = self.begin(Act::ManageKeys).await?;
        let draft = self.engine.key_draft(request).await?;
        let own = &self.caller.key;
        if !self.sight().owns(draft.region) {
            let region = own.region.map(domain::Region::full_name).unwrap_or_default();
            let detail = format!("本密钥只能为{region}（含下级）的接入方发放密钥，请写明 region");
            return Err(EngineError::OutsideRegion(detail));
        }
        let beyond: Vec<_> = draft.scopes.difference(&own.scopes).copied().collect();
        if !beyond.is_empty() {
            return Err(EngineError::MissingScopes(beyond));
        }
        self.engine.add_key(&draft).await
    }

    /// Up to `limit` keys of the caller's region after a number, and the number after which the next page starts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keys(&self, after: u64, limit: u32) -> Result<(Vec<Key>, Option<u64>), EngineError> {
        let _turn = self.begin(Act::ManageKeys).await?;
        crate::registry::page_limit(limit as usize)?;
        let (sight, mut own, mut from) = (self.sight(), Vec::new(), after);
        loop {
            let page = self.engine.keys(from, PAGE).await?;
            let last = page.last().map(|key| key.id.0);
            own.extend(page.into_iter().filter(|key| sight.owns(key.region)));
            if own.len() > limit as usize {
                own.truncate(limit as usize);
                let next = own.last().map(|key: &Key| key.id.0);
                return Ok((own, next));
            }
            match last {
                Some(last) => from = last,
                None => return Ok((own, None)),
            }
        }
    }

    /// One key of the caller's region.
    ///
    /// # Errors
    /// [`EngineError::KeyNotFound`].
    pub async fn key(&self, id: KeyId) -> Result<Key, EngineError> {
        let _turn = self.begin(Act::ManageKeys).await?;
        self.administered(id).await
    }

    /// Revokes a key of the caller's region.
    ///
    /// # Errors
    /// [`EngineError::KeyNotFound`].
    pub async fn revoke_key(&self, id: KeyId) -> Result<Key, EngineError> {
        self.permit(Act::ManageKeys)?;
        self.administered(id).await?;
        self.engine.shut_out(id);
        // What goes on with that key may hold all turns; now it ends.
        let _turn = self.begin(Act::ManageKeys).await?;
        self.engine.revoke_key(id).await
    }

    async fn administered(&self, id: KeyId) -> Result<Key, EngineError> {
        let key = self.engine.key(id).await?;
        if self.sight().owns(key.region) { Ok(key) } else { Err(EngineError::KeyNotFound(id)) }
    }
}
