//! Keys: made, listed, revoked, and recognised.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use domain::access::{KeyId, Scope, SecretDigest, Token};
use domain::{FieldProblem, ProblemCode, Region};
use jiff::Timestamp;
use rand::TryRng;
use rand::rngs::SysRng;
use store::{KeyDraft, KeyState};

use crate::{Engine, EngineError};

pub use store::StoredKey as Key;

/// Characters of a holder's name and of a purpose; days for which a key is good.
const LONGEST_NAME: usize = 100;
const LONGEST_PURPOSE: usize = 200;
const MOST_DAYS: u32 = 1_096;

/// A key that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRequest {
    /// Who is to hold it.
    pub holder: String,
    /// What it is for; as it was when absent and the holder is known.
    pub purpose: Option<String>,
    /// The region that it is bound to; as it was when absent and the holder is known, else every region.
    pub region: Option<Region>,
    /// What it opens.
    pub scopes: BTreeSet<Scope>,
    /// For how long it is good.
    pub good_for: Duration,
}

impl KeyRequest {
    /// So many days.
    pub const fn days(days: u32) -> Duration {
        Duration::from_secs(days as u64 * 86_400)
    }
}

/// A key that was just made: the only time that its token is there.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key.
    pub key: Key,
    /// What its holder sends.
    pub token: Token,
}

/// Why a token opens nothing. That a key has expired or was revoked is told only to those who know its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// There is no such key, or its secret is another one.
    #[error("密钥无效，请核对后重试")]
    Unknown,
    /// Its time is over.
    #[error("密钥已过期，请联系管理员换发")]
    Expired,
    /// It was revoked.
    #[error("密钥已被撤销，请联系管理员换发")]
    Revoked,
}

/// Keys that were shut out in this process, for good.
#[derive(Default)]
pub(crate) struct Shut(RwLock<BTreeSet<KeyId>>);

impl Shut {
    fn add(&self, id: KeyId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    pub(crate) fn refuse(&self, id: KeyId) -> Result<(), KeyFault> {
        let shut = self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&id);
        if shut { Err(KeyFault::Revoked) } else { Ok(()) }
    }
}

impl Engine {
    /// Makes a key.
    ///
    /// # Errors
    /// [`EngineError::Invalid`]; `TooManyKeys` when the holder has two good ones, `HolderDiffers` when the holder is known with
    /// another purpose or region.
    pub async fn create_key(&self, request: &KeyRequest) -> Result<NewKey, EngineError> {
        let draft = self.key_draft(request).await?;
        self.add_key(&draft).await
    }

    /// What a key would be, with what is known of its holder.
    pub(crate) async fn key_draft(&self, request: &KeyRequest) -> Result<KeyDraft, EngineError> {
        let holder = request.holder.trim().to_owned();
        // Nobody is called so, and not every database can be asked for it.
        let readable = !holder.chars().any(char::is_control);
        let known = if readable { self.store.holder(&holder).await? } else { None };
        let stated = request.purpose.as_deref().map(str::trim).filter(|purpose| !purpose.is_empty());
        let (purpose, region) = match known {
            Some(known) => (stated.map_or(known.purpose, str::to_owned), request.region.or(known.region)),
            None => (stated.unwrap_or_default().to_owned(), request.region),
        };
        let problems = problems(&holder, &purpose, request);
        if !problems.is_empty() {
            return Err(EngineError::Invalid(problems));
        }
        let expires_at = Timestamp::now() + request.good_for;
        Ok(KeyDraft { holder, purpose, region, scopes: request.scopes.clone(), expires_at })
    }

    pub(crate) async fn add_key(&self, draft: &KeyDraft) -> Result<NewKey, EngineError> {
        let mut secret = [0; 32];
        SysRng.try_fill_bytes(&mut secret).map_err(EngineError::Random)?;
        let key = self.store.add_key(draft, |_| SecretDigest::of(&secret)).await?;
        tracing::info!(key = %key.id, key.holder = key.holder, "a key was made");
        Ok(NewKey { token: Token::new(key.id, secret), key })
    }

    /// Up to `limit` keys with a number greater than `after`, good or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keys(&self, after: u64, limit: u32) -> Result<Vec<Key>, EngineError> {
        Ok(self.store.keys(after, limit).await?)
    }

    /// One key, good or not.
    ///
    /// # Errors
    /// [`EngineError::KeyNotFound`].
    pub async fn key(&self, id: KeyId) -> Result<Key, EngineError> {
        self.store.key(id).await?.ok_or(EngineError::KeyNotFound(id))
    }

    /// Refuses a key from now on in this process, whatever the database says of it. To be followed by [`Self::revoke_key`]: until that has
    /// had its turn to write, what goes on with the key would hold the very turns that are waited for.
    pub(crate) fn shut_out(&self, id: KeyId) {
        self.shut.add(id);
    }

    /// Revokes a key for good; it is refused from the next request on, and what goes on with it ends. When the database refuses, this process
    /// still does not let it in again.
    ///
    /// # Errors
    /// [`EngineError::KeyNotFound`].
    pub async fn revoke_key(&self, id: KeyId) -> Result<Key, EngineError> {
        self.key(id).await?;
        self.shut_out(id);
        self.store.revoke_key(id).await?;
        let key = self.key(id).await?;
        tracing::info!(key = %key.id, key.holder = key.holder, "a key was revoked");
        Ok(key)
    }

    /// Whether a key that was good has not been revoked since: what was begun with it ends then. What was begun in time may end after the key's time.
    ///
    /// # Errors
    /// [`EngineError::KeyRefused`].
    pub(crate) async fn still_stands(&self, id: KeyId) -> Result<(), EngineError> {
        self.shut.refuse(id)?;
        match self.key(id).await?.state() {
            KeyState::Revoked => Err(KeyFault::Revoked.into()),
            KeyState::Live | KeyState::Expired => Ok(()),
        }
    }

    /// The key that a token belongs to. Looked up each time: nothing remembers that a key was good.
    ///
    /// # Errors
    /// [`EngineError::KeyRefused`].
    pub async fn authenticate(&self, token: &Token) -> Result<Key, EngineError> {
        let key = self.store.key(token.id()).await?.filter(|key| key.digest == token.digest());
        let key = key.ok_or(KeyFault::Unknown)?;
        self.shut.refuse(key.id)?;
        match key.state() {
            KeyState::Live => Ok(key),
            KeyState::Expired => Err(KeyFault::Expired.into()),
            KeyState::Revoked => Err(KeyFault::Revoked.into()),
        }
    }
}

fn problems(holder: &str, purpose: &str, request: &KeyRequest) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut problem = |pointer: &str, label: &str, code, detail: String| {
        problems.push(FieldProblem { pointer: pointer.to_owned(), label: label.to_owned(), code, detail });
    };
    let texts = [("/holder", "接入方", holder, LONGEST_NAME), ("/purpose", "用途", purpose, LONGEST_PURPOSE)];
    for (pointer, label, text, most) in texts {
        let length = text.chars().count();
        if length == 0 {
            problem(pointer, label, ProblemCode::Missing, "必填".to_owned());
        } else if length > most {
            let detail = format!("最多 {most} 字，现为 {length} 字");
            problem(pointer, label, ProblemCode::TooLarge, detail);
        } else if text.chars().any(char::is_control) {
            problem(pointer, label, ProblemCode::Format, "不能含有换行等控制字符".to_owned());
        }
    }
    if request.scopes.is_empty() {
        problem("/scopes", "权限", ProblemCode::Missing, "至少授予一项权限".to_owned());
    }
    if request.good_for.is_zero() || request.good_for > KeyRequest::days(MOST_DAYS) {
        let detail = format!("应为 1 到 {MOST_DAYS}");
        problem("/days", "有效天数", ProblemCode::TooLarge, detail);
    }
    problems
}
