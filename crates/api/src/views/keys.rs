//! Keys. A token appears once, in the answer that makes it.

use domain::Region;
use domain::access::{KeyId, Scope};
use engine::{Key, NewKey};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A key without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyView {
    /// 密钥编号
    #[schema(value_type = String, example = "key-1")]
    id: KeyId,
    /// 接入方
    #[schema(example = "滁州市科技服务平台")]
    holder: String,
    /// 用途
    #[schema(example = "汇总本市技术需求并展示匹配结果")]
    purpose: String,
    /// 所限的地区（GB/T 2260 六位代码）；没有即不限
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "341100")]
    region: Option<Region>,
    /// 所限地区的全称
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "安徽省滁州市")]
    region_name: Option<String>,
    /// 权限
    scopes: Vec<Scope>,
    /// 是否有效：live 有效、expired 已过期、revoked 已撤销
    #[schema(example = "live")]
    state: &'static str,
    /// 发放时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// 到期时间（RFC 3339）
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// 撤销时间（RFC 3339）
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// 最近使用的时间（RFC 3339），精确到分钟左右
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewKey)]
pub(crate) struct NewKeyView {
    /// 密钥的情况
    key: KeyView,
    /// 密钥本身，只在此时给出，请立即妥善保存
    token: String,
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyPage)]
pub(crate) struct KeyPageView {
    /// 密钥，先发放的在前
    pub(crate) items: Vec<KeyView>,
    /// 下一页的游标；最后一页没有
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl From<Key> for KeyView {
    fn from(key: Key) -> Self {
        Self {
            state: key.state().slug(),
            id: key.id,
            region_name: key.region.map(Region::full_name),
            region: key.region,
            scopes: key.scopes.into_iter().collect(),
            holder: key.holder,
            purpose: key.purpose,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

impl From<NewKey> for NewKeyView {
    fn from(NewKey { key, token }: NewKey) -> Self {
        Self { key: key.into(), token: token.reveal() }
    }
}
