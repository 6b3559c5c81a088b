//! One value for each area of a record's text.

use std::ops::{Index, IndexMut};

use domain::Area;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A value per [`Area`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Areas<T> {
    /// 标题
    pub title: T,
    /// 关键词
    pub keywords: T,
    /// 正文
    pub body: T,
    /// 佐证
    pub evidence: T,
}

impl<T> Areas<T> {
    /// Fills each area by calling `value`.
    pub fn from_fn(mut value: impl FnMut(Area) -> T) -> Self {
        Self {
            title: value(Area::Title),
            keywords: value(Area::Keywords),
            body: value(Area::Body),
            evidence: value(Area::Evidence),
        }
    }
}

impl<T> Index<Area> for Areas<T> {
    type Output = T;

    fn index(&self, area: Area) -> &T {
        match area {
            Area::Title => &self.title,
            Area::Keywords => &self.keywords,
            Area::Body => &self.body,
            Area::Evidence => &self.evidence,
        }
    }
}

impl<T> IndexMut<Area> for Areas<T> {
    fn index_mut(&mut self, area: Area) -> &mut T {
        match area {
            Area::Title => &mut self.title,
            Area::Keywords => &mut self.keywords,
            Area::Body => &mut self.body,
            Area::Evidence => &mut self.evidence,
        }
    }
}
