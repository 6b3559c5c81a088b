//! Records, pages of them, and search hits.

use domain::access::Visibility;
use domain::{Industry, MaskedContact, Profile, RecordId, Status};
use engine::{Duplicate, FacetTree, Highlight, RecordPage, SearchItem, Shown};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// What every record has beside its profile.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordHead {
    /// 记录编号
    id: RecordId,
    /// 外部编号，同一登记库内唯一
    #[schema(example = "CZ-2026-0012")]
    external_id: String,
    /// 版本号，每次修改加一；ETag 即加引号的版本号
    #[schema(example = 1)]
    revision: u64,
    /// 状态
    status: Status,
    /// 登记时间（RFC 3339）
    #[schema(value_type = String, format = DateTime, example = "2026-05-12T01:30:00Z")]
    created_at: Timestamp,
    /// 最近修改时间（RFC 3339）
    #[schema(value_type = String, format = DateTime, example = "2026-05-12T01:30:00Z")]
    updated_at: Timestamp,
    /// 所在地区全称
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "安徽省滁州市南谯区")]
    region_name: Option<String>,
    /// 行业名称，与行业代码依次对应
    #[schema(example = json!(["锂离子电池制造"]))]
    industry_names: Vec<&'static str>,
    /// 展示的范围：其他地区的记录可能只展示概要（brief），此时未列出的内容并非没有，而是不公开
    visibility: Visibility,
    /// 脱敏后的联系方式
    contact: MaskedContact,
    /// 疑似重复的需求，仅在登记和修改技术需求的应答中、且有疑似重复时有；其他时候见 `/needs/{id}/duplicates`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    duplicates: Vec<Duplicate>,
}

/// A record of any registry; the document names one schema for each.
#[derive(Debug, Serialize)]
pub(crate) struct RecordView {
    #[serde(flatten)]
    head: RecordHead,
    #[serde(flatten)]
    profile: Profile,
}

/// A page of records.
#[derive(Debug, Serialize)]
pub(crate) struct PageView {
    pub(crate) items: Vec<RecordView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

/// A hit of a search.
#[derive(Debug, Serialize)]
pub(crate) struct SearchHitView {
    record: RecordView,
    score: f32,
    highlights: Vec<Highlight>,
}

/// A page of hits.
#[derive(Debug, Serialize)]
pub(crate) struct SearchPageView {
    pub(crate) items: Vec<SearchHitView>,
    pub(crate) total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
    pub(crate) facets: Vec<FacetView>,
}

/// The counts of a dimension.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facet)]
pub(crate) struct FacetView {
    /// 维度
    #[schema(example = "region")]
    name: &'static str,
    /// 各取值的命中数，多的在前
    values: Vec<FacetValue>,
}

/// One value of a dimension.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FacetValue {
    /// 用于筛选的值
    #[schema(example = "340000")]
    value: String,
    /// 显示的文字
    #[schema(example = "安徽省")]
    label: String,
    /// 命中数
    #[schema(example = 12)]
    count: u64,
}

/// The region's full name.
pub(crate) fn region_name(profile: &Profile) -> Option<String> {
    profile.region().map(domain::Region::full_name)
}

impl From<Shown> for RecordView {
    fn from(Shown { record, contact, duplicates, visibility }: Shown) -> Self {
        let head = RecordHead {
            id: record.id,
            external_id: record.external_id,
            revision: record.revision,
            status: record.status,
            created_at: record.created_at,
            updated_at: record.updated_at,
            region_name: region_name(&record.profile),
            industry_names: record.profile.industries().iter().copied().map(Industry::name).collect(),
            visibility,
            contact,
            duplicates,
        };
        Self { head, profile: record.profile }
    }
}

impl PageView {
    /// A page whose next one starts at `next_cursor`.
    pub(crate) fn new(page: RecordPage, next_cursor: Option<String>) -> Self {
        let items = page.items.into_iter().map(RecordView::from).collect();
        Self { items, next_cursor, total: page.total }
    }
}

impl From<SearchItem> for SearchHitView {
    fn from(item: SearchItem) -> Self {
        Self { record: item.shown.into(), score: item.score, highlights: item.highlights }
    }
}

impl From<FacetTree> for FacetView {
    fn from(tree: FacetTree) -> Self {
        let value = |child: engine::FacetChild| FacetValue {
            value: child.value,
            label: child.label,
            count: child.count,
        };
        Self { name: tree.dimension.slug(), values: tree.children.into_iter().map(value).collect() }
    }
}
