//! Searching a registry.

use actix_web::{HttpRequest, HttpResponse};
use domain::Status;
use engine::{Dimension, FacetAsk, FilterAsk, PageEnd, SearchAfter, SearchRequest, Sort};

use super::Answer;
use crate::cursor::{self, Place};
use crate::extract::{Query, Registry};
use crate::gate::At;
use crate::problem::{Code, Problem};
use crate::views::{FacetView, SearchHitView, SearchPageView};

pub(crate) async fn search(
    At(desk): At,
    Registry(kind): Registry,
    query: Query,
    request: HttpRequest,
) -> Answer {
    let fingerprint = query.fingerprint(&request, &desk);
    let place = query.place(&fingerprint)?;
    let asked = SearchRequest {
        text: query.one("q")?.map(str::to_owned),
        filters: filters(&query)?,
        facets: facets(&query)?,
        sort: sort(&query)?,
        after: place.map(page_end),
        limit: query.limit()? as usize,
    };
    let found = desk.search(kind, &asked).await?;
    Ok(HttpResponse::Ok().json(SearchPageView {
        items: found.items.into_iter().map(SearchHitView::from).collect(),
        total: found.total,
        next_cursor: found.next.map(|end| cursor::write(&fingerprint, place_of(end))),
        facets: found.facets.into_iter().map(FacetView::from).collect(),
    }))
}

fn page_end(Place { of: state, key, number }: Place) -> PageEnd {
    PageEnd { state, hit: SearchAfter { key, number } }
}

fn place_of(PageEnd { state, hit }: PageEnd) -> Place {
    Place { of: state, key: hit.key, number: hit.number }
}

/// One filter for each dimension asked for. Withdrawn records are found only by those who ask for them.
fn filters(query: &Query) -> Result<Vec<FilterAsk>, Problem> {
    let mut filters = Vec::new();
    for dimension in Dimension::ALL {
        let mut any_of = query.list(dimension.slug())?;
        if any_of.is_empty() && dimension == Dimension::Status {
            any_of = [Status::Open, Status::Closed].map(|status| status.slug().to_owned()).to_vec();
        }
        if !any_of.is_empty() {
            filters.push(FilterAsk { dimension, any_of });
        }
    }
    Ok(filters)
}

fn facets(query: &Query) -> Result<Vec<FacetAsk>, Problem> {
    let mut facets: Vec<FacetAsk> = Vec::new();
    for name in query.list("facets")? {
        let known = Dimension::ALL.into_iter().find(|dimension| dimension.slug() == name);
        let wrong = || {
            let slugs = Dimension::ALL.map(Dimension::slug).join("、");
            Problem::parameter(Code::InvalidParameter, "facets", format!("可用的维度：{slugs}"))
        };
        let dimension = known.ok_or_else(wrong)?;
        if facets.iter().all(|facet| facet.dimension != dimension) {
            facets.push(FacetAsk { dimension, below: None });
        }
    }
    for (name, dimension) in [("region_below", Dimension::Region), ("industry_below", Dimension::Industry)] {
        let Some(below) = query.one(name)? else { continue };
        let below = Some(below.to_owned());
        match facets.iter_mut().find(|facet| facet.dimension == dimension) {
            Some(facet) => facet.below = below,
            // Who names a place to count below wants it counted.
            None => facets.push(FacetAsk { dimension, below }),
        }
    }
    Ok(facets)
}

fn sort(query: &Query) -> Result<Sort, Problem> {
    match query.one("sort")? {
        None | Some("relevance") => Ok(Sort::Relevance),
        Some("newest") => Ok(Sort::Newest),
        Some("oldest") => Ok(Sort::Oldest),
        Some(_) => {
            let detail = "应为 relevance、newest 或 oldest";
            Err(Problem::parameter(Code::InvalidParameter, "sort", detail))
        }
    }
}
