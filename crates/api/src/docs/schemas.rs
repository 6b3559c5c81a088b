//! The schemas of bodies and answers. Those of records are put together for each registry from the head that all share and its profile.

use domain::forms::{AchievementForm, EnterpriseForm, ExpertForm, NeedForm, SocietyForm, StationForm};
use domain::{Achievement, Enterprise, Expert, Kind, Need, RecordId, Society, Station};
use engine::Highlight;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AllOfBuilder, ArrayBuilder, Components, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};

use crate::endpoints::REGISTRIES;
use crate::handlers::health::{Liveness, Readiness};
use crate::handlers::matching::AdhocMatch;
use crate::problem::ProblemView;
use crate::views::{
    ChangesView, CurrentMatchesView, FacetView, ImportReportView, MatchesView, RecordHead, RunPageView,
};

/// All schemas by name.
pub(super) fn components() -> Components {
    let mut components = Components::new();
    macro_rules! collect {
        ($($name:ty),+ $(,)?) => { $(collect::<$name>(&mut components);)+ };
    }
    collect!(NeedForm, EnterpriseForm, ExpertForm, StationForm, AchievementForm, SocietyForm);
    collect!(Need, Enterprise, Expert, Station, Achievement, Society, RecordId, RecordHead);
    collect!(Highlight, FacetView, ImportReportView, ProblemView<'static>, MatchesView, AdhocMatch);
    collect!(RunPageView, CurrentMatchesView, ChangesView, Liveness, Readiness);
    for kind in REGISTRIES {
        for (name, schema) in
            [(view_name(kind), view(kind)), (page_name(kind), page(kind)), (hit_name(kind), hit(kind))]
        {
            components.schemas.insert(name, schema.into());
        }
        components.schemas.insert(search_page_name(kind), search_page(kind).into());
    }
    components
}

/// Adds a schema with all that it refers to.
fn collect<T: ToSchema>(components: &mut Components) {
    let mut referred = Vec::new();
    T::schemas(&mut referred);
    components.schemas.extend(referred);
    components.schemas.insert(T::name().into_owned(), T::schema());
}

/// The profile's schema, `Need`.
const fn profile_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Need => "Need",
        Kind::Enterprise => "Enterprise",
        Kind::Expert => "Expert",
        Kind::Station => "Station",
        Kind::Achievement => "Achievement",
        Kind::Society => "Society",
    }
}

/// The form's schema, `NeedForm`.
pub(super) const fn form_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Need => "NeedForm",
        Kind::Enterprise => "EnterpriseForm",
        Kind::Expert => "ExpertForm",
        Kind::Station => "StationForm",
        Kind::Achievement => "AchievementForm",
        Kind::Society => "SocietyForm",
    }
}

/// The record's schema, `NeedView`.
pub(super) fn view_name(kind: Kind) -> String {
    format!("{}View", profile_name(kind))
}

/// The schema of a page of records, `NeedPage`.
pub(super) fn page_name(kind: Kind) -> String {
    format!("{}Page", profile_name(kind))
}

/// The schema of a page of hits, `NeedSearchPage`.
pub(super) fn search_page_name(kind: Kind) -> String {
    format!("{}SearchPage", profile_name(kind))
}

fn hit_name(kind: Kind) -> String {
    format!("{}SearchHit", profile_name(kind))
}

fn view(kind: Kind) -> Schema {
    AllOfBuilder::new()
        .description(Some(format!("{}记录", kind.label())))
        .item(Ref::from_schema_name("RecordHead"))
        .item(Ref::from_schema_name(profile_name(kind)))
        .into()
}

fn page(kind: Kind) -> Schema {
    object(format!("一页{}", kind.label()))
        .property("items", list(&view_name(kind)))
        .required("items")
        .property("next_cursor", text("下一页的游标；最后一页没有"))
        .property("total", count("总数，仅在索取时有"))
        .into()
}

fn hit(kind: Kind) -> Schema {
    let score = ObjectBuilder::new()
        .schema_type(Type::Number)
        .description(Some("文字得分，仅供同一次检索内比较；没有检索文字时为 0"));
    object(format!("一条{}命中", kind.label()))
        .property("record", Ref::from_schema_name(view_name(kind)))
        .required("record")
        .property("score", score)
        .required("score")
        .property("highlights", list("Highlight"))
        .required("highlights")
        .into()
}

fn search_page(kind: Kind) -> Schema {
    object(format!("一页{}命中", kind.label()))
        .property("items", list(&hit_name(kind)))
        .required("items")
        .property("total", count("命中总数"))
        .required("total")
        .property("next_cursor", text("下一页的游标；最后一页没有"))
        .property("facets", list("Facet"))
        .required("facets")
        .into()
}

fn object(about: String) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).description(Some(about))
}

fn list(name: &str) -> RefOr<Schema> {
    RefOr::T(ArrayBuilder::new().items(Ref::from_schema_name(name)).build().into())
}

fn text(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about))
}

fn count(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).description(Some(about))
}
